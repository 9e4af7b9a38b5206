import { beforeEach, describe, expect, test } from "vitest";
import { projectBatch } from "../../../src/ledger/project.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import type { SnapshotManifest } from "../../../src/replay/snapshot/manifest.ts";
import { readManifest } from "../../../src/replay/snapshot/manifest.ts";
import { isSnapshotId, manifestKey } from "../../../src/replay/snapshot/snapshot-keys.ts";
import { takeSnapshot } from "../../../src/replay/snapshot/take-snapshot.ts";
import { type Difference, differenceText } from "../../../src/replay/verify/difference.ts";
import { verifySnapshot } from "../../../src/replay/verify/verify-snapshot.ts";
import { DECISIONS, GATE_TABLE, type GateLedger, rows } from "../../support/gates.ts";
import { turnstileRows } from "../../support/turnstile.ts";
import { copyOf, gatesWithTraffic, streamsOf, withOverrides } from "../snapshot/gates-with-streams.ts";

const STREAMS = 1_000;
const PART_BYTES = 65_536;

const gates = gatesWithTraffic();
await gates.decide(streamsOf(STREAMS));
const taken = await takeSnapshot(gates.ledger, { partTextBytes: PART_BYTES });
if (taken.outcome !== "taken") throw new Error(taken.reason);
const { manifest } = taken;

/** What stands instead of an object of the snapshot; `undefined`: it is gone. */
const damaged = new Map<string, Uint8Array | undefined>();
const objects = withOverrides(gates.objects, {
  get: async address => {
    const found = await gates.objects.get(address);
    const body = damaged.get(address.key);
    if (!damaged.has(address.key)) return found;
    return found && body && { ...found, body };
  },
});

/** The ledger as it was when the snapshot was taken, but for what a test does to it. */
let table: MemoryStore;
let ledger: GateLedger;
beforeEach(async () => {
  table = await copyOf(gates.memory);
  ledger = { ...gates.ledger, store: table, objects, published: new Map() };
  damaged.clear();
});

const verified = async (snapshot = manifest): Promise<readonly Difference[]> => {
  const batches = await Array.fromAsync(verifySnapshot(ledger, snapshot));
  expect(batches.reduce((sum, { streams }) => sum + streams, 0)).toBe(manifest.streams);
  return batches.flatMap(({ differences }) => differences);
};

/** More traffic on the copy. Its requests lie in the same buckets, so each test uses names of its own. */
const decide = async (requests: readonly (readonly [string, object])[]): Promise<void> => {
  for (const [name, body] of requests) {
    const failed = await projectBatch(
      ledger,
      [{ id: name, body: await gates.put(name, body) }],
      () => 60_000,
    );
    expect(failed.size).toBe(0);
  }
};

const headOf = async (stream: string) => {
  const [item] = await table.get([rows.head.key({ stream })]);
  if (item === undefined) throw new Error(`Expected a head of ${stream}`);
  return rows.head.read(item);
};

const change = async (stream: string, fields: object): Promise<void> => {
  await table.write({ put: rows.head.item({ ...(await headOf(stream)), ...fields }) });
};

describe("the table against a snapshot", () => {
  test("is equal, also after more was decided", async () => {
    expect(await verified()).toEqual([]);
    await decide([
      ["push_later", { gate: "g5" }],
      ["coin_new", { gate: "g5000", coins: 1 }],
      ["move_both", { from: "g6", to: "g7", coins: 1 }],
    ]);
    expect(await verified()).toEqual([]);
  });

  test("a changed head is named, whichever part of it was changed", async () => {
    await change("g1", { hash: "0".repeat(64) });
    await change("g2", { state: { coins: 3, pushes: 0, returnable: ["c2:2"] } });
    await change("g10", { sequence: 1 });
    await table.write({ delete: rows.head.key({ stream: "g3" }) });
    const found = await verified();
    expect(found.map(({ stream, sequence, what }) => [stream, sequence, what])).toEqual([
      ["g1", 1, "hash"],
      ["g10", 2, "head-behind"],
      ["g2", 1, "state"],
      ["g3", 1, "head-missing"],
    ]);
    for (const difference of found)
      expect(differenceText(difference)).toMatch(
        new RegExp(`^${difference.stream} at ${difference.sequence}: .`),
      );
  });

  test("a line that is missing, or another one, is named once the head has gone on", async () => {
    await decide([
      ["push_one", { gate: "g1" }],
      ["push_two", { gate: "g2" }],
    ]);
    const [line] = await table.get([turnstileRows.lineKey("g2", 1)]);
    if (line === undefined) throw new Error("Expected a line");
    await table.write({ delete: turnstileRows.lineKey("g1", 1) });
    await table.write({ put: { ...line, hash: "1".repeat(64) } });
    expect((await verified()).map(({ stream, sequence, what }) => [stream, sequence, what])).toEqual([
      ["g1", 1, "line-missing"],
      ["g2", 1, "hash"],
    ]);
  });

  test("a truncated table is named stream by stream", async () => {
    ledger = { ...ledger, store: new MemoryStore(GATE_TABLE) };
    const found = await verified();
    expect(found).toHaveLength(STREAMS + 2);
    expect(new Set(found.map(({ what }) => what))).toEqual(new Set(["head-missing"]));
  });
});

describe("a snapshot that is not as it was written", () => {
  const partAt = (at: number) => {
    const part = manifest.parts[at];
    if (part === undefined) throw new Error(`Expected part ${at}`);
    return part;
  };

  test.each([0, 1])("a flipped byte in part %i is found before any line of it is used", async at => {
    const { key } = partAt(at);
    const found = await gates.objects.get({ bucket: DECISIONS, key });
    const body = new Uint8Array(found?.body ?? []);
    body[100] = (body[100] ?? 0) ^ 1;
    damaged.set(key, body);
    await expect(verified()).rejects.toThrow(`s3://decisions/${key} has another SHA-256`);
  });

  test("a part that is missing is named", async () => {
    const { key } = partAt(1);
    damaged.set(key, undefined);
    await expect(verified()).rejects.toThrow(`s3://decisions/${key} is missing`);
  });

  test.each<[string, (whole: SnapshotManifest) => SnapshotManifest]>([
    ["has another digest", whole => ({ ...whole, digest: "0".repeat(64) })],
    ["tells of 1002 streams, its parts hold", whole => ({ ...whole, parts: whole.parts.slice(0, -1) })],
    ["out of order", whole => ({ ...whole, parts: whole.parts.toReversed() })],
  ])("a manifest that does not fit its parts: %s", async (message, forge) => {
    await expect(verified(forge(manifest))).rejects.toThrow(message);
  });

  test("a manifest that is none, or another one's, is named; an id that is none is told apart", async () => {
    const key = manifestKey(manifest.id);
    for (const body of ["{", "{}", JSON.stringify({ ...manifest, id: "other" })]) {
      damaged.set(key, Buffer.from(body));
      await expect(readManifest({ objects, bucket: DECISIONS }, manifest.id)).rejects.toThrow(key);
    }
    expect(["", "latest", "../../x", `${manifest.id}/`].filter(isSnapshotId)).toEqual([]);
    expect(isSnapshotId(manifest.id)).toBe(true);
  });
});
