import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createTable } from "../../../src/aws/create-table.ts";
import { AdjustableClock } from "../../../src/local/adjustable-clock.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { systemClock } from "../../../src/local/system-clock.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { localDynamoDb } from "../../support/tables.ts";
import { contents, DEFINITION, type Started, startedPast } from "./tables-with-past.ts";

const START = Date.UTC(2026, 4, 6, 12);
const second = (count: number): string => isoInstant(START + count * 1000);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const open = async (...args: Parameters<typeof startedPast>): Promise<Started> => {
  const started = await startedPast(...args);
  closing.push(started.close);
  return started;
};

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "daybook-past-"));
  closing.push(() => rmSync(made, { recursive: true }));
  return made;
};

const item = (SK: string, n = 0) => ({ PK: "a", SK, n });

/** What a table has as of a second, by sort key. */
const asOf = async ({ past, tables, prefix }: Started, table: string, at: string) => {
  const to = `${prefix}${Math.random().toString(36).slice(2)}`;
  expect(await past.restore({ table, to, at })).toMatchObject({ outcome: "restored" });
  return (await contents(tables.open(to))).map(({ SK, n }) => `${SK}:${n}`).join(" ");
};

describe("outcomes", () => {
  test("tell why nothing was restored, and nothing is", async () => {
    const clock = new ManualClock(START + 500);
    const { past, tables, prefix } = await open(clock);
    const table = `${prefix}live`;
    await tables.create(table);
    await past.caughtUp();
    clock.advance(9_800);
    const to = `${prefix}new`;
    expect(await past.window(table)).toEqual({
      table,
      earliest: second(1),
      latest: second(10),
      bornAt: isoInstant(START + 500),
    });
    expect(await past.window(`${prefix}none`)).toBeUndefined();
    const asked = (at: string, from = table) => past.restore({ table: from, to, at });
    expect(await asked(second(5), `${prefix}none`)).toEqual({ outcome: "noBackups", table: `${prefix}none` });
    expect(await asked(second(0))).toEqual({
      outcome: "beforeBirth",
      table,
      bornAt: isoInstant(START + 500),
    });
    const outside = { outcome: "outsideWindow", table, earliest: second(1), latest: second(10) };
    expect(await asked(second(11))).toEqual(outside);
    await expect(asked("yesterday")).rejects.toThrow(RangeError);
    expect(await tables.exists(to)).toBe(false);
    await tables.create(to);
    expect(await asked(second(5))).toEqual({ outcome: "targetExists", table: to });
  });

  test("the same restore again is the same table, at once or later; another one is refused", async () => {
    const clock = new ManualClock(START);
    const { past, tables, prefix } = await open(clock);
    const [table, to] = [`${prefix}live`, `${prefix}new`];
    const store = await tables.create(table);
    await store.putAll(Array.from({ length: 200 }, (_, at) => item(`${at}`)));
    await past.caughtUp();
    clock.advance(2000);
    const asked = () => past.restore({ table, to, at: second(1) });
    const both = await Promise.all([asked(), asked()]);
    expect(both.map(each => each.outcome === "restored" && each.wasThere).sort()).toEqual([false, true]);
    await tables.open(to).write({ delete: item("7") });
    expect(await asked()).toEqual({ outcome: "restored", table: to, at: second(1), wasThere: true });
    expect(await contents(tables.open(to))).toHaveLength(199);
    expect(await past.restore({ table, to, at: second(2) })).toMatchObject({ outcome: "targetExists" });
    const torn = { seed: 1, withinMs: 5 };
    expect(await past.restore({ table, to, at: second(1), torn })).toMatchObject({ outcome: "targetExists" });
  });

  test("a restored table has a past of its own, from its end on; a deleted one keeps its past", async () => {
    const clock = new ManualClock(START);
    const started = await open(clock);
    const { past, tables, prefix } = started;
    const [table, to] = [`${prefix}live`, `${prefix}new`];
    const store = await tables.create(table);
    await store.write({ put: item("1") });
    await past.caughtUp();
    clock.advance(10_000);
    await past.restore({ table, to, at: second(5) });
    clock.advance(1000);
    await tables.open(to).write({ put: item("2") });
    await past.caughtUp();
    clock.advance(1000);
    expect(await past.restore({ table: to, to: `${to}er`, at: second(9) })).toMatchObject({
      outcome: "beforeBirth",
    });
    expect(await asOf(started, to, second(10))).toBe("1:0");
    expect(await asOf(started, to, second(11))).toBe("1:0 2:0");
    await tables.delete(table);
    expect(await asOf(started, table, second(12))).toBe("1:0");
    // Made again under its name it is another table.
    await tables.create(table);
    await past.caughtUp();
    clock.advance(1000);
    expect(await past.restore({ table, to: `${to}est`, at: second(11) })).toMatchObject({
      outcome: "beforeBirth",
    });
    expect(await asOf(started, table, second(13))).toBe("");
  });
});

describe("a clock that is moved", () => {
  test("puts what was acknowledged before a move before it, however soon the move came", async () => {
    const clock = new AdjustableClock();
    clock.set(START);
    const started = await open(clock, {}, systemClock);
    const { past, tables, prefix } = started;
    const table = `${prefix}live`;
    const store = await tables.create(table);
    await past.caughtUp();
    for (let day = 1; day <= 5; day += 1) {
      await store.write({ put: item("1", day) });
      clock.set(START + day * 86_400_000);
      await past.caughtUp();
    }
    for (const day of [1, 3, 5])
      expect(await asOf(started, table, isoInstant(START + day * 86_400_000 - 60_000))).toBe(`1:${day}`);
  });

  test("back shows what was there when it last showed the instant", async () => {
    const clock = new ManualClock(START);
    const started = await open(clock);
    const { past, tables, prefix } = started;
    const table = `${prefix}live`;
    const store = await tables.create(table);
    await past.caughtUp();
    const writeAt = async (count: number) => {
      clock.set(START + count * 1000);
      await past.caughtUp();
      await store.write({ put: item(`${count}`) });
      await past.caughtUp();
    };
    await writeAt(10);
    await writeAt(30);
    clock.set(START + 20_000);
    await past.caughtUp();
    clock.set(START + 40_000);
    await writeAt(50);
    const all = async (...counts: number[]) => {
      const shown: string[] = [];
      for (const count of counts) shown.push(await asOf(started, table, second(count)));
      return shown;
    };
    // From 10 to 29 the clock was last on its second way, after what was written at 30.
    expect(await all(9, 19, 20, 49, 50)).toEqual(["", "10:0", "10:0 30:0", "10:0 30:0", "10:0 30:0 50:0"]);
  });

  test("is looked at by itself, on the beat", async () => {
    const clock = new AdjustableClock();
    const dataDir = folder();
    const { past, tables, prefix } = await open(clock, { dataDir }, systemClock);
    const store = await tables.create(`${prefix}live`);
    await store.write({ put: item("1") });
    const written = () => journalLines(dataDir).filter(({ kind }) => kind === "written");
    await expect.poll(() => written().length, { timeout: 20_000 }).toBe(1);
    expect(Number(written()[0]?.atMs) % 250).toBe(0);
    await past.caughtUp();
  });
});

const path = (dataDir: string): string => join(dataDir, "tables.ndjson");
const journalLines = (dataDir: string): readonly Record<string, unknown>[] =>
  readFileSync(path(dataDir), "utf8")
    .split("\n")
    .filter(Boolean)
    .map(line => JSON.parse(line));

describe("a restart", () => {
  const lived = async () => {
    const clock = new ManualClock(START);
    const dataDir = folder();
    const first = await startedPast(clock, { dataDir });
    const table = `${first.prefix}live`;
    const store = await first.tables.create(table);
    await first.past.caughtUp();
    await store.write({ put: item("1") });
    await first.past.caughtUp();
    clock.advance(2000);
    await store.write({ put: item("2") });
    await first.close();
    clock.advance(2000);
    const again = () => open(clock, { dataDir, prefix: first.prefix });
    return { clock, dataDir, table, store, again, first };
  };

  test("keeps what was before, to the second, and counts what was written meanwhile as of its start", async () => {
    const { clock, table, store, again } = await lived();
    await store.write({ put: item("3") });
    await store.write({ delete: item("1") });
    const second_ = await again();
    clock.advance(1000);
    const shown: string[] = [];
    for (const count of [0, 1, 2, 3, 4]) shown.push(await asOf(second_, table, second(count)));
    expect(shown).toEqual(["1:0", "1:0", "1:0 2:0", "1:0 2:0", "2:0 3:0"]);
    expect(second_.past.found()).toBe(2);
  });

  test.each([
    ["its last line cut off", (file: string) => truncateSync(file, readFileSync(file).length - 9)],
    ["half a line after the last", (file: string) => appendFileSync(file, '{"kind":"wri')],
  ])("reads on with %s", async (_, damage) => {
    const { clock, dataDir, table, again } = await lived();
    damage(path(dataDir));
    const restarted = await again();
    clock.advance(1000);
    expect(await asOf(restarted, table, second(1))).toBe("1:0");
    expect(await asOf(restarted, table, second(5))).toBe("1:0 2:0");
    expect(journalLines(dataDir).length).toBeGreaterThan(2);
  });

  test("compares the tables where the stream does not tell: a stream switched on late, records gone", async () => {
    const { clock, dataDir, table, again, first } = await lived();
    const client = localDynamoDb();
    closing.push(() => client.destroy());
    const late = `${first.prefix}late`;
    await createTable(client, DEFINITION, late);
    await first.tables.open(late).write({ put: item("9") });
    await createTable(client, DEFINITION, late, { stream: true });
    // As if the stream had lost what it told of "1" at its end, and "5" had been deleted unheard.
    const text = readFileSync(path(dataDir), "utf8").replace('"SK":"1"', '"SK":"5"');
    expect(text).toContain('"SK":"5"');
    writeFileSync(path(dataDir), text);
    const restarted = await again();
    clock.advance(1000);
    expect(restarted.past.found()).toBe(3);
    expect(await asOf(restarted, table, second(1))).toBe("5:0");
    expect(await asOf(restarted, table, second(5))).toBe("1:0 2:0");
    expect(await asOf(restarted, late, second(5))).toBe("9:0");
  });

  test("refuses a journal that is damaged in the middle", async () => {
    const { dataDir, again } = await lived();
    writeFileSync(path(dataDir), readFileSync(path(dataDir), "utf8").replace("{", "["));
    await expect(again()).rejects.toThrow("tables.ndjson");
  });

  test("removes a table that a restore left half made, and restores it anew", async () => {
    const { clock, table, again, first } = await lived();
    const restarted = await again();
    clock.advance(1000);
    const to = `${first.prefix}new`;
    // The process ends right after it made the table.
    const { create } = restarted.tables;
    restarted.breaking.create = async name => {
      await create(name);
      restarted.breaking.isGone = true;
      throw new Error("gone");
    };
    await expect(restarted.past.restore({ table, to, at: second(3) })).rejects.toThrow("gone");
    expect(await restarted.tables.exists(to)).toBe(true);
    const third = await again();
    expect(await third.tables.exists(to)).toBe(false);
    expect(await third.past.restore({ table, to, at: second(3) })).toMatchObject({
      outcome: "restored",
      wasThere: false,
    });
    expect(await contents(third.tables.open(to))).toHaveLength(2);
  });
});
