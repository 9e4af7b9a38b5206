import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import {
  daybook,
  descendantsOf,
  endAll,
  start,
  startDaybook,
  testFolder,
  untilGone,
} from "../support/cli-process.ts";

afterEach(endAll);

const SETUP = fileURLToPath(new URL("../../bin/setup.js", import.meta.url));

/** A folder for PATH in which there is node and nothing else. */
const pathWithoutJava = (): Record<string, string> => {
  const folder = testFolder();
  symlinkSync(process.execPath, join(folder, "node"));
  return { PATH: folder, JAVA_HOME: "" };
};

test("a port that is taken is one line and exit 1, and the data folder is free again", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  const address = server.address();
  const port = String(typeof address === "object" ? address?.port : "");
  const cwd = testFolder();
  const { exitCode, stdout, stderr } = await daybook(["up", "--port", port, "--data", "d", "--json"], {
    cwd,
  });
  server.close();
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toBe(`Port ${port} of 127.0.0.1 is taken: choose another, or none for any free one.\n`);
  expect(readdirSync(join(cwd, "d/cloud"))).not.toContain("lock");
});

test("a data folder that cannot be one, or whose journal is damaged, is one line and exit 1", async () => {
  const cwd = testFolder();
  writeFileSync(join(cwd, "file"), "");
  const file = await daybook(["up", "--data", "file", "--json"], { cwd });
  expect(file).toMatchObject({ exitCode: 1, stdout: "" });
  expect(file.stderr).toMatch(/^[^\n]*file[^\n]*\n$/);
  mkdirSync(join(cwd, "d/cloud"), { recursive: true });
  writeFileSync(join(cwd, "d/cloud/journal.ndjson"), "nonsense\n");
  const damaged = await daybook(["up", "--data", "d", "--json"], { cwd });
  expect(damaged).toMatchObject({ exitCode: 1, stdout: "" });
  expect(damaged.stderr).toMatch(/^Line 1 of [^\n]*journal\.ndjson[^\n]*\n$/);
});

test.each([["up"], ["demo"]])("%s without Java names in one line how to install it", async command => {
  const started = startDaybook([command, "--json"], { env: pathWithoutJava() });
  const seen = new Set<number>([started.pid]);
  const look = setInterval(() => {
    for (const pid of descendantsOf(started.pid)) seen.add(pid);
  }, 10);
  const { exitCode, stdout, stderr } = await started.ended;
  clearInterval(look);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr.trim().split("\n").at(-1)).toMatch(
    /Java is missing.*apt-get install openjdk-17-jre-headless/,
  );
  expect(stderr.trim().split("\n")).toHaveLength(command === "up" ? 1 : 2);
  await untilGone([...seen]);
});

test("npm start and npm test, which begin with the setup, name in one line how to install Java", async () => {
  const { exitCode, stdout, stderr } = await start(process.execPath, [SETUP], { env: pathWithoutJava() })
    .ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^Daybook needs Java 17 or newer[^\n]*install it with "[^"\n]+ [^"\n]+"\.\n$/);
  expect((await start(process.execPath, [SETUP]).ended).exitCode).toBe(0);
});
