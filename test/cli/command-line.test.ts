import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { RUN_ID_VAR } from "../../src/bridge/processes.ts";
import { settingsFrom } from "../../src/bridge/settings-from.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { daybook, endAll, LAUNCHER, start, startDaybook, testFolder } from "../support/cli-process.ts";

afterEach(endAll);

const ONE_LINE = /^[^\n]+\n$/;
const ESCAPE = "\u001b";

describe("help", () => {
  test.each(["up", "put", "scenario", "accounts", "balance", "statement", "event", "demo"])(
    "%s teaches with an example",
    async command => {
      const { exitCode, stdout, stderr } = await daybook([command, "--help"]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toContain(`Usage: daybook ${command}`);
      expect(stdout).toMatch(new RegExp(`Examples?:\n  daybook ${command}`));
      expect(stdout).toContain("--json");
      expect(stdout).not.toContain(ESCAPE);
    },
  );

  test("bridge teaches what a program is handed, by the names that it gets, and how it ends", async () => {
    const { stdout } = await daybook(["bridge", "run", "--help"]);
    const { rootFolderVar, bucketVar, keyPrefixVar, eventsFileVar } = await settingsFrom(
      { HANDLER_COMMAND: "true" },
      systemClock,
    );
    const handed = [rootFolderVar, bucketVar, keyPrefixVar, eventsFileVar, "TARGET_BUCKET", RUN_ID_VAR];
    for (const name of handed) expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
    expect(stdout).toMatch(/Examples:\n {2}HANDLER_COMMAND=.*\n {2}HANDLER_COMMAND=.*\n\nWhat/);
    expect(stdout).toMatch(/Exit codes: 0 .* 1 .* 2 [^\n]*\n$/);
  });

  test("the main help names every command and the exit codes; --version is a version", async () => {
    const help = await daybook(["--help"]);
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toMatch(/up .*put .*scenario .*accounts .*balance .*statement .*event .*demo /s);
    expect(help.stdout).toContain("Exit codes: 0 done");
    expect((await daybook(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong usage exits 2, shows the help on stderr, and leaves stdout empty", () => {
  test.each([
    [["nonsense"], "unknown command 'nonsense'"],
    [["accounts", "--nonsense"], "unknown option '--nonsense'"],
    [["--json", "balance"], "missing required argument 'account'"],
    [["up", "--port", "65536"], "whole number from 0 to 65535"],
    [["scenario", "x.csv", "--duplicate", "1.5"], "share from 0 to 1"],
    [["statement", "100010", "--month", "202613"], "month as YYYYMM"],
    [["statement", "100010", "--format", "xml"], "table, csv, json"],
  ])("%j", async (args, message) => {
    const { exitCode, stdout, stderr } = await daybook(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain("Usage: daybook");
  });
});

describe("without any cloud", () => {
  test.each([["accounts"], ["balance", "1"], ["statement", "1"], ["event", "a.event"]])(
    "%s %s exits 2 and names the three ways out",
    async (...args) => {
      const { exitCode, stdout, stderr } = await daybook([...args, "--json"]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toMatch(/^[^\n]*daybook up[^\n]*AWS_ENDPOINT_URL[^\n]*--aws[^\n]*\n$/);
    },
  );

  test("a record of a dead up, or of another process with its number, is no cloud", async () => {
    const cwd = testFolder();
    mkdirSync(join(cwd, ".daybook"));
    const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
    writeFileSync(join(cwd, ".daybook/up.json"), JSON.stringify({ pid: process.pid, env }));
    expect((await daybook(["accounts"], { cwd })).exitCode).toBe(2);
    writeFileSync(join(cwd, ".daybook/up.json"), "{");
    expect((await daybook(["accounts"], { cwd })).exitCode).toBe(2);
  });

  test("an endpoint nobody answers at is one line and exit 1", async () => {
    const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
    const { exitCode, stdout, stderr } = await daybook(["accounts", "--json"], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toContain("ECONNREFUSED 127.0.0.1:9");
  });

  test("an endpoint for S3 alone does not send the rest to AWS", async () => {
    const env = { AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9" };
    const { exitCode, stderr } = await daybook(["accounts"], { env });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("AWS_ENDPOINT_URL_DYNAMODB");
  });
});

describe("files that cannot be read exit 1 with one line", () => {
  test.each([
    [["put", "missing.event"], "Cannot read missing.event: there is no such file."],
    [["put", "."], "Cannot read .: it is a folder."],
    [["scenario", "missing.csv", "--json"], "Cannot read missing.csv: there is no such file."],
  ])("%j", async (args, message) => {
    expect(await daybook(args)).toEqual({ exitCode: 1, stdout: "", stderr: `${message}\n` });
  });

  test("a scenario with a wrong cell names its line", async () => {
    const cwd = testFolder();
    writeFileSync(join(cwd, "bad.csv"), "Date\n1\n");
    const { exitCode, stdout, stderr } = await daybook(["scenario", "bad.csv", "--json"], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("bad.csv");
    expect(stderr).not.toContain("    at ");
  });
});

describe("output that nobody reads", () => {
  test("leaves no stack trace when its reader is gone", async () => {
    const help = startDaybook(["--help"]);
    help.child.stdout?.destroy();
    const { exitCode, stderr } = await help.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test.runIf(process.platform === "linux")("a full disk is one line and exit 1", async () => {
    const script = `"$0" "$@" > /dev/full`;
    const { exitCode, stderr } = await start("/bin/sh", ["-c", script, process.execPath, LAUNCHER, "--help"])
      .ended;
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^Cannot write the output: ENOSPC[^\n]*\n$/);
  });
});
