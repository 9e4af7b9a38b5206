import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutBucketNotificationConfigurationCommand } from "@aws-sdk/client-s3";
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { queueDepth } from "../../src/local/sqs/sqs.ts";
import { queueArn } from "../../src/local/sqs/sqs-state.ts";
import { freshBucket, openWire, put, textsOf, type Wire } from "../bridge/bridge-on-wire.ts";
import { spy } from "../bridge/spy.ts";
import {
  daybook,
  type Ended,
  endAll,
  isRunning,
  startDaybook,
  until,
  untilGone,
} from "../support/cli-process.ts";

let wire: Wire;
/** The commands' own folder for temporary files. */
let temporary = "";
beforeAll(async () => {
  wire = await openWire();
});
afterAll(() => wire.close());
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "bridge-cli-"));
});
afterEach(async () => {
  await endAll();
  rmSync(temporary, { recursive: true, force: true });
});

type Env = Readonly<Record<string, string>>;

const environment = (env: Env): Env => ({ AWS_ENDPOINT_URL: wire.endpoint, TMPDIR: temporary, ...env });
const bridge = (words: readonly string[], env: Env): Promise<Ended> =>
  daybook(["bridge", ...words], { env: environment(env) });

describe("bridge run", () => {
  test("runs the handler over a folder and stores what it wrote, with a slash behind the prefix or without", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "x", "in/s/b": "x", "inside/c": "x" });
    const handler = spy(wire, "cat a s/b > o");
    const { exitCode, stdout } = await bridge(["run", "--bucket", bucket, "--prefix", "in"], handler.env);
    expect([exitCode, stdout]).toEqual([0, "Ran over 2 objects; stored 1, deleted 0.\n  in/o\n"]);
    expect(handler.seen()).toEqual([{ bucket, prefix: "in/", files: ["a", "s/b"] }]);
    const again = await bridge(["run", "--bucket", bucket, "--prefix", "in/", "--json"], handler.env);
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "ran", pulled: 3, uploaded: [] });
    expect((await textsOf(wire, bucket))["in/o"]).toBe("xx");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("exits 1 where the handler fails, and 2 where the settings cannot be used", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "x" });
    const failed = await bridge(["run", "--bucket", bucket], spy(wire, "echo why >&2; exit 3").env);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("HANDLER_EXIT: The handler exited with 3: why\n");
    const misused = await bridge(["run", "--bucket", bucket], {});
    expect([misused.exitCode, misused.stderr]).toEqual([
      2,
      "HANDLER_COMMAND: expected a command, got nothing\n",
    ]);
    const nowhere = await daybook(["bridge", "run", "--bucket", bucket], {
      env: { HANDLER_COMMAND: "true" },
    });
    expect(nowhere.exitCode).toBe(2);
    const half = { AWS_ENDPOINT_URL_S3: wire.endpoint, RUNS_TABLE: "t", HANDLER_COMMAND: "true" };
    const partly = await daybook(["bridge", "run", "--bucket", bucket], { env: half });
    expect([partly.exitCode, partly.stderr]).toEqual([
      2,
      expect.stringContaining("AWS_ENDPOINT_URL_DYNAMODB"),
    ]);
  });
});

test("bridge run that is stopped ends its handler, and leaves no folder behind", async () => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, { "in/a": "x" });
  const handler = spy(wire, 'echo $$ > "$OUT/pid"; sleep 1000');
  const running = startDaybook(["bridge", "run", "--bucket", bucket], { env: environment(handler.env) });
  const pidFile = join(handler.env.OUT ?? "", "pid");
  await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"));
  running.child.kill("SIGTERM");
  expect((await running.ended).exitCode).toBe(143);
  await untilGone([Number(readFileSync(pidFile, "utf8"))]);
  expect(readdirSync(temporary)).toEqual([]);
});

test("bridge plan shows what would be pulled, and runs nothing", async () => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, { "in/a": "x", "in/b.bin": "xx" });
  const handler = spy(wire);
  const env = { ...handler.env, EXECUTION_FILTER_EXPR: "length", PULL_MATCH_KEYS: "a$" };
  const { stdout } = await bridge(["plan", "--bucket", bucket, "--prefix", "in"], env);
  expect(stdout).toBe("Would run: 2 objects listed, the filter says 2, 1 pulled (1 bytes).\n  in/a as a\n");
  const json = await bridge(["plan", "--bucket", bucket, "--json"], {
    ...env,
    EXECUTION_FILTER_EXPR: "false",
  });
  expect(JSON.parse(json.stdout)).toMatchObject({
    isRunning: false,
    filterValue: "false",
    listed: 2,
    pulled: [],
  });
  expect(handler.seen()).toEqual([]);
});

test("bridge plan exits 1 where a run would fail, and says why in a line", async () => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, { "in/../a": "x" });
  const said = 'UNSAFE_KEY: A part of the key would be "..": "in/../a"';
  const plain = await bridge(["plan", "--bucket", bucket], { HANDLER_COMMAND: "true" });
  expect([plain.exitCode, plain.stdout, plain.stderr]).toEqual([1, "", `${said}\n`]);
  const json = await bridge(["plan", "--bucket", bucket, "--json"], { HANDLER_COMMAND: "true" });
  expect(json.exitCode).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    bucket,
    prefix: "",
    outcome: "failed",
    code: "UNSAFE_KEY",
  });
});

describe("bridge watch", () => {
  const watching = async (then: string) => {
    const bucket = freshBucket(wire);
    const queue = `${bucket}-events`;
    await (await wire.clients.sqs()).send(new CreateQueueCommand({ QueueName: queue }));
    const rule = { QueueArn: queueArn(queue), Events: ["s3:ObjectCreated:*" as const] };
    await (await wire.clients.s3()).send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: bucket,
        NotificationConfiguration: { QueueConfigurations: [rule] },
      }),
    );
    const handler = spy(wire, then);
    const env = { ...handler.env, MATCH_KEY: "/a$" };
    const start = () =>
      startDaybook(["bridge", "watch", "--queue", queue, "--json"], { env: environment(env) });
    const left = () => queueDepth(wire.cloud.sqs, queue);
    return { bucket, handler, start, left };
  };

  test("works on events until it is stopped, and finishes what runs", async () => {
    const { bucket, handler, start, left } = await watching("sleep 0.5; cp a o");
    const watcher = start();
    await put(wire, bucket, { "in/a": "x" });
    await until(() => handler.seen().length > 0);
    watcher.child.kill("SIGTERM");
    const { exitCode, stdout } = await watcher.ended;
    expect(exitCode).toBe(0);
    const lines = stdout
      .trim()
      .split("\n")
      .map(line => JSON.parse(line));
    expect(lines).toMatchObject([{ outcome: "ran", uploaded: ["in/o"] }, { type: "summary" }]);
    expect(left().inFlight).toBe(0);
    expect(await textsOf(wire, bucket)).toEqual({ "in/a": "x", "in/o": "x" });
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("leaves no process and no folder behind when it is killed, once it is started again", async () => {
    const { bucket, handler, start } = await watching('echo $$ > "$OUT/pid"; sleep 1000');
    const watcher = start();
    await put(wire, bucket, { "in/a": "x" });
    const pidFile = join(handler.env.OUT ?? "", "pid");
    await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"));
    const pid = Number(readFileSync(pidFile, "utf8"));
    const [folder = ""] = readdirSync(temporary);
    process.kill(Number(folder.split("-")[2]), "SIGKILL");
    await watcher.ended;
    expect(isRunning(pid)).toBe(true);
    await bridge(["run", "--bucket", bucket], { HANDLER_COMMAND: "true" });
    await untilGone([pid]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("says in a line that there is no such queue", async () => {
    const { exitCode, stderr } = await bridge(["watch", "--queue", "none"], { HANDLER_COMMAND: "true" });
    expect(exitCode).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toContain("QueueDoesNotExist");
  });
});
