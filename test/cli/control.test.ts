import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import { deadLettersCommand, redriveCommand } from "../../src/cli/dead-letters.ts";
import { failureOf } from "../../src/cli/failure.ts";
import { haltCommand, resumeCommand } from "../../src/cli/halt.ts";
import { createOutput, type Output } from "../../src/cli/output.ts";
import { putCommand } from "../../src/cli/put.ts";
import { snapshotCommand } from "../../src/cli/snapshot.ts";
import { snapshotsCommand } from "../../src/cli/snapshots.ts";
import { verifyCommand } from "../../src/cli/verify.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { daybook, endAll, startUp, type Up, until } from "../support/cli-process.ts";

const CREATED = fileURLToPath(new URL("../fixtures/notifications/created-put.json", import.meta.url));
const DECISIONS = "daybook-decisions";
const KEYS = ["cash_deposit_a.event", "cash_deposit_b.event", "cash_deposit_c.event"] as const;

let up: Up;
let clients: Clients;
let objects: ObjectStore;
const start = async (folder?: string): Promise<void> => {
  up = await startUp(["--data", "data", "--currency-optional"], folder === undefined ? {} : { cwd: folder });
  for (const [name, value] of Object.entries(up.env)) vi.stubEnv(name, value);
  clients = createClients(up.env);
  objects = new S3ObjectStore(await clients.s3());
};
beforeAll(async () => {
  await start();
  for (const [i, key] of KEYS.entries()) {
    const body = { TargetAccount: `70${i}`, CustomerNumber: "9", Amount: "20.00", Verified: true };
    writeFileSync(join(up.folder, key), JSON.stringify({ EventTimeStamp: 1_772_452_800, ...body }));
  }
});
afterAll(async () => {
  clients.close();
  vi.unstubAllEnvs();
  await endAll();
});

type Command = (output: Output) => Promise<number>;

/** Runs a command's own code in this process, which is much faster than a process each: what it prints, how it ends. */
const ran = async (command: Command, isJson = false) => {
  let printed = "";
  const print = (text: string): void => {
    printed += text.endsWith("\n") ? text : `${text}\n`;
  };
  const output: Output = {
    ...createOutput(isJson),
    data: print,
    json: value => print(JSON.stringify(value)),
    talk: () => {},
  };
  try {
    return { exitCode: await command(output), printed, said: "" };
  } catch (error) {
    const { exitCode, text = "" } = failureOf(error);
    return { exitCode, printed, said: text };
  }
};

/** The documents it prints with `--json`; it must succeed. */
const json = async (command: Command) => {
  const { exitCode, printed, said } = await ran(command, true);
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: "" });
  return JSON.parse(printed);
};

const put = (key: string): Promise<unknown> =>
  ran(output => putCommand([join(up.folder, key)], false, output));
const isDecided = async (key: string): Promise<boolean> =>
  (await objects.head({ bucket: DECISIONS, key: `dec/000001/${key}` })) !== undefined;
const verify =
  (snapshot?: string): Command =>
  output =>
    verifyCommand({ snapshot, isAws: false }, output);

describe("a snapshot", () => {
  test("is taken, listed, compared with the table; damage is one line and exit 1", async () => {
    await put(KEYS[0]);
    await until(() => isDecided(KEYS[0]));
    expect(await json(output => snapshotsCommand(false, output))).toEqual({ snapshots: [] });
    for (const id of ["latest", "2026-05-06T22-44-22.000Z-0123abcd"])
      expect(await ran(verify(id))).toEqual({
        exitCode: 1,
        printed: "",
        said: `There is no finished snapshot ${id}: "daybook snapshots" lists those there are.`,
      });

    const taken = await json(output => snapshotCommand(false, output));
    expect(taken).toMatchObject({ streams: 1, totals: { actualCents: "2000" }, epoch: 1 });
    expect((await ran(output => snapshotCommand(false, output))).printed).toMatch(
      /^Snapshot \S+: 1 streams in 1 parts, digest [0-9a-f]{64}\n$/,
    );
    const { snapshots } = await json(output => snapshotsCommand(false, output));
    expect(snapshots).toHaveLength(2);
    expect(snapshots[1]).toMatchObject({ id: taken.id, digest: taken.digest, parts: 1, isFinished: true });
    expect((await ran(output => snapshotsCommand(false, output))).printed).toContain(taken.id);

    const summary = { type: "summary", snapshot: taken.id, streams: 1, differences: 0, isEqual: true };
    expect(await json(verify(taken.id))).toEqual(summary);
    expect((await ran(verify(taken.id))).printed).toMatch(/^Equal: 1 streams/);
    expect(await json(verify())).toMatchObject({ decisions: 1, streams: 1, differences: 0, isEqual: true });

    await objects.delete({ bucket: DECISIONS, key: taken.parts[0].key });
    expect(await ran(verify(taken.id), true)).toMatchObject({
      exitCode: 1,
      printed: "",
      said: expect.stringMatching(/^s3:\/\/daybook-decisions\/snap\S+ is missing[^\n]*$/),
    });

    const { id } = snapshots[0];
    await objects.put({ bucket: DECISIONS, key: `snap/${id.slice(0, 10)}/${id}/manifest.json`, body: "{" });
    const { exitCode, stdout, stderr } = await daybook(["snapshots"], { cwd: up.folder });
    expect(stdout).toMatch(new RegExp(`${id} .*damaged\n${taken.id} .*${taken.digest.slice(0, 12)}`));
    expect(stderr).toMatch(/^s3:\/\/daybook-decisions\/snap\S+manifest\.json is no manifest [^\n]*\n$/);
    expect(exitCode).toBe(1);
  });

  test("is no help where S3 itself was changed; verify names the decision and exits 1", async () => {
    const address = { bucket: DECISIONS, key: `dec/000001/${KEYS[0]}` };
    const kept = Buffer.from((await objects.get(address))?.body ?? []).toString();
    await objects.put({ ...address, body: kept.replace('"availableCents":2000', '"availableCents":2001') });
    const { exitCode, printed } = await ran(verify(), true);
    const lines = printed
      .trim()
      .split("\n")
      .map(line => JSON.parse(line));
    expect(exitCode).toBe(1);
    expect(lines[0]).toMatchObject({
      type: "difference",
      what: "decision-changed",
      stream: "700",
      sequence: 1,
    });
    expect(lines.at(-1)).toMatchObject({ type: "summary", decisions: 1, isEqual: false });
    await objects.put({ ...address, body: kept });
    const equal = await daybook(["verify"], { cwd: up.folder });
    expect(equal).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringMatching(/^Equal: 1 streams/),
    });
  });
});

describe("halt and resume", () => {
  const halt =
    (reason: string): Command =>
    output =>
      haltCommand({ reason, isAws: false }, output);
  const resume: Command = output => resumeCommand({ reason: "", isAws: false }, output);

  test("say so when said twice, and hold over a restart", async () => {
    const halted = await json(halt("wrong fees"));
    expect(halted).toMatchObject({
      outcome: "changed",
      state: "halted",
      reason: "wrong fees",
      isSettled: true,
    });
    expect(halted.sources).toMatchObject([
      { functionName: "daybook-project", state: "Disabled" },
      { functionName: "daybook-place", state: "Disabled" },
    ]);
    expect(await ran(halt("once more"))).toMatchObject({
      exitCode: 0,
      printed: expect.stringMatching(/^Halted already since .*wrong fees/),
    });
    await put(KEYS[1]);

    const { folder } = up;
    process.kill(up.upPid, "SIGTERM");
    await up.ended;
    clients.close();
    await start(folder);
    expect(JSON.parse(up.stdout())).toMatchObject({ halted: { reason: "wrong fees", since: halted.at } });
    await put(KEYS[2]);
    expect([await isDecided(KEYS[1]), await isDecided(KEYS[2])]).toEqual([false, false]);

    expect(await json(resume)).toMatchObject({ outcome: "changed", state: "running" });
    await until(async () => (await isDecided(KEYS[1])) && (await isDecided(KEYS[2])));
    expect((await ran(resume)).printed).toMatch(/^Nothing was halted\./);
  });

  test("need a reason", async () => {
    const misused = await daybook(["halt"], { cwd: up.folder });
    expect(misused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("--reason") });
  });
});

describe("dead letters", () => {
  const project = { queue: "project", isAws: false } as const;
  const list: Command = output => deadLettersCommand(project, output);

  test("are listed with what they tell of, and sent back", async () => {
    expect(await json(output => deadLettersCommand({ isAws: false }, output))).toMatchObject({
      queues: [{ queue: "daybook-project", total: 0, letters: [] }, { queue: "daybook-place" }],
    });
    const sqs = await clients.sqs();
    const { QueueUrl } = await sqs.send(
      new GetQueueUrlCommand({ QueueName: "daybook-project-dead-letters" }),
    );
    const event = readFileSync(CREATED, "utf8");
    for (const MessageBody of [event, "<xml/>"])
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));

    const { queues } = await json(list);
    expect(queues).toMatchObject([{ total: 2, deadLetterQueue: "daybook-project-dead-letters" }]);
    const { bucket } = JSON.parse(event).Records[0].s3;
    const [readable, unreadable] = queues[0].letters;
    expect(readable.objects).toEqual([expect.stringContaining(`s3://${bucket.name}/`)]);
    expect(unreadable).toMatchObject({ objects: [], unreadable: expect.stringContaining("JSON") });
    expect((await ran(list)).printed).toMatch(
      /^daybook-project: about 2 dead letters\n( {2}\S+ {2}\S+Z {2}received \d times {2}.*\n){2}$/,
    );

    const moved = await json(output => redriveCommand(project, output));
    expect(moved.queues).toMatchObject([{ queue: "daybook-project", moved: 2, isComplete: true }]);
    expect((await json(list)).queues[0].letters).toEqual([]);
  });
});
