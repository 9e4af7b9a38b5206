import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compilePattern, InvalidPattern } from "../../src/bridge/pattern.ts";
import { runBatch } from "../../src/bridge/run-batch.ts";
import { isUntouched } from "../../src/bridge/signature.ts";
import { wordsOf } from "../../src/bridge/words.ts";
import {
  bridgeWith,
  freshBucket,
  messageOf,
  openWire,
  put,
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

type Env = Readonly<Record<string, string>>;

/** One run; the handler does `then`, and may write to `$OUT`. */
const ran = async (
  objects: Env,
  then: string,
  env: Env = {},
  options: { remainingMs?: () => number } = {},
) => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, objects);
  const handler = spy(wire, then);
  const bridge = await bridgeWith(wire, { ...handler.env, ...env });
  const message = messageOf(bucket, "in/a");
  const report = await run(wire, bridge, [message], options);
  const out = handler.env.OUT ?? "";
  const wrote = (name: string) =>
    existsSync(join(out, name)) ? readFileSync(join(out, name), "utf8") : undefined;
  return { bucket, handler, message, group: report.groups[0], wrote, texts: await textsOf(wire, bucket) };
};

describe("G17 deletions", () => {
  test("are not passed on by default, nor to another bucket", async () => {
    expect((await ran({ "in/a": "x" }, "rm a")).texts).toEqual({ "in/a": "x" });
    const env = { PROPAGATE_DELETES: "true", TARGET_BUCKET: freshBucket(wire) };
    expect((await ran({ "in/a": "x" }, "rm a", env)).texts).toEqual({ "in/a": "x" });
  });

  test("spare what a link stands in for", async () => {
    const env = { PROPAGATE_DELETES: "true" };
    const texts = { "in/a": "x", "in/b": "y", "in/s/c": "z", "in/t/d": "z" };
    const then = "ln -sf b a; mv s ../s; ln -s ../s s; rm -r t; echo file > t";
    const kept = { "in/a": "x", "in/b": "y", "in/s/c": "z", "in/t": "file\n" };
    expect((await ran(texts, then, env)).texts).toEqual(kept);
  });

  test("spare what was overwritten meanwhile, and what was never pulled", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "x", "in/b": "x", "in/other": "x" });
    const handler = spy(wire, "rm a b");
    const objects = withCalls(wire.objects, {
      stream: async address => {
        const found = await wire.objects.stream(address);
        if (address.key === "in/b") await wire.objects.put({ bucket, key: "in/b", body: "newer" });
        return found;
      },
    });
    const env = { ...handler.env, PROPAGATE_DELETES: "true", PULL_MATCH_KEYS: "a$,b$" };
    const { groups } = await run(wire, await bridgeWith(wire, env, { objects }), [messageOf(bucket, "in/a")]);
    expect(groups).toMatchObject([{ deleted: ["in/a"] }]);
    expect(await textsOf(wire, bucket)).toEqual({ "in/b": "newer", "in/other": "x" });
  });
});

describe("G19 a filter that fails", () => {
  test.each([
    ["fail", "failed"],
    ["run", "ran"],
    ["skip", "filtered"],
  ])("may %s", async (choice, outcome) => {
    const env = { EXECUTION_FILTER_EXPR: ".Key", FILTER_ON_ERROR: choice };
    expect((await ran({ "in/a": "x" }, ":", env)).group).toMatchObject({ outcome });
  });

  test("for time is ended", async () => {
    const env = {
      EXECUTION_FILTER_EXPR: "if length > 0 then last(range(1e12)) else 0 end",
      FILTER_SECONDS: "1",
    };
    expect((await ran({ "in/a": "x" }, ":", env)).group).toMatchObject({ code: "FILTER_TIMEOUT" });
  });
});

test("G20 the handler can read what triggered it, in a file that is not uploaded", async () => {
  const { group, wrote, bucket, message } = await ran(
    { "in/a": "x" },
    'cat "$EVENTS_FILE" > "$OUT/events"; echo "$TARGET_BUCKET $BRIDGE_RUN_ID" > "$OUT/told"',
  );
  expect(group).toMatchObject({ outcome: "ran", uploaded: [] });
  const events = [{ bucket, key: "in/a", eventName: "ObjectCreated:Put", messageId: message.id }];
  expect(JSON.parse(wrote("events") ?? "")).toMatchObject({ bucket, prefix: "in/", events });
  expect(wrote("told")).toMatch(new RegExp(`^${bucket} [0-9a-f]{16}\n$`));
});

describe("G21 the handler's deadline", () => {
  test("is the function's, less what the upload needs", async () => {
    const env = { UPLOAD_RESERVE_SECONDS: "30" };
    const startedMs = performance.now();
    const endsMs = startedMs + 31_500;
    const { group } = await ran({ "in/a": "x" }, "sleep 1000", env, {
      remainingMs: () => endsMs - performance.now(),
    });
    expect(group).toMatchObject({ code: "HANDLER_TIMEOUT" });
    expect(performance.now() - startedMs).toBeLessThan(30_000);
  });

  test("lets nothing begin that cannot end", async () => {
    const { group, handler } = await ran({ "in/a": "x" }, ":", {}, { remainingMs: () => 20_500 });
    expect(group).toMatchObject({ code: "NO_TIME" });
    expect(handler.seen()).toEqual([]);
  });
});

test("G22 secrets can be kept from the handler", async () => {
  const then = 'env | cut -d= -f1 | sort > "$ROOT_FOLDER/../../seen-env"';
  const secret = { AWS_SECRET_ACCESS_KEY: "secret", API_TOKEN: "secret" };
  const names = () => readFileSync(join(wire.temporaryFolder, "seen-env"), "utf8").split("\n");
  const bucket = freshBucket(wire);
  await put(wire, bucket, { "in/a": "x" });
  for (const [choice, isThere] of [
    ["inherit", true],
    ["minimal", false],
  ] as const) {
    const env = { HANDLER_SHELL: "true", HANDLER_COMMAND: then, HANDLER_ENV: choice, ...secret };
    const bridge = await bridgeWith(wire, env);
    await runBatch(bridge, [messageOf(bucket, "in/a")], { remainingMs: () => 60_000 });
    expect(names().includes("AWS_SECRET_ACCESS_KEY")).toBe(isThere);
    expect(names().includes("API_TOKEN")).toBe(isThere);
    expect(names()).toEqual(expect.arrayContaining(["PATH", "ROOT_FOLDER", "BUCKET", "KEY_PREFIX"]));
    rmSync(join(wire.temporaryFolder, "seen-env"));
  }
});

test("G23 patterns with commas are written as JSON", async () => {
  const keys = { "in/a": "x", "in/aa": "x", "in/aaa": "x" };
  const { handler } = await ran(keys, ":", { PULL_MATCH_KEYS: '["/a{1,2}$"]' });
  expect(handler.files()).toEqual(["a", "aa"]);
  const classes = await ran({ ...keys, "in/b": "x" }, ":", { PULL_MATCH_KEYS: "[b]$, aaa" });
  expect(classes.handler.files()).toEqual(["aaa", "b"]);
  await expect(bridgeWith(wire, { HANDLER_COMMAND: "true", PULL_MATCH_KEYS: '[""]' })).rejects.toThrow(
    "empty",
  );
});

test("G24 the folders below can be left out", async () => {
  const keys = { "in/a": "x", "in/s/b": "x", "in/s/t/c": "x", "in/e/": "" };
  const of = async (depth: string) => (await ran(keys, ":", { PULL_DEPTH: depth })).handler.files();
  expect(await of("0")).toEqual(["a"]);
  expect(await of("1")).toEqual(["a", "s/b"]);
  expect(await of("2")).toEqual(["a", "s/b", "s/t/c"]);
});

test("G26 a change that hides behind the same size and times is found", async () => {
  const { texts, group } = await ran(
    { "in/a": "old!" },
    'touch -r a "$OUT/ref"; sleep 0.1; printf "new!" > a; touch -r "$OUT/ref" a',
  );
  expect(group).toMatchObject({ uploaded: ["in/a"] });
  expect(texts).toEqual({ "in/a": "new!" });
});

test("G26 a stamp from right before the handler's start is not believed", () => {
  const stamp = { inode: 1n, sizeBytes: 4n, modifiedNs: 5n, changedNs: 1_000_000_000n };
  expect(isUntouched(stamp, stamp, 1_100_000_000n)).toBe(true);
  expect(isUntouched(stamp, stamp, 1_010_000_000n)).toBe(false);
  for (const change of [{ inode: 2n }, { sizeBytes: 5n }, { modifiedNs: 6n }, { changedNs: 999_999_999n }])
    expect(isUntouched(stamp, { ...stamp, ...change }, 1_100_000_000n)).toBe(false);
});

test("G27 outputs have a type; changed inputs keep theirs and what was said of them", async () => {
  const bucket = freshBucket(wire);
  const said = { metadata: { owner: "me" }, contentType: "text/x-mine" };
  await wire.objects.put({ bucket, key: "in/a", body: "x", ...said });
  const bridge = await bridgeWith(wire, spy(wire, "printf y > a; printf 1 > o.csv; printf 1 > none").env);
  await run(wire, bridge, [messageOf(bucket, "in/a")]);
  const changed = await wire.objects.head({ bucket, key: "in/a" });
  expect(changed).toMatchObject({
    contentType: "text/x-mine",
    metadata: { owner: "me", "bridge-depth": "1" },
  });
  expect(await wire.objects.head({ bucket, key: "in/o.csv" })).toMatchObject({ contentType: "text/csv" });
});

test("G28 a folder that is a link is not walked, however it loops", async () => {
  const { group, texts } = await ran({ "in/a": "x" }, "ln -s . loop; ln -s / all; mkdir d; ln -s ../d d/up");
  expect(group).toMatchObject({ outcome: "ran", uploaded: [], ignored: ["all", "d/up", "loop"] });
  expect(texts).toEqual({ "in/a": "x" });
});

describe("G30 a command", () => {
  test("is split into words, and runs in no shell", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "x" });
    const command = `sh -c 'printf "%s|" "$@" > "$OUT/words"' name 'two words' "a\\"b" $HOME '*' \\; c""d`;
    const handler = spy(wire);
    const env = { OUT: handler.env.OUT ?? "", HANDLER_COMMAND: command };
    await run(wire, await bridgeWith(wire, env), [messageOf(bucket, "in/a")]);
    expect(readFileSync(join(handler.env.OUT ?? "", "words"), "utf8")).toBe('two words|a"b|$HOME|*|;|cd|');
  });

  test("is split as a shell would", () => {
    expect(wordsOf(` a  'b c'"d e"\\ f "" '\\' "\\x\\$" `)).toEqual(["a", "b cd e f", "", "\\", "\\x$"]);
    expect(() => wordsOf("a 'b")).toThrow("quote");
  });

  test.each(["", "  ", "'a", "''"])("cannot be %j", async command => {
    await expect(bridgeWith(wire, { HANDLER_COMMAND: command })).rejects.toThrow("HANDLER_COMMAND");
  });
});

test("G32 a key below the root folder has that for its prefix", async () => {
  const bucket = freshBucket(wire);
  await wire.objects.put({ bucket, key: "/b", body: "x" });
  await wire.objects.put({ bucket, key: "other", body: "x" });
  const handler = spy(wire, "cp b o");
  const report = await run(wire, await bridgeWith(wire, handler.env), [messageOf(bucket, "/b")]);
  expect(handler.seen()).toMatchObject([{ prefix: "/", files: ["b"] }]);
  expect(report.groups).toMatchObject([{ uploaded: ["/o"] }]);
});

describe("patterns are those of Rust", () => {
  test.each(["[a-z&&[^b]]", "[a[bc]]", "[a~~b]", "a{1", "{", "a{,2}", "\\Qa\\E", "(?=a)", "(a)\\1", "("])(
    "refuses %s",
    text => {
      expect(() => compilePattern(text)).toThrow(InvalidPattern);
    },
  );

  test.each([
    ["(?i)A", "a", true],
    ["\\Aa\\z", "a", true],
    ["^[[:alpha:]]+$", "abc", true],
    ["[[:^alpha:]]", "abc", false],
    ["(?P<n>a)", "a", true],
    ["a{1,2}", "a", true],
    ["\\p{L}\\x{41}", "éA", true],
    ["[]a]", "]", true],
    ["[^]a]", "a]", false],
    ["\\[&&\\{", "[&&{", true],
    ["a.b", "a\nb", false],
    ["(?s)a.b", "a\nb", true],
    ["a$", "a\n", false],
  ])("%s on %j", (text, key, isFound) => {
    expect(compilePattern(text).matches(key)).toBe(isFound);
  });

  test("and take linear time", () => {
    expect(compilePattern("(a+)+$").matches(`${"a".repeat(900)}b`)).toBe(false);
  });
});
