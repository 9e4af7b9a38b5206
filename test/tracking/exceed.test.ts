import { describe, expect, it } from "vitest";
import { orderBatch } from "../../src/tracking/batch.ts";
import { parseNotification } from "../../src/tracking/notification.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { pairedView } from "../../src/tracking/paired-view.ts";
import { currentView } from "../../src/tracking/views.ts";
import { current, flat, literal, observation, paired, permutations, rowsOf } from "./notation.ts";

/** Every order of the observations, each ingested one by one. */
const inEveryOrder = (
  observations: readonly Observation[],
  check: (rows: ReturnType<typeof rowsOf>) => void,
) => {
  for (const order of permutations(observations)) check(rowsOf(order));
};

/** Every way to cut a list into batches. */
const batchings = <T>(items: readonly T[]): readonly (readonly (readonly T[])[])[] => {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  return batchings(rest).flatMap(([next = [], ...others]) =>
    rest.length === 0
      ? [[[first]]]
      : [
          [[first, ...next], ...others],
          [[first], next, ...others],
        ],
  );
};

const picture = (token: string, given: Partial<Observation> = {}): Observation => {
  const shown = observation(token, { source: "inventory", event: "inventory", eTag: "e", ...given });
  return { ...shown, lastModified: shown.time };
};

describe("where the ancestor is wrong (E1-E28)", () => {
  it.each([
    ["E1", "C1@v1 | C2@v2 | D3@v2", "C1@v1"],
    ["E2", "C1@v1 | C2@v2 | D3@v1", "C2@v2"],
    ["E3", "C1@v1 | X2@m | D3@m", "C1@v1"],
    ["E4", "C1@v1 | X2@m | C3@v2 | D4@v2 | D5@m", "C1@v1"],
    ["E5", "C1 | C2@v1 | X3 | D4", "C2@v1"],
    ["E6", "C1 | C2@v1 | X3", "none"],
    ["E7", "X2@m | X2@m | C1@v1", "none"],
    ["E22", "CFF | D100", "none"],
    ["E23", "C617f08299329d189+1 | D00617F08299329D190+2", "none"],
    ["E24", "C0a | D0B", "none"],
    ["E25", "C0055AED6DCD90281E5+1 | D617f08299329d189+2", "none"],
  ])("%s: %s", (_id, story, expected) => {
    inEveryOrder(literal(story), rows => expect(current(rows)).toBe(expected));
  });

  it("E8: E1 in every order and every batching", () => {
    const inOrder = rowsOf(literal("C1@v1 C2@v2 D3@v2"));
    for (const order of permutations(literal("C1@v1 C2@v2 D3@v2")))
      for (const batches of batchings(order)) {
        const delivered = batches.flatMap(batch => orderBatch(batch).map(counted => counted.observation));
        expect(rowsOf(delivered)).toEqual(inOrder);
      }
  });

  // Their concurrency over a table is tested in track.test.ts; here, that the rows both leave say it.
  it("E9: of two creations the later is current", () => {
    inEveryOrder(literal("C1 C2"), rows => expect(flat(rows)).toEqual(["C1", "C2*"]));
  });
  it("E10: a creation and a later deletion leave nothing", () => {
    inEveryOrder(literal("C1 D2"), rows => expect(flat(rows)).toEqual(["C1", "D2"]));
  });

  it("E11: one answer for C1 C2 D3 D4 in 24 orders", () => {
    inEveryOrder(literal("C1 C2 D3 D4"), rows => {
      expect(paired(rows)).toEqual(["(1,–)", "(2,3)", "(–,4)"]);
      expect(pairedView(rows)[0]?.end).toBe("overwritten");
    });
  });
  it("E12: one answer for C1 C2 C3 D4 D5 in 120 orders", () => {
    inEveryOrder(literal("C1 C2 C3 D4 D5"), rows =>
      expect(paired(rows)).toEqual(["(1,–)", "(2,–)", "(3,4)", "(–,5)"]),
    );
  });
  it("E13: creations of many keys in a batch, then their deletions: a pair each", () => {
    const keys = Array.from({ length: 100 }, (_, index) => `key${index}`);
    const delivered = ["C1", "D2"].flatMap(token =>
      orderBatch(keys.map(key => observation(token, { key }))).map(counted => counted.observation),
    );
    for (const key of keys)
      expect(paired(rowsOf(delivered.filter(seen => seen.key === key)))).toEqual(["(1,2)"]);
  });
  it("E14: two lifetimes in one batch", () => {
    const batch = orderBatch(literal("C1 D2 C3 D4")).map(counted => counted.observation);
    expect(paired(rowsOf(batch))).toEqual(["(1,2)", "(3,4)"]);
  });

  it("E15: 300 observations without sequencer are 300 rows, the last of them current", () => {
    const seen = Array.from({ length: 300 }, (_, index) => observation(`C~+${index}`));
    const rows = rowsOf([...seen].reverse());
    expect(rows).toHaveLength(300);
    expect(currentView(rows, "bucket")?.latest.time).toBe(seen.at(-1)?.time);
  });
  it("E16: the same one delivered twice is one row with a duplicate", () => {
    expect(flat(rowsOf(literal("C~+1 C~+1")))).toEqual(["C~* dup 1"]);
  });
  it("E17: an object seen later than its deletion is there again", () => {
    inEveryOrder([...literal("C5 D6"), picture("C~+7")], rows => expect(current(rows)).toBe("C~"));
  });
  it("E17 the other way: a picture from before the deletion brings nothing back", () => {
    inEveryOrder([...literal("C5 D6"), picture("C~+5")], rows => expect(current(rows)).toBe("none"));
  });

  describe("observations of a versioned inventory", () => {
    const INVENTORY = [
      picture("C~+48", { key: "key1", isLatest: false }),
      picture("C~@tpinz+262", { key: "key1", isLatest: true }),
      picture("X~@gdN1+374", { key: "key2", isLatest: true }),
      picture("C~@zl_C+334", { key: "key2", isLatest: false }),
    ];
    const rowsOfKey = (key: string, times: number) =>
      rowsOf(Array.from({ length: times }, () => INVENTORY.filter(shown => shown.key === key)).flat());

    it("E18: the latest version is current, under a delete marker none", () => {
      expect(current(rowsOfKey("key1", 1))).toBe("C~@tpinz");
      expect(current(rowsOfKey("key2", 1))).toBe("none");
    });
    it("E19: the same inventory three times leaves the rows as they are", () => {
      for (const key of ["key1", "key2"]) expect(rowsOfKey(key, 3)).toEqual(rowsOfKey(key, 1));
    });
    it("E18 within one second: LastModified cannot tell, IsLatest does", () => {
      const shown = [picture("C~@a+5", { isLatest: true }), picture("C~@b+5", { isLatest: false })];
      inEveryOrder(shown, rows => expect(current(rows)).toBe("C~@a"));
    });
    it("E19 with a later report: a version that is no longer the latest is another row, in any order", () => {
      const shown = [picture("C~@a+5", { isLatest: true }), picture("C~@a+5", { isLatest: false })];
      inEveryOrder(shown, rows => expect(rows).toHaveLength(2));
      expect(rowsOf(shown)).toEqual(rowsOf([...shown].reverse()));
    });
    it("E20: listing an object known from its notification changes nothing about it", () => {
      inEveryOrder([...literal("C5@v1", { eTag: "e" }), picture("C~@v1+5")], rows => {
        expect(current(rows)).toBe("C5@v1");
        expect(paired(rows)).toEqual(["(5,–)@v1"]);
      });
    });
    it("E21: what a HEAD no longer finds is gone, and comes back with a later event", () => {
      const gone = observation("D~+9", { source: "head", event: "head" });
      inEveryOrder([...literal("C5"), gone], rows => expect(flat(rows)).toEqual(["C5", "D~"]));
      inEveryOrder([...literal("C5 C10"), gone], rows => expect(current(rows)).toBe("C10"));
    });
  });

  it("E26: a notification's key is decoded, EventBridge's is not", () => {
    const s3 = {
      eventVersion: "2.1",
      eventName: "ObjectCreated:Put",
      eventTime: "2026-01-01T00:00:00.000Z",
      s3: { bucket: { name: "bucket" }, object: { key: "a+b%2Fc", sequencer: "1" } },
    };
    const eventBridge = {
      "detail-type": "Object Created",
      time: "2026-01-01T00:00:00Z",
      detail: { bucket: { name: "bucket" }, object: { key: "a b/c", sequencer: "1" } },
    };
    const keyOf = (body: object) => {
      const read = parseNotification(JSON.stringify(body));
      return read.outcome === "observations" && read.observations[0]?.key;
    };
    expect(keyOf({ Records: [s3] })).toBe("a b/c");
    expect(keyOf(eventBridge)).toBe("a b/c");
    const raw = { ...eventBridge.detail, object: { key: "a+b%2Fc", sequencer: "1" } };
    expect(keyOf({ ...eventBridge, detail: raw })).toBe("a+b%2Fc");
  });

  it("E27: a test event or an unreadable body among messages harms no other", () => {
    const valid = JSON.stringify({
      "detail-type": "Object Created",
      time: "2026-01-01T00:00:00Z",
      detail: { bucket: { name: "bucket" }, object: { key: "a", sequencer: "1" } },
    });
    const outcomes = ['{"Event":"s3:TestEvent"}', valid, "oops", valid].map(
      body => parseNotification(body).outcome,
    );
    expect(outcomes).toEqual(["test", "observations", "unparseable", "observations"]);
  });
});

describe("a versioned history, step by step (vectors 4.8)", () => {
  const STEPS: readonly (readonly [string, string])[] = [
    ["C1@v1", "C1@v1"],
    ["C2@v2", "C2@v2"],
    ["C3@v3", "C3@v3"],
    ["D4@v2", "C3@v3"],
    ["X5@v4", "none"],
    ["C6@v5", "C6@v5"],
    ["D7@v5", "none"],
    ["D8@v4", "C3@v3"],
    ["D9@v3", "C1@v1"],
    ["D99@v1", "none"],
  ];

  it.each(STEPS.map(([token, expected], index) => [index + 1, token, expected] as const))(
    "step %i, %s: current %s",
    (step, _token, expected) => {
      const prefix = STEPS.slice(0, step).map(([token]) => observation(token));
      expect(current(rowsOf(prefix))).toBe(expected);
      expect(current(rowsOf([...prefix].reverse()))).toBe(expected);
    },
  );
});
