import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InvalidSetting } from "../../src/bridge/settings.ts";
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
} from "./bridge-on-wire.ts";
import { spy } from "./spy.ts";

let wire: Wire;
beforeAll(async () => {
  wire = await openWire();
});
afterAll(() => wire.close());

/** Runs one batch over objects of one letter each, and tells what the handler saw. */
const saw = async (
  env: Readonly<Record<string, string>>,
  keys: readonly string[],
  events: readonly string[],
  then?: string,
) => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, Object.fromEntries(keys.map(key => [key, "x"])));
  const handler = spy(wire, then);
  const bridge = await bridgeWith(wire, { ...handler.env, ...env });
  const report = await run(wire, bridge, [messageOf(bucket, ...events)]);
  const seen = handler.seen();
  return {
    bucket,
    bridge,
    report,
    runs: seen.map(({ prefix, files }) => ({ prefix, files })),
    failed: report.failed.size,
    groups: report.groups.map(group => (group.outcome === "failed" ? group.code : group.outcome)),
    texts: () => textsOf(wire, bucket),
  };
};

const invalid = async (env: Readonly<Record<string, string>>): Promise<string> => {
  const error = await bridgeWith(wire, { HANDLER_COMMAND: "true", ...env }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidSetting);
  return (error as InvalidSetting).message;
};

describe("groups", () => {
  test("V1 pulls the folder of the key and uploads what is new", async () => {
    const { runs, texts, bucket } = await saw({}, ["in/a.txt"], ["in/a.txt"], 'printf new > "out.txt"');
    expect(runs).toEqual([{ prefix: "in/", files: ["a.txt"] }]);
    expect(await textsOf(wire, bucket)).toEqual({ "in/a.txt": "x", "in/out.txt": "new" });
    expect(Object.keys(await texts())).toHaveLength(2);
  });

  test("V2 runs a folder once, however many of its events come", async () => {
    const { runs } = await saw({}, ["in/a", "in/b"], ["in/a", "in/b", "in/a"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a", "b"] }]);
  });

  test("V3 runs groups one after the other, in the order of their bytes", async () => {
    const { runs } = await saw({}, ["z/1", "a/1"], ["z/1", "a/1"]);
    expect(runs.map(({ prefix }) => prefix)).toEqual(["a/", "z/"]);
  });

  test("V3 may run groups at once where configured", async () => {
    // Each waits for the other: one after the other, neither would end.
    const meet =
      'touch "$OUT/$(basename "$KEY_PREFIX")"; until [ -e "$OUT/a" ] && [ -e "$OUT/z" ]; do sleep 0.02; done';
    const env = { GROUPS_AT_ONCE: "2", HANDLER_SECONDS: "20" };
    const { groups } = await saw(env, ["z/1", "a/1"], ["z/1", "a/1"], meet);
    expect(groups).toEqual(["ran", "ran"]);
  });

  test("V4 takes parent folders", async () => {
    const env = { PULL_PARENT_DIRS: "1" };
    const { runs, texts } = await saw(env, ["p/q/a", "p/r/x"], ["p/q/a"], "printf y > q/a");
    expect(runs).toEqual([{ prefix: "p/", files: ["q/a", "r/x"] }]);
    expect(await texts()).toEqual({ "p/q/a": "y", "p/r/x": "x" });
  });

  test("V5 takes the bucket where there are not so many folders, or fails", async () => {
    const many = { PULL_PARENT_DIRS: "9" };
    const { runs, texts } = await saw(many, ["p/q/a", "x"], ["p/q/a"], "printf y > o");
    expect(runs).toEqual([{ prefix: "", files: ["p/q/a", "x"] }]);
    expect((await texts()).o).toBe("y");
    const { groups } = await saw({ ...many, PREFIX_UNDERFLOW: "fail" }, ["p/q/a"], ["p/q/a"]);
    expect(groups).toEqual(["PREFIX_UNDERFLOW"]);
  });

  test("V6 takes the bucket for a negative number", async () => {
    const { runs } = await saw({ PULL_PARENT_DIRS: "-1" }, ["p/a", "x"], ["p/a"]);
    expect(runs).toEqual([{ prefix: "", files: ["p/a", "x"] }]);
  });

  test("V7 takes the bucket for a key at its root", async () => {
    const { runs } = await saw({}, ["a", "d/e"], ["a"]);
    expect(runs).toEqual([{ prefix: "", files: ["a", "d/e"] }]);
  });

  test("V8 takes folders below", async () => {
    const { runs } = await saw({}, ["in/a", "in/s/b"], ["in/a"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a", "s/b"] }]);
  });

  test("V50 runs a folder and one within it, or both as one", async () => {
    const [keys, events] = [
      ["a/x", "a/b/y"],
      ["a/x", "a/b/y"],
    ];
    const two = await saw({}, keys, events);
    expect(two.runs).toEqual([
      { prefix: "a/", files: ["b/y", "x"] },
      { prefix: "a/b/", files: ["y"] },
    ]);
    const one = await saw({ MERGE_GROUPS: "true" }, keys, events);
    expect(one.runs).toEqual([{ prefix: "a/", files: ["b/y", "x"] }]);
  });

  test("V52 keeps events of two buckets apart, outputs too", async () => {
    const [one, two] = [freshBucket(wire), freshBucket(wire)];
    for (const bucket of [one, two]) await put(wire, bucket, { "in/a": bucket });
    const handler = spy(wire, "cp a o");
    const bridge = await bridgeWith(wire, handler.env);
    await run(wire, bridge, [messageOf(one, "in/a"), messageOf(two, "in/a")]);
    expect(handler.seen().map(({ bucket }) => bucket)).toEqual([one, two]);
    for (const bucket of [one, two])
      expect(await textsOf(wire, bucket)).toEqual({ "in/a": bucket, "in/o": bucket });
  });
});

describe("patterns", () => {
  test("V9 does not run for a key that does not match", async () => {
    const { runs, failed } = await saw({ MATCH_KEY: "\\.csv$" }, ["in/a.txt"], ["in/a.txt"]);
    expect([runs, failed]).toEqual([[], 0]);
  });

  test("V10 finds a pattern anywhere in the key", async () => {
    const { runs } = await saw({ MATCH_KEY: "csv" }, ["mycsvdir/a.txt"], ["mycsvdir/a.txt"]);
    expect(runs).toEqual([{ prefix: "mycsvdir/", files: ["a.txt"] }]);
  });

  test("V11 heeds anchors", async () => {
    const { runs } = await saw({ MATCH_KEY: "^in/" }, ["pre/in/a"], ["pre/in/a"]);
    expect(runs).toEqual([]);
  });

  test("V12 takes an empty pattern for any key", async () => {
    const { runs } = await saw({ MATCH_KEY: "" }, ["in/a"], ["in/a"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a"] }]);
  });

  test("V13 filters over all objects and pulls those that match", async () => {
    const env = { PULL_MATCH_KEYS: "\\.txt$,\\.json$", EXECUTION_FILTER_EXPR: "length==3" };
    const { runs } = await saw(env, ["in/a.txt", "in/b.json", "in/c.bin"], ["in/a.txt"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a.txt", "b.json"] }]);
  });

  test("V14 need not pull what triggers", async () => {
    const env = { MATCH_KEY: "\\.trg$", PULL_MATCH_KEYS: "\\.txt$" };
    const { runs } = await saw(env, ["in/go.trg", "in/a.txt"], ["in/go.trg"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a.txt"] }]);
  });

  test("V15 stores nothing that S3 holds already, pulled or not", async () => {
    const { runs, report } = await saw({ PULL_MATCH_KEYS: "^$" }, ["in/a"], ["in/a"], "printf x > a");
    expect(runs).toEqual([{ prefix: "in/", files: [] }]);
    expect(report.groups).toMatchObject([{ outcome: "ran", uploaded: [] }]);
  });

  test("V16 refuses an empty pattern among others", async () => {
    expect(await invalid({ PULL_MATCH_KEYS: "\\.txt$," })).toContain("PULL_MATCH_KEYS");
  });

  test("V17 matches the whole key", async () => {
    const { runs } = await saw({ PULL_MATCH_KEYS: "^in/s/" }, ["in/a", "in/s/b"], ["in/a"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["s/b"] }]);
  });

  test("V35a decodes keys before they are matched", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/my file(1).txt": "x" });
    const handler = spy(wire);
    const bridge = await bridgeWith(wire, { ...handler.env, MATCH_KEY: "my file" });
    await run(wire, bridge, [messageWith([recordOf(bucket, "", { encoded: "in/my+file%281%29.txt" })])]);
    expect(handler.files()).toEqual(["my file(1).txt"]);
  });

  test("V35b decodes the folder of a key", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "my dir/a": "x" });
    const handler = spy(wire);
    const bridge = await bridgeWith(wire, handler.env);
    await run(wire, bridge, [messageWith([recordOf(bucket, "", { encoded: "my+dir/a" })])]);
    expect(handler.seen()).toEqual([{ bucket, prefix: "my dir/", files: ["a"] }]);
  });
});

describe("the filter", () => {
  test("V18a stops on false", async () => {
    const { runs, groups } = await saw({ EXECUTION_FILTER_EXPR: "length == 2" }, ["in/a"], ["in/a"]);
    expect([runs, groups]).toEqual([[], ["filtered"]]);
  });

  test("V18b lets it run on true", async () => {
    const { runs } = await saw({ EXECUTION_FILTER_EXPR: "length == 2" }, ["in/a", "in/b"], ["in/b"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a", "b"] }]);
  });

  test.each(["null", "0", '""', '"false"', "[]", "[false]", "empty"])(
    "V19 lets it run on %s",
    async filter => {
      const { runs } = await saw({ EXECUTION_FILTER_EXPR: filter }, ["in/a"], ["in/a"]);
      expect(runs).toEqual([{ prefix: "in/", files: ["a"] }]);
    },
  );

  test.each(["false, true", "true, false"])("V20 fails on several outputs: %s", async filter => {
    const { runs, groups, failed } = await saw({ EXECUTION_FILTER_EXPR: filter }, ["in/a"], ["in/a"]);
    expect([runs, groups, failed]).toEqual([[], ["FILTER_FAILED"], 1]);
  });

  test("V21 fails on an error", async () => {
    const { runs, groups } = await saw({ EXECUTION_FILTER_EXPR: ".Key" }, ["in/a"], ["in/a"]);
    expect([runs, groups]).toEqual([[], ["FILTER_FAILED"]]);
  });

  test("V22 refuses two filters", async () => {
    const file = join(wire.scratch, "both.jq");
    writeFileSync(file, "true");
    const env = { EXECUTION_FILTER_EXPR: "true", EXECUTION_FILTER_FILE: file };
    expect(await invalid(env)).toContain("both");
  });

  test.each(["", " "])("V23a takes blank ones for none: '%s'", async blank => {
    const env = { EXECUTION_FILTER_EXPR: blank, EXECUTION_FILTER_FILE: blank };
    const { runs } = await saw(env, ["in/a"], ["in/a"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a"] }]);
  });

  test("V23b refuses a file that is missing, not UTF-8, or empty", async () => {
    const [latin, empty] = [join(wire.scratch, "latin.jq"), join(wire.scratch, "empty.jq")];
    writeFileSync(latin, Buffer.from([0x22, 0xe9, 0x22]));
    writeFileSync(empty, "\n");
    for (const file of [join(wire.scratch, "none.jq"), latin, empty])
      expect(await invalid({ EXECUTION_FILTER_FILE: file })).toContain("EXECUTION_FILTER_FILE");
  });

  test("V23c reads a filter from a file", async () => {
    const file = join(wire.scratch, "f.jq");
    writeFileSync(file, "length>0\n");
    const { runs } = await saw({ EXECUTION_FILTER_FILE: file }, ["in/a"], ["in/a"]);
    expect(runs).toEqual([{ prefix: "in/", files: ["a"] }]);
  });

  test("V24 shows objects as S3's API does, and nothing more", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "x" });
    const [listed] = (await wire.objects.list({ bucket })).objects;
    const expected = {
      ETag: `"${listed?.eTag}"`,
      Key: "in/a",
      LastModified: listed?.lastModified.replace(/\.\d+Z$/, "Z"),
      Size: 1,
      StorageClass: "STANDARD",
    };
    const handler = spy(wire);
    const filter = `. == [${JSON.stringify(expected)}] and (.[0].LastModified | fromdateiso8601 > 0)`;
    const bridge = await bridgeWith(wire, { ...handler.env, EXECUTION_FILTER_EXPR: filter });
    const { groups } = await run(wire, bridge, [messageOf(bucket, "in/a")]);
    expect(groups).toMatchObject([{ outcome: "ran" }]);
    expect(listed?.eTag).toMatch(/^[0-9a-f]{32}$/);
  });

  test("V25 coordinates map and reduce by the filter of the seed", async () => {
    const filter = `group_by(.Key | split("/") | .[:-1]) | all(
      any(.Key | split("/") | .[-1] == "input.txt") and
      any(.Key | split("/") | .[-1] == "output.txt")
    )`;
    const bucket = freshBucket(wire);
    const handler = spy(wire);
    const env = { ...handler.env, EXECUTION_FILTER_EXPR: filter, PULL_PARENT_DIRS: "1" };
    const bridge = await bridgeWith(wire, env);
    await put(wire, bucket, { "p/1/input.txt": "1", "p/1/output.txt": "1", "p/2/input.txt": "2" });
    const first = await run(wire, bridge, [messageOf(bucket, "p/1/output.txt")]);
    expect(first.groups).toMatchObject([{ outcome: "filtered", value: "false" }]);
    await put(wire, bucket, { "p/2/output.txt": "2" });
    await run(wire, bridge, [messageOf(bucket, "p/2/output.txt")]);
    expect(handler.seen()).toMatchObject([
      { prefix: "p/", files: ["1/input.txt", "1/output.txt", "2/input.txt", "2/output.txt"] },
    ]);
  });

  test("V53 refuses what cannot work before any event", async () => {
    expect(await invalid({ PULL_PARENT_DIRS: "x" })).toContain("PULL_PARENT_DIRS");
    expect(await invalid({ MATCH_KEY: "(" })).toContain("MATCH_KEY");
    expect(await invalid({ EXECUTION_FILTER_EXPR: "(" })).toContain("EXECUTION_FILTER_EXPR");
  });
});
