import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand, PutBucketNotificationConfigurationCommand } from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { findQueue } from "../../src/aws/find-queue.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import { queueArn } from "../../src/local/sqs/sqs-state.ts";
import { daybook, endAll, startDaybook, startUp, type Up, until } from "../support/cli-process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = readFileSync(join(ROOT, "docs/BRIDGE.md"), "utf8");

let up: Up;
let clients: Clients;
beforeAll(async () => {
  up = await startUp(["--currency-optional"]);
  clients = createClients(up.env);
});
afterAll(async () => {
  clients.close();
  await endAll();
});

/** The settings and the command that the page shows under a heading of its walk-through. */
const shown = (
  heading: string,
): { readonly env: Record<string, string>; readonly words: readonly string[] } => {
  const block = new RegExp(`### ${heading}\n[^]*?\`\`\`\n([^]*?)\`\`\``).exec(PAGE)?.[1] ?? "";
  const env = Object.fromEntries(
    [...block.matchAll(/^export ([A-Z_]+)='([^']*)'$/gm)].map(([, name, value]) => [name, value]),
  );
  const words = /^npx daybook (.*)$/m.exec(block)?.[1]?.split(" ") ?? [];
  return { env, words };
};

const begin = (heading: string) => {
  const { env, words } = shown(heading);
  expect(words[0]).toBe("bridge");
  return startDaybook(words, { cwd: ROOT, env: { ...up.env, ...env } });
};

test("the worked example of BRIDGE.md: statements by shell and awk equal those of daybook", async () => {
  const [s3, sqs] = [await clients.s3(), await clients.sqs()];
  const objects = new S3ObjectStore(s3);
  for (const Bucket of ["statement-work", "statements"]) await s3.send(new CreateBucketCommand({ Bucket }));
  for (const name of ["map", "reduce"])
    await sqs.send(new CreateQueueCommand({ QueueName: `statement-${name}` }));
  const told = (name: string, suffix: string) => ({
    QueueArn: queueArn(`statement-${name}`),
    Events: ["s3:ObjectCreated:*" as const],
    Filter: { Key: { FilterRules: [{ Name: "suffix" as const, Value: suffix }] } },
  });
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: "statement-work",
      NotificationConfiguration: {
        QueueConfigurations: [told("map", "/input.txt"), told("reduce", "/output.txt")],
      },
    }),
  );

  // The bank's month: golden.csv, whose accepted requests are archived.
  const scenario = await daybook(["scenario", join(ROOT, "scenarios/golden.csv"), "--json"], {
    cwd: up.folder,
  });
  expect(scenario.exitCode).toBe(0);
  await until(async () => (await objects.list({ bucket: "daybook-archive" })).objects.length === 12);

  expect((await begin("Lay out").ended).exitCode).toBe(0);
  const mapping = begin("Map");
  const reducing = begin("Reduce");
  const keys = async (bucket: string) => (await objects.list({ bucket })).objects.map(({ key }) => key);
  await until(async () => (await keys("statement-work")).length === 24);
  await until(async () => (await keys("statements")).length === 3);

  // The last output is told of three times more: by two copies of one notification, and once as stored anew.
  const outputs = (await keys("statement-work")).filter(key => key.endsWith("/output.txt"));
  const last = outputs.at(-1) ?? "";
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "statement-reduce" }));
  const record = {
    eventName: "ObjectCreated:Put",
    s3: { bucket: { name: "statement-work" }, object: { key: last, sequencer: "FFFFFFFFFFFFFFFF" } },
  };
  for (let copies = 0; copies < 2; copies += 1)
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ Records: [record] }) }));
  const body = (await objects.get({ bucket: "statement-work", key: last }))?.body ?? "";
  await objects.put({ bucket: "statement-work", key: last, body });
  const queue = await findQueue(sqs, "statement-reduce");
  const isIdle = async () => Object.values(await queue.depth()).every(depth => depth === 0);
  await until(isIdle);
  for (const watcher of [mapping, reducing]) watcher.child.kill("SIGTERM");
  const reports = (await reducing.ended).stdout
    .trim()
    .split("\n")
    .map(line => JSON.parse(line));
  const outcomes = reports.map(({ outcome }) => outcome).filter(outcome => outcome !== undefined);
  expect((await mapping.ended).exitCode).toBe(0);
  expect(outcomes.filter(outcome => outcome === "ran")).toHaveLength(1);
  expect(outcomes).toContain("ran-before");
  expect(new Set(outcomes)).toEqual(
    new Set(["ran", "ran-before", ...outcomes.filter(each => /filtered|duplicate/.test(each))]),
  );

  for (const account of ["100010", "100020", "100030"]) {
    const statement = await daybook(["statement", account, "--month", "202603", "--format", "csv"], {
      cwd: up.folder,
    });
    expect(statement.exitCode).toBe(0);
    const rows = statement.stdout
      .trim()
      .split("\r\n")
      .slice(1)
      .map(row => row.split(","));
    const accepted = rows.filter(([, , , outcome]) => outcome === "accepted");
    const expected = accepted
      .map(([, time, type, , , , available, , , , key]) => [time, type, available, key].join(","))
      .sort();
    const key = `2026-03/statement-${account}.csv`;
    const made = Buffer.from((await objects.get({ bucket: "statements", key }))?.body ?? "").toString();
    const lines = made.trim().split("\n");
    expect(lines[0]).toBe("time,type,available,key");
    expect(lines.slice(1, -1)).toEqual(expected);
    const balance = await daybook(["balance", account, "--json"], { cwd: up.folder });
    expect(lines.at(-1)).toBe(`,total,${JSON.parse(balance.stdout).available},`);
  }
}, 180_000);

test("every command of BRIDGE.md is one that is run here", () => {
  const commands = [...PAGE.matchAll(/^(?:\$ )?(?:[A-Z_]+=\S+ )*(npx daybook .*)$/gm)].map(
    ([, command = ""]) => command,
  );
  const run = ["Lay out", "Map", "Reduce"].map(heading => `npx daybook ${shown(heading).words.join(" ")}`);
  expect(commands.filter(command => !run.includes(command))).toEqual([]);
  expect(commands.length).toBeGreaterThanOrEqual(3);
});
