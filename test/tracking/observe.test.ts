import { describe, expect, it } from "vitest";
import type { Observation } from "../../src/tracking/observation.ts";
import { observe } from "../../src/tracking/observe.ts";
import { countersOf, currentView, versionsOf } from "../../src/tracking/views.ts";
import { at, literal, observation, permutations, rowsOf } from "./notation.ts";

const outcomes = (observations: readonly Observation[]): readonly string[] => {
  let rows: ReturnType<typeof rowsOf> = [];
  return observations.map(next => {
    const observed = observe(rows, next);
    rows = observed.rows;
    return observed.outcome;
  });
};

describe("what an observation was when it came", () => {
  it.each([
    ["the first", "C1", "fresh"],
    ["a later one", "C1 C2", "fresh fresh"],
    ["the same again", "C1 C1", "fresh duplicate"],
    ["a creation after its deletion", "D2 C1", "fresh stale"],
    ["a creation after the next one of the null version", "C2 C1", "fresh overwritten"],
    ["a creation after the marker that replaced it", "X2 C1", "fresh overwritten"],
    ["an older version", "C2@v2 C1@v1", "fresh reordered"],
    ["a deletion of an older version", "C1@v1 C3@v2 D2@v1", "fresh fresh reordered"],
    ["a deletion under a later creation", "C3 D2", "fresh overwritten"],
    ["a picture of what is known", "C5 C~+4", "fresh stale"],
    ["a picture of what was lost", "C5 D6 C~+7", "fresh fresh fresh"],
  ])("%s: %s", (_name, story, expected) => {
    expect(outcomes(literal(story)).join(" ")).toBe(expected);
  });

  it("other buckets do not matter", () => {
    expect(outcomes([observation("C2"), observation("C1", { bucket: "other" })])).toEqual(["fresh", "fresh"]);
  });

  it("a tag set after the last event is fresh, one from before a deletion is stale", () => {
    const tagged = (seconds: number) =>
      observation(`C~+${seconds}`, { kind: "tagged", event: "ObjectTagging:Put" });
    expect(outcomes([observation("C1"), tagged(2)])).toEqual(["fresh", "fresh"]);
    expect(outcomes([observation("C1"), observation("D5"), tagged(2)])).toEqual(["fresh", "fresh", "stale"]);
  });

  it("one event through two channels ends as one row, whichever came first", () => {
    const viaQueue = observation("CAB@v1", { eTag: "e", time: at(1).replace(".000Z", ".250Z") });
    const viaBus = observation("C00ab@v1", { time: at(1), sizeBytes: 7 });
    const [first, second] = [rowsOf([viaQueue, viaBus]), rowsOf([viaBus, viaQueue])];
    expect(first).toEqual(second);
    expect(first).toMatchObject([{ eTag: "e", sizeBytes: 7, time: viaQueue.time, duplicates: 1 }]);
  });
});

describe("what is known of a version besides its presence", () => {
  const restore = (kind: Observation["kind"], seconds: number, given: Partial<Observation> = {}) =>
    observation(`C~@v1+${seconds}`, { kind, event: kind, ...given });
  const view = (observations: readonly Observation[]) => currentView(rowsOf(observations), "bucket");

  it("F20: a HEAD adds the storage class that notifications leave out", () => {
    const head = observation("C~@v1+1", {
      source: "head",
      event: "head",
      eTag: "e",
      storageClass: "GLACIER",
    });
    for (const order of permutations([observation("C1@v1", { eTag: "e" }), head]))
      expect(view(order)).toMatchObject({ storageClass: "GLACIER", latest: { source: "notification" } });
  });

  it("a picture of other content under the null version adds nothing", () => {
    const old = observation("C~+1", {
      source: "listing",
      event: "listing",
      eTag: "old",
      storageClass: "GLACIER",
    });
    expect(view([observation("C5", { eTag: "new" }), old])?.storageClass).toBeUndefined();
  });

  it("the coldest class seen is the present one, in any order", () => {
    const moved = [
      observation("C1@v1", { storageClass: "STANDARD" }),
      restore("transitioned", 30, { storageClass: "GLACIER" }),
      restore("transitioned", 90, { storageClass: "DEEP_ARCHIVE" }),
    ];
    for (const order of permutations(moved)) expect(view(order)?.storageClass).toBe("DEEP_ARCHIVE");
  });

  it("a restore is under way, then done, then over", () => {
    const story = [
      observation("C1@v1"),
      restore("restore-started", 2),
      restore("restored", 3, { restoreExpiresAt: at(9) }),
      restore("restore-expired", 9),
    ];
    const seen = [1, 2, 3, 4].map(length => view(story.slice(0, length))?.restore);
    expect(seen).toEqual([undefined, { isOngoing: true }, { isOngoing: false, expiresAt: at(9) }, undefined]);
  });

  it("what happened to an object that was overwritten is not told of the new one", () => {
    const seen = view([
      observation("C1"),
      observation("C~+2", { kind: "restored", event: "r" }),
      observation("C3"),
    ]);
    expect(seen?.restore).toBeUndefined();
  });

  it("a version known only from its tags is not claimed to be there", () => {
    expect(versionsOf(rowsOf([restore("tagged", 1)]), "bucket")).toEqual([]);
  });
});

describe("counters", () => {
  const received = (story: string, seconds: readonly number[]) =>
    rowsOf(literal(story)).map((row, index) => ({ ...row, receivedAt: at(seconds[index] ?? 0) }));

  it("count duplicates, and what was delivered after something later", () => {
    expect(countersOf(received("C1 C2 C2 D3", [2, 2, 1]))).toEqual({
      observations: 3,
      duplicates: 1,
      reordered: 2,
    });
  });

  it("what was delivered in order or together was not reordered", () => {
    expect(countersOf(received("C1 C2 D3", [1, 2, 2])).reordered).toBe(0);
  });
});
