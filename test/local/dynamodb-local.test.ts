import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, expect, test, vi } from "vitest";
import { createTable } from "../../src/aws/create-table.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { JavaMissing, startDynamoDbLocal } from "../../src/local/dynamodb-local.ts";

/** Ten seconds: an operating system with two busy cores needs a moment to take a process away. */
const POLLS_MAX = 200;
const POLL_MS = 50;

afterEach(() => {
  vi.unstubAllEnvs();
});

test("takes Java along when its parent is killed", async () => {
  const source = new URL("../../src/local/dynamodb-local.ts", import.meta.url).href;
  const script = `const { startDynamoDbLocal } = await import(${JSON.stringify(source)});
    console.log((await startDynamoDbLocal({ heapMb: 128 })).pid);
    process.stdin.resume();`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const java = await firstNumber(parent.stdout);
  expect(isAlive(java)).toBe(true);
  parent.kill("SIGKILL");
  await until(() => !isAlive(java));
});

test("keeps tables on disk over a stop and over a kill, several side by side", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "daybook-table-"));
  try {
    const first = await startDynamoDbLocal({ dataDir, heapMb: 128 });
    const [store, beside] = await Promise.all([tableAt(first.endpoint), startDynamoDbLocal({ heapMb: 128 })]);
    expect(beside.port).not.toBe(first.port);
    expect((await clientOf(beside.endpoint).send(new ListTablesCommand({}))).TableNames).toEqual([]);
    await beside.stop();
    await beside.stop();
    expect(isAlive(beside.pid)).toBe(false);
    await store.write({ put: { PK: "a", SK: "1" } });
    process.kill(first.pid, "SIGKILL");
    await first.stop();
    const second = await startDynamoDbLocal({ dataDir, heapMb: 128 });
    const again = await tableAt(second.endpoint);
    expect(await again.get([{ PK: "a", SK: "1" }])).toEqual([{ PK: "a", SK: "1" }]);
    await expect(startDynamoDbLocal({ port: second.port })).rejects.toThrow(`${second.port}`);
    await second.stop();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

test("says in one line how to get Java where there is none", async () => {
  vi.stubEnv("JAVA_HOME", "/nonexistent");
  const failure = await startDynamoDbLocal().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(JavaMissing);
  expect(String(failure)).toMatch(/^JavaMissing: Java is missing.*openjdk-17-jre-headless.*openjdk@17.*$/);
});

const clientOf = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

const tableAt = async (endpoint: string): Promise<DynamoStore> => {
  const client = clientOf(endpoint);
  await createTable(client, { indexes: [] }, "kept");
  return new DynamoStore({ client, tableName: "kept" });
};

const firstNumber = async (lines: NodeJS.ReadableStream): Promise<number> => {
  for await (const line of createInterface({ input: lines })) return Number(line);
  throw new Error("Expected a line");
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const until = async (holds: () => boolean): Promise<void> => {
  for (let poll = 0; poll < POLLS_MAX && !holds(); poll += 1) await delay(POLL_MS);
  expect(holds()).toBe(true);
};
