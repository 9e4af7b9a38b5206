import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ListMultipartUploadsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localPaths } from "../../src/bridge/local-paths.ts";
import { memoryRows } from "../../src/bridge/memory-rows.ts";
import type { Rows } from "../../src/bridge/records.ts";
import { runBatch } from "../../src/bridge/run-batch.ts";
import { closeRunFolder, openRunFolder } from "../../src/bridge/run-folder.ts";
import { rangesOf } from "../../src/bridge/upload.ts";
import { checkSpace } from "../../src/bridge/work-on.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { until } from "../support/cli-process.ts";
import {
  bridgeWith,
  freshBucket,
  messageOf,
  messageWith,
  openWire,
  put,
  recordOf,
  run,
  textsOf,
  type Wire,
  withCalls,
} from "./bridge-on-wire.ts";
import { spy } from "./spy.ts";

let wire: Wire;
beforeAll(async () => {
  wire = await openWire({ restoreTimeFactor: 0.000_01 });
});
afterAll(() => wire.close());

type Env = Readonly<Record<string, string>>;

/** A bucket with objects, and a bridge whose handler does `then`. */
const opened = async (
  objects: Readonly<Record<string, string>>,
  then = ":",
  {
    env = {},
    rows,
    calls,
  }: { env?: Env; rows?: Rows; calls?: (bucket: string) => Partial<ObjectStore> } = {},
) => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, objects);
  const handler = spy(wire, then);
  const bridge = await bridgeWith(
    wire,
    { ...handler.env, ...env },
    {
      ...(rows && { rows }),
      ...(calls && { objects: withCalls(wire.objects, calls(bucket)) }),
    },
  );
  return { bucket, handler, bridge };
};

const codes = ({ groups }: Awaited<ReturnType<typeof run>>): readonly string[] =>
  groups.map(group => (group.outcome === "failed" ? group.code : group.outcome));

test("G7 only the events that are named run anything, and creations are by default", async () => {
  const of = (bucket: string, eventName: string) => messageWith([recordOf(bucket, "in/a", { eventName })]);
  const others = [
    "ObjectRemoved:Delete",
    "ObjectRestore:Completed",
    "LifecycleExpiration:Delete",
    "ObjectAcl:Put",
  ];
  const byDefault = await opened({ "in/a": "x" });
  for (const name of others)
    expect(codes(await run(wire, byDefault.bridge, [of(byDefault.bucket, name)]))).toEqual([]);
  for (const name of ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"])
    expect(codes(await run(wire, byDefault.bridge, [of(byDefault.bucket, name)]))).toEqual(["ran"]);
  const env = { EVENT_NAMES: "s3:ObjectRestore:Completed, ObjectCreated:Copy" };
  const named = await opened({ "in/a": "x" }, ":", { env });
  for (const name of ["ObjectCreated:Put", "ObjectRestore:Post"])
    expect(codes(await run(wire, named.bridge, [of(named.bucket, name)]))).toEqual([]);
  for (const name of ["ObjectRestore:Completed", "ObjectCreated:Copy"])
    expect(codes(await run(wire, named.bridge, [of(named.bucket, name)]))).toEqual(["ran"]);
});

test("G8 outputs tell of their run and depth; equal ones are not stored; MAX_DEPTH ends what is left", async () => {
  const { bucket, bridge } = await opened({ "in/a": "x" }, "cp a o", {
    env: { MAX_DEPTH: "1", PULL_MATCH_KEYS: "a$" },
  });
  await run(wire, bridge, [messageOf(bucket, "in/a")]);
  const stored = await wire.objects.head({ bucket, key: "in/o" });
  expect(stored?.metadata).toMatchObject({
    "bridge-depth": "1",
    "bridge-run": expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const again = await run(wire, bridge, [messageOf(bucket, "in/a")]);
  expect(again.groups).toMatchObject([{ outcome: "ran", uploaded: [] }]);
  expect(codes(await run(wire, bridge, [messageOf(bucket, "in/o")]))).toEqual(["MAX_DEPTH"]);
});

describe("G9 RUN_ONCE runs a set of inputs once", () => {
  const env = { RUN_ONCE: "true", RUNS_TABLE: "runs", PULL_MATCH_KEYS: "in/i" };

  test("needs a table", async () => {
    await expect(bridgeWith(wire, { HANDLER_COMMAND: "true", RUN_ONCE: "true" })).rejects.toThrow(
      "RUNS_TABLE",
    );
  });

  test("whoever tells of them, as often as they do, and at once", async () => {
    const rows = memoryRows();
    const { bucket, handler } = await opened({ "in/i1": "x", "in/i2": "x" }, "sleep 0.3; cp i1 o");
    const bridges = await Promise.all(
      [1, 2, 3].map(() => bridgeWith(wire, { ...handler.env, ...env }, { rows })),
    );
    const all = await Promise.all(bridges.map(each => runBatchOnce(each, bucket)));
    expect(all.flat().sort()).toEqual(["BUSY", "BUSY", "ran"]);
    for (const bridge of bridges) expect(await runBatchOnce(bridge, bucket)).toEqual(["ran-before"]);
    expect(handler.seen()).toHaveLength(1);
    await put(wire, bucket, { "in/i3": "x" });
    expect(await runBatchOnce(bridges[0], bucket)).toEqual(["ran"]);
  });

  test("again after a failure", async () => {
    const then = '[ -e "$OUT/failed" ] || { touch "$OUT/failed"; exit 1; }';
    const { bucket, bridge } = await opened({ "in/i1": "x" }, then, { env, rows: memoryRows() });
    expect(await runBatchOnce(bridge, bucket)).toEqual(["HANDLER_EXIT"]);
    expect(await runBatchOnce(bridge, bucket)).toEqual(["ran"]);
    expect(await runBatchOnce(bridge, bucket)).toEqual(["ran-before"]);
  });

  test("and stores nothing of inputs that changed meanwhile", async () => {
    const then = '[ -e "$OUT/first" ] || { touch "$OUT/first"; sleep 0.4; }; cp i1 o';
    const { bucket, bridge, handler } = await opened({ "in/i1": "x" }, then, { env, rows: memoryRows() });
    const running = runBatchOnce(bridge, bucket);
    await until(() => handler.seen().length > 0);
    await put(wire, bucket, { "in/i1": "newer" });
    expect(await running).toEqual(["INPUTS_CHANGED"]);
    expect(await textsOf(wire, bucket)).toEqual({ "in/i1": "newer" });
    expect(await runBatchOnce(bridge, bucket)).toEqual(["ran"]);
    expect((await textsOf(wire, bucket))["in/o"]).toBe("newer");
  });

  test("and stores nothing once somebody else has taken over", async () => {
    const rows = memoryRows();
    const { bucket, handler } = await opened({ "in/i1": "x" }, 'sleep 0.5; printf "$KEY_PREFIX" > o');
    const bridge = await bridgeWith(wire, { ...handler.env, ...env }, { rows });
    // A clock that runs ahead for the second: to it, the lease of the first has ended.
    const ahead = {
      ...bridge,
      records: (await bridgeWith(wire, { ...handler.env, ...env }, { rows, aheadMs: 10 ** 7 })).records,
    };
    const first = runBatchOnce(bridge, bucket);
    await until(() => handler.seen().length > 0);
    const second = runBatchOnce(ahead, bucket);
    expect([await first, await second]).toEqual([["LEASE_LOST"], ["ran"]]);
  });

  const runBatchOnce = async (bridge: Parameters<typeof run>[1] | undefined, bucket: string) => {
    if (bridge === undefined) throw new Error("Expected a bridge");
    return codes(await runBatch(bridge, [messageOf(bucket, "in/i1")], { remainingMs: () => 60_000 }));
  };
});

describe("G10 duplicates and stale events run nothing", () => {
  const event = (bucket: string, sequencer: string) => messageWith([recordOf(bucket, "in/a", { sequencer })]);

  test("by the sequencer, of whatever length", async () => {
    const { bucket, bridge, handler } = await opened({ "in/a": "x" });
    const told = ["2F", "2F", "1A", "002F", "2f"];
    const all = [];
    for (const each of told) all.push(...codes(await run(wire, bridge, [event(bucket, each)])));
    expect(all).toEqual(["ran", "duplicate", "duplicate", "duplicate", "duplicate"]);
    expect(codes(await run(wire, bridge, [event(bucket, "100")]))).toEqual(["ran"]);
    expect(handler.seen()).toHaveLength(2);
  });

  test("by the latest of those that come together, in whatever order", async () => {
    for (const together of [
      ["1A", "2F"],
      ["2F", "1A"],
    ]) {
      const { bucket, bridge } = await opened({ "in/a": "x" });
      const batch = together.map(sequencer => event(bucket, sequencer));
      expect(codes(await run(wire, bridge, batch))).toEqual(["ran"]);
      expect(codes(await run(wire, bridge, [event(bucket, "2F")]))).toEqual(["duplicate"]);
    }
  });

  test("not of another key", async () => {
    const { bucket, bridge } = await opened({ "in/a": "x", "in/b": "x" });
    await run(wire, bridge, [event(bucket, "2F")]);
    const other = messageWith([recordOf(bucket, "in/b", { sequencer: "1A" })]);
    expect(codes(await run(wire, bridge, [other]))).toEqual(["ran"]);
  });

  test("by the version, where there is no sequencer", async () => {
    const { bucket, bridge } = await opened({ "in/a": "x" });
    const of = (eTag: string) => {
      const record = recordOf(bucket, "in/a");
      return messageWith([{ ...record, s3: { ...record.s3, object: { ...record.s3.object, eTag } } }]);
    };
    const all = [];
    for (const eTag of ["e1", "e1", "e2"]) all.push(...codes(await run(wire, bridge, [of(eTag)])));
    expect(all).toEqual(["ran", "duplicate", "ran"]);
  });

  test("as long as whoever works on them lives, and no longer than a minute after", async () => {
    const [rows, env] = [memoryRows(), { RUNS_TABLE: "runs" }];
    const { bucket, bridge, handler } = await opened({ "in/a": "x" }, "sleep 0.6", { rows, env });
    const message = event(bucket, "2F");
    const at = { remainingMs: () => 60_000 };
    // To the others it is as late as one likes; to the first, beats of 20 s come after 100 ms.
    const later = async (aheadMs: number) =>
      codes(
        await runBatch(await bridgeWith(wire, { ...handler.env, ...env }, { rows, aheadMs }), [message], at),
      );
    const { time } = bridge;
    const fast = {
      ...time,
      alarm: (ms: number, ring: () => void) => time.alarm(ms === 20_000 ? 100 : ms, ring),
    };
    const renewals: number[] = [];
    const records = {
      ...bridge.records,
      renewTrigger: async (...renewed: Parameters<typeof bridge.records.renewTrigger>) => {
        renewals.push(renewed[2]);
        await bridge.records.renewTrigger(...renewed);
      },
    };
    const first = runBatch({ ...bridge, time: fast, records }, [message], at);
    await until(() => handler.seen().length > 0);
    expect(await later(59_000)).toEqual(["BUSY"]);
    expect(codes(await first)).toEqual(["ran"]);
    expect(renewals.length).toBeGreaterThanOrEqual(3);
    expect(new Set(renewals)).toEqual(new Set([60_000]));
    const dead = event(bucket, "3F");
    const claimed = await bridge.records.claimTrigger(
      { bucket, key: "in/a", eventName: "", sequencer: "3F".padStart(32, "0"), messageId: "m" },
      60_000,
    );
    expect(claimed.outcome).toBe("begun");
    const taking = await bridgeWith(wire, { ...handler.env, ...env }, { rows, aheadMs: 60_001 });
    expect(codes(await runBatch(taking, [dead], at))).toEqual(["ran"]);
  });

  test("but what failed is no duplicate, and nor is what is still at work", async () => {
    const rows = memoryRows();
    const { bucket, bridge } = await opened({ "in/a": "x" }, "sleep 0.3; exit 1", { rows });
    const message = event(bucket, "2F");
    const at = { remainingMs: () => 60_000 };
    const [one, two] = await Promise.all([runBatch(bridge, [message], at), runBatch(bridge, [message], at)]);
    expect([...codes(one), ...codes(two)].sort()).toEqual(["BUSY", "HANDLER_EXIT"]);
    expect([...one.failed, ...two.failed]).toEqual([message.id, message.id]);
    expect(codes(await run(wire, bridge, [message]))).toEqual(["HANDLER_EXIT"]);
  });
});

describe("G11 what is overwritten between listing and download", () => {
  const overwriting = (times: number) => (bucket: string) => {
    let left = times;
    return {
      list: async (request: Parameters<ObjectStore["list"]>[0]) => {
        const page = await wire.objects.list(request);
        left -= 1;
        if (left >= 0) await wire.objects.put({ bucket, key: "in/a", body: `newer ${left}` });
        return page;
      },
    };
  };

  test("is listed anew, and pulled as it is then", async () => {
    const { bucket, bridge, handler } = await opened({ "in/a": "x" }, 'cp a "$OUT/copy"', {
      calls: overwriting(1),
    });
    expect(codes(await run(wire, bridge, [messageOf(bucket, "in/a")]))).toEqual(["ran"]);
    expect(readFileSync(join(handler.env.OUT ?? "", "copy"), "utf8")).toBe("newer 0");
  });

  test("fails the group if it happens again", async () => {
    const { bucket, bridge, handler } = await opened({ "in/a": "x" }, ":", { calls: overwriting(9) });
    expect(codes(await run(wire, bridge, [messageOf(bucket, "in/a")]))).toEqual(["INPUTS_CHANGED"]);
    expect(handler.seen()).toEqual([]);
  });
});

test("G12 cold objects can be asked back, and are pulled once they are there", async () => {
  const { bucket, bridge, handler } = await opened({ "in/a": "x" }, ":", { env: { ARCHIVED: "restore" } });
  const client = await wire.clients.s3();
  const cold = { Bucket: bucket, Key: "in/g", Body: "cold", StorageClass: "GLACIER" } as const;
  await client.send(new PutObjectCommand(cold));
  const message = messageOf(bucket, "in/a");
  expect(codes(await run(wire, bridge, [message]))).toEqual(["RESTORING"]);
  expect((await wire.objects.head({ bucket, key: "in/g" }))?.restore).toBeDefined();
  await until(async () => (await wire.objects.head({ bucket, key: "in/g" }))?.restore?.ongoing === false);
  expect(codes(await run(wire, bridge, [message]))).toEqual(["ran"]);
  expect(handler.files()).toEqual(["a", "g"]);
});

test("G13 markers are folders, with files in them or without", async () => {
  const { bucket, bridge, handler } = await opened({ "in/a/b": "x", "in/a/": "", "in/e/f/": "", "in/": "" });
  expect(codes(await run(wire, bridge, [messageOf(bucket, "in/a/b")]))).toEqual(["ran"]);
  const parents = await bridgeWith(wire, { ...handler.env, PULL_PARENT_DIRS: "1" });
  expect(codes(await run(wire, parents, [messageOf(bucket, "in/a/b")]))).toEqual(["ran"]);
  expect(handler.seen().at(-1)?.files).toEqual(["a/b"]);
});

describe("G14 what cannot lie side by side is found before anything is downloaded", () => {
  const paths = (keys: readonly string[], isFolding = false) =>
    localPaths(
      keys.map(key => ({ key, eTag: "", sizeBytes: 0, lastModified: "", storageClass: "STANDARD" as const })),
      { prefix: "", unsafeKeys: "fail", traits: { isFolding, isWindows: false } },
    );

  test.each([[["a", "a/b"]], [["a/b", "a"]], [["a/b/c", "a"]], [["a", "a/"]], [["a/b", "a/b/c/"]]])(
    "%j",
    keys => {
      expect(() => paths(keys)).toThrow(expect.objectContaining({ code: "PATH_COLLISION" }));
    },
  );

  test.each([[["A", "a"]], [["x/A/1", "x/a"]], [["\u00e9", "e\u0301"]]])(
    "%j where case does not count",
    keys => {
      expect(() => paths(keys, true)).toThrow(expect.objectContaining({ code: "PATH_COLLISION" }));
      expect(paths(keys).files).toHaveLength(2);
    },
  );

  test("a name that is too long", () => {
    expect(paths([`a/${"é".repeat(127)}`]).files).toHaveLength(1);
    expect(() => paths([`a/${"é".repeat(128)}`])).toThrow(expect.objectContaining({ code: "NAME_TOO_LONG" }));
  });
});

describe("G15 limits hold before anything is downloaded", () => {
  test.each([
    [{ MAX_OBJECTS: "2" }, "TOO_MANY_OBJECTS"],
    [{ MAX_TOTAL_BYTES: "2" }, "TOO_MANY_BYTES"],
  ])("%j", async (env, code) => {
    const { bucket, bridge, handler } = await opened({ "in/a": "x", "in/b": "x", "in/c": "x" }, ":", { env });
    const downloads = () => wire.clients.counts.requests["s3.GetObject"] ?? 0;
    const before = downloads();
    expect(codes(await run(wire, bridge, [messageOf(bucket, "in/a")]))).toEqual([code]);
    expect(downloads()).toBe(before);
    expect(handler.seen()).toEqual([]);
    const selecting = await bridgeWith(wire, { ...handler.env, ...env, PULL_MATCH_KEYS: "a$,b$" });
    expect(codes(await run(wire, selecting, [messageOf(bucket, "in/a")]))).toEqual(["ran"]);
  });

  test("a disk without room", async () => {
    const folder = await openRunFolder(wire.temporaryFolder, seededRandom(7));
    await expect(checkSpace(folder, 10 ** 16)).rejects.toMatchObject({ code: "NO_SPACE" });
    await expect(checkSpace(folder, 1)).resolves.toBeUndefined();
    await closeRunFolder(folder);
  });
});

describe("G16 large and partial uploads", () => {
  test("parts fit S3's limits for any size", () => {
    for (const sizeBytes of [64 * 2 ** 20, 6 * 2 ** 30, 5 * 2 ** 40]) {
      const ranges = rangesOf(sizeBytes);
      expect(ranges.length).toBeLessThanOrEqual(10_000);
      expect(ranges.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(sizeBytes);
      expect(Math.min(...ranges.slice(0, -1).map(({ bytes }) => bytes))).toBeGreaterThanOrEqual(5 * 2 ** 20);
    }
  });

  test("one that fails in the middle leaves no parts, and the next try stores what is missing", async () => {
    const { bucket, handler } = await opened(
      { "in/a": "x" },
      "printf 1 > o1; truncate -s 70M o2; printf 3 > o3",
    );
    const whole = await bridgeWith(wire, handler.env);
    let isFailing = true;
    const parts: typeof whole.parts = {
      begin: request => whole.parts.begin(request),
      put: (upload, number, body) =>
        isFailing && number === 2
          ? Promise.reject(new Error("the line is dead"))
          : whole.parts.put(upload, number, body),
      complete: (upload, stored) => whole.parts.complete(upload, stored),
      abort: upload => whole.parts.abort(upload),
    };
    const bridge = { ...whole, parts };
    const message = messageOf(bucket, "in/a");
    expect(codes(await run(wire, bridge, [message]))).toEqual(["ERROR"]);
    const client = await wire.clients.s3();
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Uploads).toEqual([]);
    isFailing = false;
    const again = await run(wire, bridge, [message]);
    expect(again.groups[0]).toMatchObject({ outcome: "ran", uploaded: expect.arrayContaining(["in/o2"]) });
    expect(await wire.objects.head({ bucket, key: "in/o2" })).toMatchObject({ sizeBytes: 70 * 2 ** 20 });
  });

  test("a manifest is stored after all outputs, for whoever must see all of them", async () => {
    const order: string[] = [];
    const calls = () => ({
      put: async (request: Parameters<ObjectStore["put"]>[0]) => {
        const answer = await wire.objects.put(request);
        order.push(request.key);
        return answer;
      },
    });
    const env = { MANIFEST_NAME: "_done.json" };
    const { bucket, bridge } = await opened({ "in/a": "x" }, "printf 1 > o1; printf 2 > o2", { env, calls });
    await run(wire, bridge, [messageOf(bucket, "in/a")]);
    expect(order.at(-1)).toBe("in/_done.json");
    const { outputs } = JSON.parse((await textsOf(wire, bucket))["in/_done.json"] ?? "");
    expect(outputs.map(({ key }: { key: string }) => key)).toEqual(["in/o1", "in/o2"]);
  });

  test("an object that tells of the same outputs already is not stored again, one that is gone is", async () => {
    const env = { MANIFEST_NAME: "_done.json", PULL_MATCH_KEYS: "/a$" };
    const { bucket, bridge } = await opened({ "in/a": "x" }, "cp a o", { env });
    const manifest = () => wire.objects.head({ bucket, key: "in/_done.json" });
    await run(wire, bridge, [messageOf(bucket, "in/a")]);
    const first = (await manifest())?.metadata["bridge-run"];
    await run(wire, bridge, [messageOf(bucket, "in/_done.json")]);
    expect((await manifest())?.metadata["bridge-run"]).toBe(first);
    await wire.objects.delete({ bucket, key: "in/_done.json" });
    await run(wire, bridge, [messageOf(bucket, "in/o")]);
    expect((await manifest())?.metadata["bridge-run"]).not.toBe(first);
    await put(wire, bucket, { "in/o": "overwritten" });
    await run(wire, bridge, [messageOf(bucket, "in/a")]);
    expect((await textsOf(wire, bucket))["in/o"]).toBe("x");
  });
});
