import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalogueRows } from "../../../src/ledger/catalogue.ts";
import { foldDecisions, publishedDecisions } from "../../../src/ledger/fold.ts";
import { epochMarkerName } from "../../../src/ledger/names.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { canonicalJson } from "../../../src/replay/snapshot/canonical-json.ts";
import { listSnapshots } from "../../../src/replay/snapshot/list-snapshots.ts";
import { readManifest, type SnapshotManifest } from "../../../src/replay/snapshot/manifest.ts";
import { SnapshotDamaged } from "../../../src/replay/snapshot/snapshot-errors.ts";
import { manifestKey, partKey } from "../../../src/replay/snapshot/snapshot-keys.ts";
import type { SnapshotLine } from "../../../src/replay/snapshot/snapshot-line.ts";
import { snapshotLines } from "../../../src/replay/snapshot/snapshot-lines.ts";
import { takeSnapshot } from "../../../src/replay/snapshot/take-snapshot.ts";
import type { Item, Store } from "../../../src/table/store.ts";
import { DECISIONS, GATE_TABLE } from "../../support/gates.ts";
import { turnstile } from "../../support/turnstile.ts";
import { gatesWithTraffic, streamsOf, withOverrides } from "./gates-with-streams.ts";

type Gates = ReturnType<typeof gatesWithTraffic>;

const taken = async ({ ledger }: Gates, partTextBytes?: number): Promise<SnapshotManifest> => {
  const result = await takeSnapshot(ledger, { ...(partTextBytes === undefined ? {} : { partTextBytes }) });
  if (result.outcome !== "taken") throw new Error(`Expected a snapshot, got: ${result.reason}`);
  return result.manifest;
};

const linesOf = async ({ place }: Gates, manifest: SnapshotManifest): Promise<readonly SnapshotLine[]> =>
  Array.fromAsync(snapshotLines(place, manifest));

/** The same table, handing out small pages at odd times and attributes in another order. */
const otherwise = (store: Store): Store =>
  withOverrides(store, {
    get: async keys => (await store.get(keys)).map(item => item && reversed(item)),
    query: async query => {
      const turns = (query.partition.charCodeAt(query.partition.length - 1) * 7) % 5;
      for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve));
      const page = await store.query({ ...query, limit: 3 + turns });
      return { ...page, items: page.items.map(reversed) };
    },
  });

const reversed = (item: Item): Item => {
  const inReverse = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([name, each]) => [name, inReverse(each)]),
        )
      : value;
  return inReverse(item) as Item;
};

describe("a snapshot of a thousand streams", async () => {
  const gates = gatesWithTraffic();
  await gates.decide(streamsOf(1_000));

  test("has every stream once and in order, those known from refusals too, and says what it holds", async () => {
    const manifest = await taken(gates, 16_384);
    const lines = await linesOf(gates, manifest);
    const names = lines.map(({ stream }) => stream);
    expect(manifest).toMatchObject({
      takenAt: "2026-01-05T09:00:00.000Z",
      epoch: 1,
      rules: "1",
      streams: 1_002,
      // Two coins in each of a thousand gates, one of them used up in every tenth.
      totals: { coins: "1900", pushes: "100" },
    });
    expect(names).toEqual([...new Set(names)].sort());
    expect(names.filter(name => name.startsWith("~"))).toHaveLength(1);
    expect(lines.find(({ stream }) => stream === "g10")).toMatchObject({
      sequence: 2,
      epoch: 1,
      state: { coins: 1, pushes: 1, returnable: ["c10:2"] },
      after: { coins: 1, pushes: 1 },
    });
    expect(lines.find(({ stream }) => stream === "g1000")).toMatchObject({
      sequence: 1,
      after: { coins: 0 },
    });
    expect(manifest.parts.length).toBeGreaterThan(10);
    expect(manifest.parts[1]?.key).toBe(partKey(manifest.id, 2));
    expect(manifest.parts.reduce((sum, part) => sum + part.streams, 0)).toBe(1_002);
  });

  test("has the same digest whatever order the table answers in and however it is cut into parts", async () => {
    const other = { ...gates, ledger: { ...gates.ledger, store: otherwise(gates.memory) } };
    const digests = [await taken(gates), await taken(other), await taken(other, 1_000)].map(m => m.digest);
    expect(new Set(digests).size).toBe(1);
    await gates.decide([["push_more", { gate: "g1" }]]);
    expect((await taken(gates)).digest).not.toBe(digests[0]);
  });

  test("is listed newest first; one that was given up is shown as such", async () => {
    const first = await taken(gates);
    await gates.clock.sleep(86_400_000);
    const second = await taken(gates, 10_000);
    await gates.objects.put({ bucket: DECISIONS, key: partKey(GIVEN_UP, 1), body: "" });
    const found = await listSnapshots(gates.place);
    expect(found.slice(0, 3).map(({ id }) => id)).toEqual([GIVEN_UP, second.id, expect.any(String)]);
    expect(found.map(({ id }) => id)).toContain(first.id);
    expect(found[0]?.manifest).toBeUndefined();
    expect(found[1]?.manifest).toEqual(second);
    expect(await readManifest(gates.place, GIVEN_UP)).toBeUndefined();
  });

  test("is listed beside a damaged one, which is shown as such", async () => {
    const other = gatesWithTraffic();
    const whole = await taken(other);
    await other.clock.sleep(1_000);
    const damaged = await taken(other);
    await other.objects.put({ bucket: DECISIONS, key: manifestKey(damaged.id), body: "{" });
    expect(await listSnapshots(other.place)).toEqual([
      { id: damaged.id, damage: expect.any(SnapshotDamaged) },
      { id: whole.id, manifest: whole },
    ]);
  });
});

const GIVEN_UP = "2026-01-07T00-00-00.000Z-0123abcd";

describe("while traffic goes on", () => {
  test("each line is a place in the published chain of its stream", async () => {
    const running: { more?: () => Promise<void> } = {};
    const store = new MemoryStore(GATE_TABLE, async call => {
      const { more } = running;
      if (call.call !== "query" || more === undefined) return undefined;
      delete running.more;
      await more();
      running.more = more;
      return undefined;
    });
    const gates = gatesWithTraffic({}, otherwise(store));
    await gates.decide(streamsOf(300));
    let round = 0;
    running.more = async () => {
      round += 1;
      await gates.decide([
        [`push_x${round}`, { gate: `g${(round * 7) % 300}` }],
        [`move_y${round}`, { from: `g${(round * 13) % 300}`, to: `g${(round * 11 + 1) % 300}`, coins: 1 }],
        [`coin_z${round}`, { gate: `g${400 + round}`, coins: 1 }],
      ]);
    };
    const manifest = await taken(gates);
    delete running.more;
    expect(round).toBeGreaterThan(10);

    const published = new Map<string, string>();
    for await (const { legs } of publishedDecisions(gates.objects, DECISIONS, 1))
      for (const { stream, sequence, hash } of legs) published.set(`${stream} ${sequence}`, hash);
    const lines = await linesOf(gates, manifest);
    expect(lines.length).toBeGreaterThanOrEqual(302);
    for (const { stream, sequence, hash } of lines) expect(published.get(`${stream} ${sequence}`)).toBe(hash);
  });

  test("a newest decision that nobody published yet is published first", async () => {
    let isBroken = false;
    const gates = gatesWithTraffic({
      wrap: objects =>
        withOverrides(objects, {
          put: request =>
            isBroken && request.key.startsWith("dec/")
              ? Promise.reject(new Error("no answer"))
              : objects.put(request),
        }),
    });
    await gates.decide([["coin_a", { gate: "g1", coins: 3 }]]);
    isBroken = true;
    await expect(gates.decide([["push_b", { gate: "g1" }]])).rejects.toThrow("push_b");
    isBroken = false;
    const [line] = await linesOf(gates, await taken(gates));
    expect(line).toMatchObject({ stream: "g1", sequence: 2 });
    const fold = await foldDecisions(turnstile, publishedDecisions(gates.objects, DECISIONS, 1));
    expect(fold.streams.get("g1")).toMatchObject({ sequence: 2, hash: line?.hash });
  });

  test("a restore that has begun refuses it, and leaves no manifest", async () => {
    const gates = gatesWithTraffic();
    await gates.decide([["coin_a", { gate: "g1", coins: 3 }]]);
    await gates.objects.put({ bucket: DECISIONS, key: epochMarkerName(2), body: "" });
    expect(await takeSnapshot(gates.ledger)).toMatchObject({ outcome: "refused" });
    expect((await listSnapshots(gates.place)).map(({ manifest }) => manifest)).toEqual([undefined]);
    const next = { ...gates.ledger, epoch: 2, published: new Map() };
    const entries = [{ sequence: 1, hash: "h", name: "dec/000001/coin_a.event" }];
    await next.store.putAll(catalogueRows(next, 2, "g1", entries));
    expect(await takeSnapshot(next)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("g1"),
    });
  });

  test("of nothing it is a manifest without parts", async () => {
    const gates = gatesWithTraffic();
    const manifest = await taken(gates);
    expect(manifest).toMatchObject({ streams: 0, parts: [], totals: {} });
    expect(await linesOf(gates, manifest)).toEqual([]);
  });
});

test("the canonical text of a value does not depend on the order of its names", () => {
  const shuffledNames = (value: unknown, random: () => number): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .map(([name, each]) => [random(), name, shuffledNames(each, random)] as const)
            .sort(([a], [b]) => a - b)
            .map(([, name, each]) => [name, each]),
        )
      : value;
  const seeds = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(fc.object(), seeds, (value, random) => {
      const next = (): number => random.next().value ?? 0;
      expect(canonicalJson(shuffledNames(value, next))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
