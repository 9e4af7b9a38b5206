import { Buffer } from "node:buffer";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bridgeWith, freshBucket, messageOf, openWire, run, type Wire } from "./bridge-on-wire.ts";

/** 100 sets of 50 keys each; RUNS=0.1 for a look, RUNS=10 for a night. */
const SETS = Math.ceil(100 * Number(process.env.RUNS ?? 1));
const KEYS = 50;
const PREFIX = "p/";

let wire: Wire;
/** Folders upon folders, the bridge's own the innermost: whatever climbs out of that is found in one of these. */
let outermost = "";
let inner = "";
beforeAll(async () => {
  wire = await openWire();
  outermost = mkdtempSync(join(tmpdir(), "bridge-keys-"));
  inner = join(outermost, "1", "2", "3", "4");
  mkdirSync(inner, { recursive: true });
});
afterAll(async () => {
  await wire.close();
  rmSync(outermost, { recursive: true, force: true });
});

const part = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "grapheme-composite", maxLength: 12 }) },
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("..", ".", "", "...", " ", "~", "-rf", "*", "$HOME", "%2e%2e", "%2F", "+"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "\\",
      "..\\..",
      "\0",
      "a\0b",
      "\n",
      "\r\n",
      "\u0001",
      "\u001b[2J",
      "\u007f",
      "\u202e",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "é".repeat(127),
      "é".repeat(128),
      "x".repeat(255),
      "x".repeat(256),
      "💶".repeat(63),
    ),
  },
);
const climbing = fc.tuple(fc.nat(8), part).map(([steps, name]) => `${"../".repeat(steps)}escaped${name}`);
const absolute = part.map(name => `/${outermost}/absolute${name}`);
const rest = fc.oneof(
  { weight: 8, arbitrary: fc.array(part, { minLength: 1, maxLength: 6 }).map(parts => parts.join("/")) },
  { weight: 1, arbitrary: climbing },
  { weight: 1, arbitrary: absolute },
);
const stored = fc.record({ rest, body: fc.constantFrom("", "x", "body") });

/** The rule, said a second time: a key is safe if its parts are names, and there is nothing else in it. */
const isSafe = (key: string): boolean =>
  key
    .slice(PREFIX.length)
    .split("/")
    .every(name => !["", ".", ".."].includes(name) && !/[\0\\]/.test(name) && Buffer.byteLength(name) <= 255);

const isFolder = (key: string, body: string): boolean => key.endsWith("/") && body === "";

/** Leaves out what cannot lie beside what comes before; such sets fail as a whole, which another test shows. */
const compatible = (objects: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const kept = new Map<string, string>();
  for (const [key, body] of objects) {
    const path = key.replace(/\/$/, "");
    const collides = [...kept.keys()].some(other => {
      const there = other.replace(/\/$/, "");
      return path === there || path.startsWith(`${there}/`) || there.startsWith(`${path}/`);
    });
    if (!collides) kept.set(key, body);
  }
  return kept;
};

const pathsBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true }).map(String).sort();

test(`of ${SETS * KEYS} random keys none is written outside the folder, and every safe one comes back as it was`, async () => {
  writeFileSync(join(outermost, "canary"), "");
  const before = pathsBelow(outermost);
  const appends = `find . -type f -exec sh -c 'for f; do printf z >> "$f"; done' sh {} +`;
  const env = {
    HANDLER_SHELL: "true",
    HANDLER_COMMAND: `cd "$ROOT_FOLDER"; ${appends}`,
    UNSAFE_KEYS: "skip",
  };
  const bridge = { ...(await bridgeWith(wire, env)), temporaryFolder: inner };
  let safe = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(stored, { minLength: KEYS, maxLength: KEYS }), async drawn => {
      const bucket = freshBucket(wire);
      const all = drawn.map(each => [`${PREFIX}${each.rest}`, each.body] as const);
      const fitting = all.filter(([key]) => Buffer.byteLength(key) <= 1_024);
      const objects = compatible(new Map([[`${PREFIX}trigger`, ""], ...fitting]));
      for (const [key, body] of objects) await wire.objects.put({ bucket, key, body });
      const { groups } = await run(wire, bridge, [messageOf(bucket, `${PREFIX}trigger`)]);
      expect(pathsBelow(outermost)).toEqual(before);
      const isMarker = ([key, body]: readonly [string, string]): boolean =>
        isFolder(key, body) && (key === PREFIX || isSafe(key.slice(0, -1)));
      const unsafe = [...objects].filter(each => !isMarker(each) && !isSafe(each[0])).map(([key]) => key);
      const outcome = groups[0]?.outcome === "ran" ? groups[0] : undefined;
      expect(groups[0]).toMatchObject({ outcome: "ran" });
      expect([...(outcome?.skipped ?? [])].sort()).toEqual(unsafe.sort());
      const listed = (await wire.objects.list({ bucket })).objects.map(({ key }) => key);
      expect([...listed].sort()).toEqual([...objects.keys()].sort());
      for (const [key, body] of objects) {
        const isFile = isSafe(key) && !isFolder(key, body);
        safe += isFile ? 1 : 0;
        const now = await wire.objects.get({ bucket, key });
        expect(Buffer.from(now?.body ?? []).toString()).toBe(isFile ? `${body}z` : body);
      }
    }),
    { numRuns: SETS },
  );
  expect(safe).toBeGreaterThan(SETS * KEYS * 0.1);
}, 600_000);
