import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { processesOf, RUN_ID_VAR } from "../../src/bridge/processes.ts";
import { endAll, start, until } from "../support/cli-process.ts";
import {
  bridgeWith,
  freshBucket,
  messageOf,
  openWire,
  put,
  run,
  textsOf,
  type Wire,
} from "./bridge-on-wire.ts";
import { spy } from "./spy.ts";

let wire: Wire;
beforeAll(async () => {
  wire = await openWire();
});
afterAll(async () => {
  await endAll();
  await wire.close();
});

type Env = Readonly<Record<string, string>>;

/** Every process on this machine that a bridge of this file started, whatever became of its parents. */
const survivors = (out: string): readonly string[] =>
  readdirSync("/proc")
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        const [state] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
        const env = readFileSync(`/proc/${pid}/environ`, "latin1");
        return state !== "Z" && env.includes(`OUT=${out}\0`);
      } catch {
        return false;
      }
    });

/** The handler misbehaves in the folder `bad/` and works in `good/`, where it stores `o`. */
const misbehaves = async (then: string, env: Env = {}) => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, { "bad/a": "x", "good/a": "x" });
  const handler = spy(wire, `if [ "$KEY_PREFIX" = good/ ]; then cp a o; else ${then}\nfi`);
  const bridge = await bridgeWith(wire, { ...handler.env, ...env });
  const messages = [messageOf(bucket, "bad/a"), messageOf(bucket, "good/a")];
  const { failed, groups } = await run(wire, bridge, messages);
  const [bad, good] = groups;
  expect(good).toMatchObject({ prefix: "good/", outcome: "ran", uploaded: ["good/o"] });
  expect(survivors(handler.env.OUT ?? "none")).toEqual([]);
  const texts = await textsOf(wire, bucket);
  expect(texts["good/o"]).toBe("x");
  expect(Object.keys(texts).filter(key => key.startsWith("bad/"))).toEqual(["bad/a"]);
  expect([...failed]).toEqual(bad?.outcome === "failed" ? [messages[0]?.id] : []);
  return bad;
};

describe("ends in a failed group, leaves nothing behind, and harms no other group", () => {
  test("one that hangs", async () => {
    const bad = await misbehaves("sleep 1000", { HANDLER_SECONDS: "1" });
    expect(bad).toMatchObject({ code: "HANDLER_TIMEOUT" });
  });

  test("one that hangs and heeds no wish to end", async () => {
    const bad = await misbehaves("trap '' TERM; while :; do sleep 0.1; done", { HANDLER_SECONDS: "1" });
    expect(bad).toMatchObject({ code: "HANDLER_TIMEOUT" });
  });

  test("one that leaves a child behind", async () => {
    expect(await misbehaves("sleep 1000 & exit 0")).toMatchObject({ code: "HANDLER_LEFT_PROCESSES" });
  });

  test("one that leaves a child in a session of its own, with the output closed", async () => {
    const bad = await misbehaves("setsid sh -c 'sleep 1000' >/dev/null 2>&1 </dev/null & sleep 0.1; exit 0");
    expect(bad).toMatchObject({ code: "HANDLER_LEFT_PROCESSES" });
  });

  test("one that forks, and again", async () => {
    const bad = await misbehaves(
      'f() { [ "$1" = 0 ] || { f $(($1-1)) & f $(($1-1)) & }; sleep 1000; }; f 4',
      {
        HANDLER_SECONDS: "1",
      },
    );
    expect(bad).toMatchObject({ code: "HANDLER_TIMEOUT" });
  });

  test("one that prints a gibibyte", async () => {
    const bad = await misbehaves("head -c 1073741824 /dev/zero | tr '\\0' x");
    expect(bad).toMatchObject({ code: "PRINTED_TOO_MUCH" });
  });

  test("one that exits with 3", async () => {
    expect(await misbehaves("printf new > o; exit 3")).toMatchObject({ code: "HANDLER_EXIT" });
  });

  test("one that is not there", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "bad/a": "x" });
    const plain = join(wire.scratch, "plain.txt");
    writeFileSync(plain, "no program", { mode: 0o600 });
    for (const command of ["no-such-program", plain, wire.scratch]) {
      const bridge = await bridgeWith(wire, { HANDLER_COMMAND: command });
      const { groups } = await run(wire, bridge, [messageOf(bucket, "bad/a")]);
      expect(groups).toMatchObject([{ code: "HANDLER_MISSING" }]);
    }
  });

  test("one that deletes its folder", async () => {
    expect(await misbehaves('rm -rf "$ROOT_FOLDER"')).toMatchObject({ code: "FOLDER_GONE" });
  });

  test("one that puts a link in the place of its folder", async () => {
    const bad = await misbehaves(
      'printf secret > "$OUT/s"; rm -rf "$ROOT_FOLDER"; ln -s "$OUT" "$ROOT_FOLDER"',
    );
    expect(bad).toMatchObject({ code: "FOLDER_GONE" });
  });

  test("one that puts another folder in its place", async () => {
    const bad = await misbehaves(
      'mv "$ROOT_FOLDER" "$ROOT_FOLDER.old"; mkdir "$ROOT_FOLDER"; printf x > "$ROOT_FOLDER/a"',
    );
    expect(bad).toMatchObject({ code: "FOLDER_GONE" });
  });

  test("one that writes a link to a file outside, where links are to fail", async () => {
    const then = 'printf secret > "$OUT/s"; ln -s "$OUT/s" l';
    expect(await misbehaves(then, { LINKS: "fail" })).toMatchObject({ code: "LINK" });
    expect(await misbehaves(then)).toMatchObject({ outcome: "ran", uploaded: [], ignored: ["l"] });
  });

  test("one that fills the disk quota", async () => {
    const bad = await misbehaves("head -c 1000000000 /dev/zero > full; sleep 1000", {
      MAX_DISK_BYTES: "1000000",
    });
    expect(bad).toMatchObject({ code: "DISK_QUOTA" });
  });

  test("one that fills it under a name that is no text", async () => {
    const then =
      "mkdir \"$(printf '\\377')\"; head -c 2000000 /dev/zero > \"$(printf '\\377/full')\"; sleep 1000";
    expect(await misbehaves(then, { MAX_DISK_BYTES: "1000000" })).toMatchObject({ code: "DISK_QUOTA" });
  });

  test("one that prints letters of several bytes", async () => {
    const bad = await misbehaves("yes €€€€€€€ | head -c 1500", { MAX_PRINTED_BYTES: "1000" });
    expect(bad).toMatchObject({ code: "PRINTED_TOO_MUCH" });
  });

  test("one that is gone before its quota is looked at", async () => {
    const bad = await misbehaves("truncate -s 2000000 full", { MAX_DISK_BYTES: "1000000" });
    expect(bad).toMatchObject({ code: "DISK_QUOTA" });
  });

  test("one that writes a name that is no text", async () => {
    expect(await misbehaves("printf x > \"$(printf 'a\\377b')\"")).toMatchObject({ code: "UNSAFE_NAME" });
  });

  test.each([
    ["in a file's name", "printf x > 'sub\\a.txt'"],
    ["in a folder's name", "mkdir 'sub\\dir' && printf x > 'sub\\dir/a.txt'"],
    ["that would lead out", "printf x > '..\\..\\a.txt'"],
  ])("one that writes a backslash %s", async (_, then) => {
    const bad = await misbehaves(`printf first > 1; ${then}`);
    expect(bad).toMatchObject({
      code: "UNSAFE_NAME",
      reason: expect.stringContaining("write folders with /"),
    });
  });

  test("one that writes a key that is too long", async () => {
    const long = "p=$(printf %0200d 0); d=$p/$p/$p/$p/$p; mkdir -p $d; printf first > 1; printf x > $d/$p";
    expect(await misbehaves(long)).toMatchObject({ code: "KEY_TOO_LONG" });
  });

  test("one that takes its folder's permissions away", async () => {
    const bad = await misbehaves('mkdir -p d/e; printf x > d/e/f; chmod 000 d/e d "$ROOT_FOLDER"; exit 1');
    expect(bad).toMatchObject({ code: "HANDLER_EXIT" });
  });
});

test("a pipe never opened for writing does not hold it up", async () => {
  const bucket = freshBucket(wire);
  await put(wire, bucket, { "in/a": "x" });
  const bridge = await bridgeWith(wire, spy(wire, "rm a; mkfifo a").env);
  const { groups } = await run(wire, bridge, [messageOf(bucket, "in/a")]);
  expect(groups).toMatchObject([{ outcome: "ran", ignored: ["a"], uploaded: [] }]);
});

test("G29 what a bridge that was killed left behind is removed at the next start, its handler too", async () => {
  const id = randomBytes(8).toString("hex");
  const folder = join(wire.temporaryFolder, `daybook-bridge-999999999-${id}`);
  mkdirSync(join(folder, "files"), { recursive: true });
  writeFileSync(join(folder, "files", "a"), "x");
  const mine = join(wire.temporaryFolder, `other-${process.pid}-${id}`);
  mkdirSync(mine);
  const orphan = start("sleep", ["1000"], { cwd: wire.scratch, env: { [RUN_ID_VAR]: id } });
  await until(() => processesOf(id, undefined).length === 1);
  await bridgeWith(wire, { HANDLER_COMMAND: "true" });
  expect((await orphan.ended).exitCode).toBe(null);
  expect(readdirSync(wire.temporaryFolder)).toEqual([`other-${process.pid}-${id}`]);
});
