import { describe, expect, it } from "vitest";
import { orderBatch } from "../../src/tracking/batch.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { fixture, flat, literal, observation, paired, permutations, rowsOf } from "./notation.ts";

describe("filemanager vectors, flat", () => {
  const VECTORS: readonly (readonly [string, string, readonly string[]])[] = [
    ["F1", "C4@V", ["C4@V*"]],
    ["F2", "X4@V D6@V", ["X4@V", "D6@V"]],
    ["F4", "C4@V D6@V", ["C4@V", "D6@V"]],
    ["F5", "C4@V D6@V | C4@V D6@V", ["C4@V dup 1", "D6@V dup 1"]],
    ["F6", "C4@V C6@V D7@V", ["C4@V", "C6@V", "D7@V"]],
    ["F7", "D6@V C7@V D9@V", ["D6@V", "C7@V", "D9@V"]],
    ["F8", "D6@V | C4@V", ["C4@V", "D6@V"]],
    ["F9", "C4 D6", ["C4", "D6"]],
    ["F10", "C4 D6 | C4 D6", ["C4 dup 1", "D6 dup 1"]],
    ["F11", "C4@V D6@V | C7@version_id C4@V D6@V", ["C4@V dup 1", "D6@V dup 1", "C7@version_id*"]],
    ["F12", "C6@V | C7@V", ["C6@V", "C7@V*"]],
    ["F13", "C7@V | C6@V", ["C6@V", "C7@V*"]],
    ["F14", "D6@V | D9@V", ["D6@V", "D9@V"]],
    ["F15", "D9@V | D6@V", ["D6@V", "D9@V"]],
    ["F16", "C3@V | C4@V | D6@V", ["C3@V", "C4@V", "D6@V"]],
    ["F17", "D7@V | D6@V | C4@V", ["C4@V", "D6@V", "D7@V"]],
    ["F18", "C7@V | C4@V D6@V", ["C4@V", "D6@V", "C7@V*"]],
    ["F19", "C7@2 | C4@1", ["C4@1", "C7@2*"]],
    ["N1", "C4@V C~@V+5 D~@V+6", ["C4@V", "C~@V", "D~@V"]],
    ["N2", "C4@V | C~@V+5 D~@V+6", ["C4@V", "C~@V", "D~@V"]],
    ["N3", "C4@V | C~@V+5", ["C4@V", "C~@V*"]],
    ["N5", "C~@V+1 D~@V+2 | C4@V", ["C~@V", "D~@V", "C4@V*"]],
    ["N6", "C~@V+1 D~@V+2", ["C~@V", "D~@V"]],
  ];

  it.each(VECTORS)("%s: %s", (_id, story, expected) => {
    expect(flat(rowsOf(fixture(story)))).toEqual(expected);
  });

  it.each(VECTORS)("%s in any order of arrival", (_id, story, expected) => {
    for (const order of permutations(fixture(story).slice(0, 5)))
      expect(flat(rowsOf([...order, ...fixture(story).slice(5)]))).toEqual(expected);
  });

  it("F3: keeps the largest size a number can hold exactly", () => {
    const [row] = rowsOf(fixture("C4@V", { sizeBytes: Number.MAX_SAFE_INTEGER }));
    expect(row?.sizeBytes).toBe(9_007_199_254_740_991);
  });

  it("N1 with equal times: what has no sequencer ranks below the notification (ruling 39)", () => {
    expect(flat(rowsOf(fixture("C4@V C~@V+4 D~@V+4")))).toEqual(["C~@V", "D~@V", "C4@V*"]);
  });
});

describe("filemanager vectors, in a batch", () => {
  const names = (story: string) =>
    orderBatch(fixture(story)).map(({ observation: { kind, sequencer, versionId }, copies }) =>
      [kind, sequencer?.slice(-1), versionId, copies].join(" "),
    );

  it("A2: copies are removed and counted, the rest is ordered", () => {
    expect(names("D6@V C4@V C4@V")).toEqual(["created 4 V 2", "deleted 6 V 1"]);
  });
  it("A3: another version is another observation", () => {
    expect(names("D6@V C4@V C4@V D6@version_id")).toEqual([
      "created 4 V 2",
      "deleted 6 V 1",
      "deleted 6 version_id 1",
    ]);
  });
  it("A4: several lifetimes", () => {
    expect(names("D6 C4 C4 C7 D9 D9")).toEqual([
      "created 4 null 2",
      "deleted 6 null 1",
      "created 7 null 1",
      "deleted 9 null 2",
    ]);
  });
  it("A9: of two equal observations without sequencer one is kept, as a redelivery is", () => {
    expect(orderBatch(fixture("C~+1 C~+1 C4 C4")).map(({ copies }) => copies)).toEqual([2, 2]);
  });
});

describe("filemanager vectors, all orders", () => {
  const Q1: readonly Observation[] = [...literal("C1 D2 D3 C4 C5"), ...literal("C1", { key: "key1" })];
  const Q2 = literal("C1@version_id D2@version_id C3@version_id C3@version_id D4@version_id D1@version_id1");
  const Q3 = [...Q2, ...literal("C5@version_id D6@version_id")];
  const ofKey = (key: string, order: readonly Observation[]) =>
    rowsOf(order.filter(seen => seen.key === key));

  it("Q1: 720 orders end in the same rows", () => {
    const orders = permutations(Q1);
    expect(orders).toHaveLength(720);
    for (const order of orders) {
      expect(flat(ofKey("key", order))).toEqual(["C1", "D2", "D3", "C4", "C5*"]);
      expect(flat(ofKey("key1", order))).toEqual(["C1*"]);
      expect(paired(ofKey("key", order))).toEqual(["(1,2)", "(–,3)", "(4,–)", "(5,–)"]);
      expect(paired(ofKey("key1", order))).toEqual(["(1,–)"]);
    }
  });

  it("Q2: 720 orders end in the same rows", () => {
    const orders = permutations(Q2);
    expect(orders).toHaveLength(720);
    for (const order of orders) {
      expect(flat(rowsOf(order))).toEqual([
        "C1@version_id",
        "D1@version_id1",
        "D2@version_id",
        "C3@version_id dup 1",
        "D4@version_id",
      ]);
      expect(paired(rowsOf(order))).toEqual([
        "(1,2)@version_id",
        "(3,4)@version_id dup 1",
        "(–,1)@version_id1",
      ]);
    }
  });

  it("Q3: eight events in a thousand of their 40,320 orders (all with RUNS=10)", () => {
    const orders = permutations(Q3);
    const step = Number(process.env.RUNS ?? "1") >= 10 ? 1 : 40;
    const expected = rowsOf(Q3);
    for (let index = 0; index < orders.length; index += step)
      expect(rowsOf(orders[index] ?? [])).toEqual(expected);
    expect(paired(expected)).toEqual([
      "(1,2)@version_id",
      "(3,4)@version_id dup 1",
      "(5,6)@version_id",
      "(–,1)@version_id1",
    ]);
  });
});

describe("filemanager vectors, paired", () => {
  const P3 = "C4@V D6@V";
  const VECTORS: readonly (readonly [string, string, readonly string[]])[] = [
    ["P1", "C4@V", ["(4,–)@V"]],
    ["P2", "X4@V D6@V", ["(–,4)@V", "(–,6)@V"]],
    ["P3", P3, ["(4,6)@V"]],
    ["P4", `${P3} | ${P3}`, ["(4,6)@V dup 2"]],
    ["P5", `${P3} | D6@V | C4@V`, ["(4,6)@V dup 2"]],
    ["P6", "D6@V | C4@V", ["(4,6)@V"]],
    ["P7", "C4@V C6@V", ["(4,–)@V", "(6,–)@V"]],
    ["P8", "D6@V D9@V", ["(–,6)@V", "(–,9)@V"]],
    ["P9", `${P3} | C5@V`, ["(4,–)@V", "(5,6)@V"]],
    // The ancestor compares raw text and pairs (47,6); padded left, 47 is the longer and so the later one.
    ["P10", `${P3} | C47@V C4@V D6@V`, ["(4,6)@V dup 2", "(47,–)@V"]],
    ["P11", "C4 | D6", ["(4,6)"]],
    ["P12", "C4 D6 | D6 | C4", ["(4,6) dup 2"]],
    ["P13", `${P3} | C4@version_id C4@V D6@V`, ["(4,6)@V dup 2", "(4,–)@version_id"]],
    ["P14", "C4@V | C6@V", ["(4,–)@V", "(6,–)@V"]],
    ["P15", "C6@V | C4@V", ["(4,–)@V", "(6,–)@V"]],
    ["P16", "D6@V | D9@V", ["(–,6)@V", "(–,9)@V"]],
    ["P17", "D9@V | D6@V", ["(–,6)@V", "(–,9)@V"]],
    ["P18", "C6 | C4 | D9 | D7", ["(4,–)", "(6,7)", "(–,9)"]],
    ["P19", "C~@V+1 | C~@V+2", ["(~,–)@V", "(~,–)@V"]],
    ["P20", "D~@V+1 | D~@V+2", ["(–,~)@V", "(–,~)@V"]],
    ["P21", "C~@V+1 D~@V+2", ["(~,–)@V", "(–,~)@V"]],
    ["P22", "C3@V | C4@V | D6@V", ["(3,–)@V", "(4,6)@V"]],
    ["P23", "D9@V | D6@V | C4@V", ["(4,6)@V", "(–,9)@V"]],
  ];

  it.each(VECTORS)("%s: %s", (_id, story, expected) => {
    expect(paired(rowsOf(fixture(story)))).toEqual(expected);
  });

  it("P24: restores and changes of class are no lifetimes", () => {
    const told = (["restored", "restore-expired", "transitioned"] as const).map(kind =>
      observation("C~@V+5", { kind, event: kind }),
    );
    const rows = rowsOf([...fixture(P3), ...told]);
    expect(paired(rows)).toEqual(["(4,6)@V"]);
    expect(rows).toHaveLength(5);
  });
});

describe("filemanager vectors, inventory among events", () => {
  const picture = (key: string, seconds: number) =>
    literal(`C~+${seconds}`, {
      key,
      source: "inventory",
      event: "inventory",
      eTag: "e1",
      lastModified: "2026-01-01T00:00:02.000Z",
    });
  const inventory = [...picture("a", 1), ...picture("key1", 2), ...picture("b", 3)];
  const rows = (...observations: readonly Observation[]) => rowsOf(observations);

  it("I1: an inventory's objects are current", () => {
    for (const shown of inventory) expect(flat(rows(shown))).toEqual(["C~*"]);
  });
  it("I2: the same inventory again changes nothing", () => {
    expect(rows(...picture("key1", 2), ...picture("key1", 2))).toEqual(rows(...picture("key1", 2)));
  });
  it("I3: the picture of a created and deleted object is no lifetime of its own", () => {
    const story = [...picture("key1", 2), ...literal("D6 C4", { key: "key1", eTag: "e1" })];
    for (const order of permutations(story)) expect(paired(rowsOf(order))).toEqual(["(4,6)"]);
  });
  it("I3 with other content: the picture shows an object that was overwritten", () => {
    const story = [...picture("key1", 2), ...literal("D6 C4", { key: "key1", eTag: "e2" })];
    for (const order of permutations(story)) expect(paired(rowsOf(order))).toEqual(["(~,–)", "(4,6)"]);
  });
  it("I4: a deletion ends the object the picture shows", () => {
    const story = [...picture("key1", 2), ...literal("D6 C7", { key: "key1" })];
    for (const order of permutations(story)) expect(paired(rowsOf(order))).toEqual(["(~,6)", "(7,–)"]);
  });
  it("I5: the deletion stands", () => {
    const story = [...picture("key1", 2), ...literal("D6 C4", { key: "key1" })];
    for (const order of permutations(story)) expect(flat(rowsOf(order))).toEqual(["C~", "C4", "D6"]);
  });
  it("I6: the later creation is current", () => {
    const story = [...picture("key1", 2), ...literal("D6 C7", { key: "key1" })];
    for (const order of permutations(story)) expect(flat(rowsOf(order))).toEqual(["C~", "D6", "C7*"]);
  });
});
