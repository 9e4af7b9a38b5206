import { isoInstant } from "../ports/clock.ts";
import { removeUpFile, runningUp, writeUpFile } from "./connect.ts";
import { type Output, Refused } from "./output.ts";
import { type CloudOptions, startCloud } from "./up.ts";

/**
 * Resolves when this process is asked to stop: by a signal, or because the process that started it is gone (its channel
 * closes, also when it was killed).
 */
const askedToStop = (): Promise<string> =>
  new Promise(resolve => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => resolve(signal));
    process.once("disconnect", () => resolve("the parent process is gone"));
  });

/** `daybook up`: starts the local cloud with Daybook on it, and stays until it is stopped. */
export const upCommand = async (options: CloudOptions, output: Output): Promise<number> => {
  const other = runningUp();
  if (other)
    throw new Refused(
      `Another "daybook up" runs already (process ${other.pid}): stop it, or set DAYBOOK_HOME.`,
    );
  const stopping = askedToStop();
  const running = await startCloud(options);
  const { pid } = process;
  const { env } = running;
  writeUpFile({ pid, startedAt: isoInstant(Date.now()), env });
  if (output.isJson)
    output.json({ pid, env, buckets: running.topology.buckets, dataDir: options.dataDir ?? null });
  else {
    output.data(
      `Daybook is up (process ${pid}), ${options.dataDir ? `its state in ${options.dataDir}` : "its state in memory"}.`,
    );
    output.data(
      Object.entries(env)
        .map(([name, value]) => `export ${name}=${value}`)
        .join("\n"),
    );
    output.talk("Stop it with Ctrl-C. In another terminal: npx daybook put FILE..., npx daybook accounts.");
  }
  const reason = await stopping;
  removeUpFile();
  output.talk(`Stopping: ${reason}.`);
  await running.stop();
  return 0;
};
