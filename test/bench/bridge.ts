/**
 * A folder of objects through the bridge, beside the same objects by bare calls of the SDK into files: the ratio says
 * what listing, checks, digests, the handler's start and the look at its folder cost.
 *
 *   npm run bench:bridge                          2,000 objects of 20,000 bytes
 *   npm run bench:bridge -- --count 500 --bytes 1000000
 *
 * The local S3 is a process of its own, and so is each measure; each is the middle one of three. The peak of memory is
 * shown for a quarter of the objects too: what does not grow is flat.
 */
import { execFileSync, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import pMap from "p-map";
import { bridgeParts } from "../../src/aws/bridge-parts.ts";
import { createClients } from "../../src/aws/clients.ts";
import { createBridge } from "../../src/bridge/create-bridge.ts";
import { runBatch } from "../../src/bridge/run-batch.ts";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { createBucket } from "../../src/local/s3/buckets.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { silentLog } from "../../src/ports/log.ts";

const ROUNDS = 3;
/** Where there is plenty of memory V8 lets garbage lie, and its peak tells of the machine. */
const BOUNDS = ["--max-old-space-size=64", "--max-semi-space-size=8"];
/** As many as the bridge's own pool, so that both have the same. */
const AT_ONCE = 16;
const BUCKET = "bench";

type Measured = { readonly ms: number; readonly cpuMs: number; readonly peakMiB: number };

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "2000" },
    bytes: { type: "string", default: "20000" },
    serve: { type: "boolean", default: false },
    measure: { type: "string" },
    endpoint: { type: "string", default: "" },
    folder: { type: "string", default: "" },
  },
});
const [count, bytes] = [Number(values.count), Number(values.bytes)];

/** Holds the objects under `all/`, and a quarter of them under `few/`, until its parent is gone. */
const serve = async (): Promise<void> => {
  const cloud = createLocalCloud({ clock: systemClock, random: seededRandom(1) });
  createBucket(cloud.s3, BUCKET);
  for (let n = 0; n < count; n += 1) {
    const body = Buffer.alloc(bytes, n % 251);
    for (const folder of n < count / 4 ? ["all", "few"] : ["all"])
      await cloud.objects.put({ bucket: BUCKET, key: `${folder}/${n % 100}/${n}.bin`, body });
  }
  const { endpoint } = await cloud.listen();
  process.send?.(endpoint);
  process.once("disconnect", () => process.exit());
};

const byBareCalls = async (endpoint: string, folder: string): Promise<number> => {
  const clients = createClients({ AWS_ENDPOINT_URL: endpoint });
  const client = await clients.s3();
  const { objects } = await bridgeParts(clients);
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await objects.list({ bucket: BUCKET, prefix: "all/", cursor });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== undefined);
  for (let n = 0; n < 100; n += 1) await mkdir(join(folder, "all", String(n)), { recursive: true });
  await pMap(
    keys,
    async Key => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      await writeFile(join(folder, Key), (await Body?.transformToByteArray()) ?? "");
    },
    { concurrency: AT_ONCE },
  );
  clients.close();
  return keys.length;
};

const byBridge = async (endpoint: string, temporaryFolder: string, folder: string): Promise<number> => {
  const clients = createClients({ AWS_ENDPOINT_URL: endpoint });
  const bridge = await createBridge({
    ...(await bridgeParts(clients)),
    env: { PATH: process.env.PATH, HANDLER_COMMAND: "true", PULL_PARENT_DIRS: "1" },
    time: systemClock,
    random: seededRandom(1),
    log: silentLog,
    temporaryFolder,
  });
  const record = {
    eventName: "ObjectCreated:Put",
    s3: { bucket: { name: BUCKET }, object: { key: `${folder}/0/0.bin` } },
  };
  const message = { id: "m", body: JSON.stringify({ Records: [record] }) };
  const { groups } = await runBatch(bridge, [message], { remainingMs: () => 600_000 });
  clients.close();
  const [group] = groups;
  if (group?.outcome !== "ran") throw new Error(`Expected the group to run, got ${JSON.stringify(group)}`);
  return group.pulled;
};

/** In a process of its own: modules are loaded and the client is made before the clock starts, as in a warm function. */
const measure = async (what: string): Promise<void> => {
  const { endpoint = "", folder = "" } = values;
  const [cpu, startMs] = [process.cpuUsage(), performance.now()];
  const pulled =
    what === "bare" ? await byBareCalls(endpoint, folder) : await byBridge(endpoint, folder, what);
  const [used, ms] = [process.cpuUsage(cpu), performance.now() - startMs];
  const expected = what === "few" ? Math.ceil(count / 4) : count;
  if (pulled !== expected) throw new Error(`Expected ${expected} objects, got ${pulled}`);
  const cpuMs = (used.user + used.system) / 1000;
  console.log(JSON.stringify({ ms, cpuMs, peakMiB: process.resourceUsage().maxRSS / 1024 }));
};

const SELF = fileURLToPath(import.meta.url);

const measured = (what: string, endpoint: string): Measured => {
  const folder = mkdtempSync(join(tmpdir(), "bench-bridge-"));
  const options = ["--count", String(count), "--measure", what, "--endpoint", endpoint, "--folder", folder];
  try {
    return JSON.parse(execFileSync(process.execPath, [...BOUNDS, SELF, ...options], { encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const middle = (all: readonly Measured[]): Measured => {
  const sorted = [...all].sort((a, b) => a.ms - b.ms);
  const found = sorted[Math.floor(sorted.length / 2)];
  if (found === undefined) throw new Error("Expected a measure");
  return found;
};

const tell = (what: string, { ms, cpuMs, peakMiB }: Measured): void =>
  console.log(
    `${what.padEnd(22)} ${ms.toFixed(0).padStart(6)} ms ${cpuMs.toFixed(0).padStart(6)} ms of CPU, peak memory ${peakMiB.toFixed(0)} MiB`,
  );

const compare = async (): Promise<void> => {
  const server = fork(SELF, ["--serve", "--count", String(count), "--bytes", String(bytes)]);
  try {
    const endpoint = await new Promise<string>(resolve =>
      server.once("message", text => resolve(String(text))),
    );
    const rounds = Array.from({ length: ROUNDS }, () => ({
      bare: measured("bare", endpoint),
      all: measured("all", endpoint),
      few: measured("few", endpoint),
    }));
    const [bare, all, few] = (["bare", "all", "few"] as const).map(what =>
      middle(rounds.map(round => round[what])),
    );
    if (bare === undefined || all === undefined || few === undefined)
      throw new Error("Expected three measures");
    tell(`${count} bare calls`, bare);
    tell(`${count} by the bridge`, all);
    tell(`${Math.ceil(count / 4)} by the bridge`, few);
    console.log(
      `ratio ${(all.ms / bare.ms).toFixed(2)} by time, ${(all.cpuMs / bare.cpuMs).toFixed(2)} by CPU (aim: at most 1.5)`,
    );
  } finally {
    server.kill();
  }
};

if (values.serve) await serve();
else if (values.measure !== undefined) await measure(values.measure);
else await compare();
