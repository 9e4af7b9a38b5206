import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryRows } from "../../src/bridge/memory-rows.ts";
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
  wire = await openWire();
});
afterAll(() => wire.close());

/** One run over objects, by text; the handler does `then` in the folder. */
const ran = async (
  objects: Readonly<Record<string, string>>,
  then: string,
  env: Readonly<Record<string, string>> = {},
) => {
  const [bucket, target] = [freshBucket(wire), freshBucket(wire, "t")];
  await put(wire, bucket, objects);
  const handler = spy(wire, then);
  const toTarget = env.TARGET_BUCKET === "t" ? { TARGET_BUCKET: target } : {};
  const toSource = env.TARGET_BUCKET === "b" ? { TARGET_BUCKET: bucket } : {};
  const bridge = await bridgeWith(wire, { ...handler.env, ...env, ...toTarget, ...toSource });
  const message = messageOf(bucket, "in/a");
  const report = await run(wire, bridge, [message]);
  return {
    bucket,
    bridge,
    message,
    handler,
    failed: [...report.failed],
    group: report.groups[0],
    texts: await textsOf(wire, bucket),
    targetTexts: await textsOf(wire, target),
  };
};

const IN_A = { "in/a": "X" };

describe("uploads", () => {
  test("V26 stores in another bucket what is new; or all of it where asked", async () => {
    const changed = await ran(IN_A, "printf new > o", { TARGET_BUCKET: "t" });
    expect(changed.targetTexts).toEqual({ "in/o": "new" });
    const all = await ran(IN_A, "printf new > o", { TARGET_BUCKET: "t", UPLOAD_MODE: "all" });
    expect(all.targetTexts).toEqual({ "in/a": "X", "in/o": "new" });
  });

  test("V27 takes the bucket's own name for the default", async () => {
    const { group, texts } = await ran(IN_A, "printf new > o", { TARGET_BUCKET: "b" });
    expect(group).toMatchObject({ uploaded: ["in/o"] });
    expect(texts).toEqual({ "in/a": "X", "in/o": "new" });
  });

  test("V28 stores nothing that was written anew with the same bytes", async () => {
    const { group } = await ran(IN_A, "printf X > a; touch a; chmod 600 a");
    expect(group).toMatchObject({ outcome: "ran", uploaded: [] });
  });

  test("V29 stores what changed, though its size did not", async () => {
    const { texts, group } = await ran(IN_A, "printf Y > a");
    expect(group).toMatchObject({ uploaded: ["in/a"] });
    expect(texts).toEqual({ "in/a": "Y" });
  });

  test("V30 keeps what was renamed under its old key too, unless deletions are wanted", async () => {
    const kept = await ran(IN_A, "mv a c");
    expect(kept.texts).toEqual({ "in/a": "X", "in/c": "X" });
    const gone = await ran(IN_A, "mv a c", { PROPAGATE_DELETES: "true" });
    expect(gone.texts).toEqual({ "in/c": "X" });
    expect(gone.group).toMatchObject({ deleted: ["in/a"] });
  });

  test("V31 stores files in new folders, and no empty folder", async () => {
    const { texts } = await ran(IN_A, "mkdir -p x/y e; printf z > x/y/z");
    expect(texts).toEqual({ "in/a": "X", "in/x/y/z": "z" });
  });

  test("V51 does not follow a link, and says so", async () => {
    const { texts, group } = await ran(
      IN_A,
      'printf secret > "$OUT/s"; ln -s "$OUT/s" l; ln -s "$OUT" d; mkfifo p',
    );
    expect(texts).toEqual(IN_A);
    expect(group).toMatchObject({ outcome: "ran", ignored: ["d", "l", "p"] });
    expect(wire.said).toContainEqual(expect.objectContaining({ level: "warn", message: "Not uploaded" }));
  });

  test("V55 stores in parts what is too large for one request", async () => {
    // OUTPUT_BYTES=6442450944 where there are 8 GiB of memory for it (100 s): the local S3 keeps them. From 64 MiB on the way is
    // the same.
    const bytes = Number(process.env.OUTPUT_BYTES ?? 80 * 1024 * 1024 + 1);
    const bucket = freshBucket(wire);
    await put(wire, bucket, IN_A);
    const { env } = spy(wire, `printf end > big; truncate -s ${bytes - 3} big; printf end >> big`);
    const report = await run(wire, await bridgeWith(wire, env), [messageOf(bucket, "in/a")]);
    expect(report.groups).toMatchObject([{ outcome: "ran", uploaded: ["in/big"] }]);
    const head = await wire.objects.head({ bucket, key: "in/big" });
    expect(head).toMatchObject({ sizeBytes: bytes, eTag: expect.stringMatching(/-\d+$/) });
    const start = await wire.objects.get({ bucket, key: "in/big" }, { start: 0, end: 2 });
    const end = await wire.objects.get({ bucket, key: "in/big" }, { start: bytes - 3, end: bytes - 1 });
    expect([start, end].map(each => Buffer.from(each?.body ?? []).toString())).toEqual(["end", "end"]);
  });
});

describe("handlers", () => {
  test("V32 stores nothing of a handler that fails, and has its message come again", async () => {
    const { texts, group, failed, message } = await ran(IN_A, "printf new > o; echo because >&2; exit 1");
    expect(texts).toEqual(IN_A);
    expect(group).toMatchObject({ outcome: "failed", code: "HANDLER_EXIT" });
    expect(group).toMatchObject({ reason: expect.stringContaining("because") });
    expect(failed).toEqual([message.id]);
  });

  test("V33 fails a group whose command is not there", async () => {
    const env = { HANDLER_SHELL: "false", HANDLER_COMMAND: "no-such-program --flag" };
    const { group, failed } = await ran(IN_A, "", env);
    expect(group).toMatchObject({ code: "HANDLER_MISSING" });
    expect(failed).toHaveLength(1);
  });

  test("V34 names the variables as it is told", async () => {
    const names = { ROOT_FOLDER_VAR: "RF", BUCKET_VAR: "BK", KEY_PREFIX_VAR: "KP" };
    const told = 'printf "%s" "$BK $KP $(env | grep -c ^ROOT_FOLDER=) $(ls "$RF")" > "$OUT/told"';
    const { handler, bucket } = await ran(IN_A, "", { ...names, HANDLER_COMMAND: told });
    expect(readFileSync(join(handler.env.OUT ?? "", "told"), "utf8")).toBe(`${bucket} in/ 0 a`);
  });
});

describe("keys", () => {
  test("V36 makes folders of markers", async () => {
    const objects = { ...IN_A, "in/": "", "in/s/": "" };
    const { group, handler } = await ran(objects, 'ls -F | tr "\\n" " " > "$OUT/listed"');
    expect(group).toMatchObject({ outcome: "ran", uploaded: [] });
    expect(readFileSync(join(handler.env.OUT ?? "", "listed"), "utf8")).toBe("a s/ ");
  });

  test.each([
    ["V37", "in/../../evil"],
    ["V38", "in//etc/x"],
  ])("%s pulls nothing for %s", async (_, key) => {
    const bucket = freshBucket(wire);
    await wire.cloud.objects.put({ bucket, key: "in/a", body: "X" });
    await wire.cloud.objects.put({ bucket, key, body: "evil" });
    const handler = spy(wire);
    const bridge = await bridgeWith(wire, handler.env);
    const message = messageOf(bucket, "in/a");
    const report = await run(wire, bridge, [message]);
    expect(report.groups).toMatchObject([{ code: "UNSAFE_KEY" }]);
    expect([...report.failed]).toEqual([message.id]);
    expect(handler.seen()).toEqual([]);
    const skipping = await bridgeWith(wire, { ...handler.env, UNSAFE_KEYS: "skip" });
    expect((await run(wire, skipping, [message])).groups).toMatchObject([{ outcome: "ran", skipped: [key] }]);
    expect(handler.files()).toEqual(["a"]);
  });

  test("V45 fails where a file would have to be a folder too", async () => {
    const { group, handler } = await ran({ ...IN_A, "in/a/b": "x" }, "");
    expect(group).toMatchObject({ code: "PATH_COLLISION" });
    expect(handler.seen()).toEqual([]);
  });
});

describe("listings", () => {
  test("V39 pulls 2,500 objects, a bounded number at once", async () => {
    const bucket = freshBucket(wire);
    for (let n = 0; n < 2_500; n += 1)
      await wire.cloud.objects.put({ bucket, key: `in/${n}`, body: String(n) });
    let now = 0;
    let most = 0;
    const objects = withCalls(wire.objects, {
      stream: async address => {
        now += 1;
        most = Math.max(most, now);
        const found = await wire.objects.stream(address);
        now -= 1;
        return found;
      },
    });
    const handler = spy(wire);
    const env = { ...handler.env, EXECUTION_FILTER_EXPR: "length==2500" };
    const pages = () => wire.clients.counts.requests["s3.ListObjectsV2"] ?? 0;
    const before = pages();
    const bridge = await bridgeWith(wire, env, { objects });
    const report = await run(wire, bridge, [messageOf(bucket, "in/7")]);
    expect(report.groups).toMatchObject([{ outcome: "ran", pulled: 2_500, uploaded: [] }]);
    expect(pages() - before).toBe(3);
    expect(most).toBeLessThanOrEqual(16);
    expect(handler.files()).toHaveLength(2_500);
  });

  test("V46 lists anew when an object is gone meanwhile", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "X", "in/b": "X" });
    let deletions = 0;
    const objects = withCalls(wire.objects, {
      list: async request => {
        const page = await wire.objects.list(request);
        if (deletions === 0) await wire.objects.delete({ bucket, key: "in/b" });
        deletions += 1;
        return page;
      },
    });
    const handler = spy(wire);
    const bridge = await bridgeWith(wire, handler.env, { objects });
    const report = await run(wire, bridge, [messageOf(bucket, "in/a")]);
    expect(report.groups).toMatchObject([{ outcome: "ran" }]);
    expect(handler.files()).toEqual(["a"]);
    expect(deletions).toBe(2);
  });

  test("V47 fails on cold objects and names one, or leaves them out", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, IN_A);
    const client = await wire.clients.s3();
    const cold = { Bucket: bucket, Key: "in/g", Body: "x", StorageClass: "GLACIER" } as const;
    await client.send(new PutObjectCommand(cold));
    const handler = spy(wire);
    const message = messageOf(bucket, "in/a");
    const failing = await run(wire, await bridgeWith(wire, handler.env), [message]);
    expect(failing.groups).toMatchObject([{ code: "ARCHIVED", reason: expect.stringContaining("in/g") }]);
    const skipping = await run(wire, await bridgeWith(wire, { ...handler.env, ARCHIVED: "skip" }), [message]);
    expect(skipping.groups).toMatchObject([{ outcome: "ran", skipped: ["in/g"] }]);
    expect(handler.files()).toEqual(["a"]);
  });
});

describe("events", () => {
  test("V40 passes over a deletion", async () => {
    const bucket = freshBucket(wire);
    const handler = spy(wire);
    const bridge = await bridgeWith(wire, handler.env);
    const removed = recordOf(bucket, "in/a", { eventName: "ObjectRemoved:Delete" });
    const report = await run(wire, bridge, [messageWith([removed])]);
    expect(report).toMatchObject({ groups: [], skipped: 1 });
    expect(report.failed.size).toBe(0);
  });

  test("V41 is done with a test event, and goes on", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, IN_A);
    const handler = spy(wire, "printf new > o");
    const bridge = await bridgeWith(wire, handler.env);
    const testEvent = { id: "test", body: JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }) };
    const report = await run(wire, bridge, [testEvent, messageOf(bucket, "in/a")]);
    expect(report.failed.size).toBe(0);
    expect(await textsOf(wire, bucket)).toEqual({ ...IN_A, "in/o": "new" });
  });

  test("V42 reads events that SNS has wrapped", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, IN_A);
    const handler = spy(wire);
    const bridge = await bridgeWith(wire, handler.env);
    const { id, body } = messageOf(bucket, "in/a");
    await run(wire, bridge, [{ id, body: JSON.stringify({ Type: "Notification", Message: body }) }]);
    expect(handler.files()).toEqual(["a"]);
  });

  test("V43 goes on with other groups, and has only the failed one's message come again", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "a/1": "x", "z/1": "x" });
    const handler = spy(wire, '[ "$KEY_PREFIX" != a/ ]');
    const bridge = await bridgeWith(wire, handler.env);
    const [one, two] = [messageOf(bucket, "a/1"), messageOf(bucket, "z/1")];
    const report = await run(wire, bridge, [one, two]);
    expect([...report.failed]).toEqual([one.id]);
    expect(report.groups.map(({ outcome }) => outcome)).toEqual(["failed", "ran"]);
  });

  test("V44 runs only what failed when a message comes again", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "a/1": "x", "z/1": "x" });
    const once = '[ "$KEY_PREFIX" != a/ ] || [ -e "$OUT/failed" ] || { touch "$OUT/failed"; exit 1; }';
    const handler = spy(wire, once);
    // Another function gets the message again: all they share is the table.
    const [rows, env] = [memoryRows(), { ...handler.env, RUNS_TABLE: "runs" }];
    const message = messageOf(bucket, "a/1", "z/1");
    const first = await run(wire, await bridgeWith(wire, env, { rows }), [message]);
    expect([...first.failed]).toEqual([message.id]);
    const second = await run(wire, await bridgeWith(wire, env, { rows }), [message]);
    expect(second.failed.size).toBe(0);
    expect(handler.seen().map(({ prefix }) => prefix)).toEqual(["a/", "z/", "a/"]);
  });

  test("V54 skips a record without a key, and counts it", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, IN_A);
    const handler = spy(wire);
    const bridge = await bridgeWith(wire, handler.env);
    const keyless = { ...recordOf(bucket, "in/a"), s3: { bucket: { name: bucket }, object: {} } };
    const report = await run(wire, bridge, [messageWith([keyless, recordOf(bucket, "in/a")])]);
    expect(report).toMatchObject({ skipped: 1, groups: [{ outcome: "ran" }] });
    expect(handler.files()).toEqual(["a"]);
  });
});

describe("loops", () => {
  test("V48 ends at the greatest depth, with a name for it", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, IN_A);
    const handler = spy(wire, "od -An -N8 -tx1 /dev/urandom > o");
    const bridge = await bridgeWith(wire, { ...handler.env, MAX_DEPTH: "3" });
    const outcomes: string[] = [];
    let keys: readonly string[] = ["in/a"];
    for (let round = 0; keys.length > 0 && round < 10; round += 1) {
      const [group] = (await run(wire, bridge, [messageOf(bucket, ...keys)])).groups;
      outcomes.push(group?.outcome === "failed" ? group.code : (group?.outcome ?? "none"));
      keys = group?.outcome === "ran" ? group.uploaded : [];
    }
    expect(outcomes).toEqual(["ran", "ran", "ran", "MAX_DEPTH"]);
  });

  test("V49 ends by itself where the output is always the same", async () => {
    const { bridge, bucket, handler, group } = await ran(IN_A, "cp a o");
    expect(group).toMatchObject({ uploaded: ["in/o"] });
    const again = await run(wire, bridge, [messageOf(bucket, "in/o")]);
    expect(again.groups).toMatchObject([{ outcome: "ran", uploaded: [] }]);
    expect(handler.seen().map(({ files }) => files)).toEqual([["a"], ["a", "o"]]);
  });
});
