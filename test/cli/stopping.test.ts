import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  descendantsOf,
  endAll,
  isRunning,
  LAUNCHER,
  start,
  startUp,
  testFolder,
  type Up,
  until,
  untilGone,
  whenUp,
} from "../support/cli-process.ts";

afterEach(endAll);

/** Everything that runs for an `up`, the launcher or its parents included. */
const processesOf = (up: Up): readonly number[] => {
  const pids = [up.pid, ...descendantsOf(up.pid)];
  expect(pids).toContain(up.upPid);
  // The guard, Java, and the reader beside it.
  expect(descendantsOf(up.upPid).length).toBeGreaterThanOrEqual(3);
  return pids;
};

/** Java, by its having been started with DynamoDB Local's class path. */
const javaOf = (up: Up): number => {
  const java = descendantsOf(up.upPid).find(pid =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("java\0"),
  );
  if (java === undefined) throw new Error("Expected a Java process.");
  return java;
};

describe("a signal to the launcher stops all", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s: cleanly, with 0", async name => {
    const up = await startUp();
    const pids = processesOf(up);
    process.kill(up.pid, name);
    expect(await up.ended).toMatchObject({ exitCode: 0, stderr: `Stopping: ${name}.\n` });
    await untilGone(pids);
    expect(existsSync(join(up.folder, ".daybook/up.json"))).toBe(false);
  });

  test("SIGKILL: the process behind it stops by itself, cleanly", async () => {
    const up = await startUp();
    const pids = processesOf(up);
    process.kill(up.pid, "SIGKILL");
    await untilGone(pids);
    expect((await up.ended).stderr).toBe("Stopping: the launcher is gone.\n");
    expect(existsSync(join(up.folder, ".daybook/up.json"))).toBe(false);
  });
});

/** A shell that waits for the launcher and passes nothing on, as npm's does. */
const upUnder = async (parent: string, env: Record<string, string>): Promise<Up> => {
  const folder = testFolder();
  const started = start("/bin/sh", ["-c", parent, process.execPath, LAUNCHER], { cwd: folder, env });
  return whenUp(started, folder);
};

describe("the end of a parent that passes no signal on stops all", () => {
  test("SIGTERM of the shell that npm start is", async () => {
    const up = await upUnder('"$0" "$1" up --json; true', {});
    const pids = processesOf(up);
    process.kill(up.pid, "SIGTERM");
    await untilGone(pids);
  });

  test.runIf(process.platform === "linux")("SIGKILL of npm itself, whose shell stays", async () => {
    const shell = `"$0" "$1" up --json; true`;
    const up = await upUnder(`/bin/sh -c '${shell}' "$0" "$1"; true`, { npm_command: "exec" });
    const pids = processesOf(up);
    expect(pids.length).toBeGreaterThanOrEqual(7);
    process.kill(up.pid, "SIGKILL");
    await untilGone(pids);
  });
});

test.runIf(process.platform === "linux")("a second Ctrl-C stops hard what the first one cannot", async () => {
  const up = await startUp();
  const pids = processesOf(up);
  // A Java that stands still does not end when asked: the first Ctrl-C has to wait for it.
  process.kill(javaOf(up), "SIGSTOP");
  process.kill(up.pid, "SIGINT");
  await until(() => up.stderr().includes("Stopping: SIGINT"));
  process.kill(up.pid, "SIGINT");
  expect((await up.ended).exitCode).toBe(130);
  await untilGone(pids);
});

/** util-linux's `script`: runs a command on a terminal of its own, and types what it is sent. */
const SCRIPT = "/usr/bin/script";
const CTRL_C = "\u0003";

test.runIf(process.platform === "linux" && existsSync(SCRIPT))(
  "one Ctrl-C on a terminal, which signals launcher and process both, counts once and stops cleanly",
  async () => {
    // A shell that stays, as dash does, is interrupted as well and reports 130 whatever its command ends with.
    const command = `exec ${process.execPath} ${LAUNCHER} up`;
    const terminal = start(SCRIPT, ["-qec", command, "/dev/null"]);
    await until(() => terminal.stdout().includes("Stop it with Ctrl-C"));
    const pids = descendantsOf(terminal.pid);
    expect(pids.filter(isRunning).length).toBeGreaterThanOrEqual(5);
    terminal.child.stdin?.write(CTRL_C);
    const { exitCode, stdout } = await terminal.ended;
    expect(stdout).toContain("Stopping: SIGINT.");
    expect(exitCode).toBe(0);
    await untilGone(pids);
  },
);
