import { isoInstant } from "../ports/clock.ts";
import { type Output, Refused } from "./output.ts";
import { removeUpFile, runningUp, writeUpFile } from "./running-up.ts";
import type { Stopping } from "./stopping.ts";
import { type CloudOptions, type RunningCloud, startCloud } from "./up.ts";

/** `daybook up`: starts the local cloud with Daybook on it, and stays until it is stopped. */
export const upCommand = async (
  options: CloudOptions,
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const asked = stopping.asked();
  await refuseSecond();
  const running = await startCloud({ ...options, isSwept: true });
  const { pid } = process;
  try {
    writeUpFile({ pid, startedAt: isoInstant(Date.now()), env: running.env });
    announce(running, options, output);
    output.talk(`Stopping: ${await asked}.`);
    return 0;
  } finally {
    removeUpFile(pid);
    await running.stop();
  }
};

const refuseSecond = async (): Promise<void> => {
  const other = await runningUp();
  if (other)
    throw new Refused(
      `Another "daybook up" runs in this folder already (process ${other.pid}): stop it, or set DAYBOOK_HOME to another folder.`,
    );
};

const announce = (
  { env, topology, control, pointInTime }: RunningCloud,
  { dataDir }: CloudOptions,
  output: Output,
): void => {
  const { pid } = process;
  const isHalted = control.state === "halted";
  if (output.isJson) {
    output.json({
      pid,
      env,
      buckets: topology.buckets,
      dataDir: dataDir ?? null,
      ...(isHalted && { halted: { since: control.at, reason: control.reason } }),
    });
    return;
  }
  output.data(`Daybook is up (process ${pid}), its state in ${dataDir ?? "memory"}.`);
  for (const [name, value] of Object.entries(env)) output.data(`export ${name}=${value}`);
  if (pointInTime.found() > 0)
    output.talk(
      `Backups: ${pointInTime.found()} changes were made while nobody kept a journal of the table; they count as of now.`,
    );
  if (isHalted)
    output.talk(
      `Nothing is decided or placed: halted since ${control.at} (${control.reason}). Go on with: npx daybook resume`,
    );
  output.talk("Stop it with Ctrl-C. In another terminal: npx daybook put FILE..., npx daybook accounts.");
};
