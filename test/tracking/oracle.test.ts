import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNotification } from "../../src/tracking/notification.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { currentView, versionsOf } from "../../src/tracking/views.ts";
import { type Operation, type Oracle, s3Oracle, type Versioning } from "../support/s3-oracle.ts";
import { rowsOf } from "./notation.ts";

const RUNS = Number(process.env.RUNS ?? "1");
const BUCKET = "bucket";
const KEY = "a b/ü+c.event";

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom<Operation>({ type: "put" }, { type: "copy" }, { type: "multipart" }),
  },
  { weight: 4, arbitrary: fc.constantFrom<Operation>({ type: "delete" }, { type: "expire" }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom("deleteVersion", "expireVersion"), fc.nat(3))
      .map(([type, nth]) => ({ type, nth }) as Operation),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Operation>({ type: "enable" }, { type: "suspend" }, { type: "tag" }),
  },
);

const history = fc.record({
  versioning: fc.constantFrom<Versioning>("off", "enabled", "suspended"),
  spell: fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }),
  operations: fc.array(operation, { minLength: 1, maxLength: 8 }),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

const begin = ({ versioning, spell }: History): Oracle =>
  s3Oracle({ bucket: BUCKET, key: KEY, versioning, spell });

const play = (given: History): Oracle => {
  const oracle = begin(given);
  for (const next of given.operations) oracle.apply(next);
  return oracle;
};

const observed = (records: Oracle["notifications"]): readonly Observation[] => {
  const read = parseNotification(JSON.stringify({ Records: records }));
  if (read.outcome !== "observations") throw new Error(`Expected observations, got ${JSON.stringify(read)}`);
  return read.observations;
};

/** What tracking believes, in the oracle's terms. */
const believed = (rows: ReturnType<typeof rowsOf>) => {
  const current = currentView(rows, BUCKET);
  return {
    current: current === undefined ? undefined : { versionId: current.versionId, eTag: current.latest.eTag },
    versions: versionsOf(rows, BUCKET)
      .filter(({ state }) => state !== "gone")
      .map(({ versionId, state }) => ({ versionId, isMarker: state === "marker" })),
  };
};

const truth = (oracle: Oracle) => {
  const current = oracle.current();
  return {
    current: current === undefined ? undefined : { versionId: current.versionId, eTag: current.eTag },
    versions: oracle.versions().map(({ versionId, isMarker }) => ({ versionId, isMarker })),
  };
};

describe("against S3's own semantics", () => {
  it("any history, in any order and with duplicates, ends as S3 has it", () => {
    const delivered = history.chain(given => {
      const records = play(given).notifications;
      return fc.record({
        given: fc.constant(given),
        order: fc.shuffledSubarray(records, { minLength: records.length }),
        again: fc.subarray(records),
      });
    });
    fc.assert(
      fc.property(delivered, ({ given, order, again }) => {
        const oracle = play(given);
        const rows = rowsOf(observed([...order, ...again]));
        expect(believed(rows)).toEqual(truth(oracle));
        expect(rows).toEqual(rowsOf(observed([...oracle.notifications, ...again])));
        expect(rows.reduce((sum, row) => sum + row.duplicates, 0)).toBe(again.length);
      }),
      { numRuns: 5000 * RUNS },
    );
  });

  it("is right after every single notification delivered in order", () => {
    fc.assert(
      fc.property(history, given => {
        const oracle = begin(given);
        for (const next of given.operations) {
          oracle.apply(next);
          expect(believed(rowsOf(observed(oracle.notifications)))).toEqual(truth(oracle));
        }
      }),
      { numRuns: 1000 * RUNS },
    );
  });
});

/** A listing of all versions, as observations, and a HEAD for whatever tracking believes and the listing lacks. */
const reconciled = (oracle: Oracle, known: readonly Observation[]): readonly Observation[] => {
  const there = oracle.versions();
  const pictures = there.map(
    (version): Observation => ({
      source: "listing",
      bucket: BUCKET,
      key: KEY,
      versionId: version.versionId,
      kind: version.isMarker ? "marker" : "created",
      event: "listing",
      time: version.lastModified,
      lastModified: version.lastModified,
      isLatest: version === there.at(-1),
      ...(version.isMarker ? {} : { eTag: version.eTag, sizeBytes: version.size }),
    }),
  );
  const absent = versionsOf(rowsOf(known), BUCKET)
    .filter(
      ({ state, versionId }) => state !== "gone" && !there.some(version => version.versionId === versionId),
    )
    .map(
      ({ versionId }): Observation => ({
        source: "head",
        bucket: BUCKET,
        key: KEY,
        versionId,
        kind: "deleted",
        event: "head",
        time: oracle.now(),
      }),
    );
  return [...pictures, ...absent];
};

describe("when notifications are lost", () => {
  it("a listing after the loss of the newest ones tells the truth, and changes nothing when none was lost", () => {
    fc.assert(
      fc.property(history, fc.nat(8), (given, kept) => {
        const oracle = play(given);
        const known = observed(oracle.notifications.slice(0, kept));
        const rows = rowsOf([...known, ...reconciled(oracle, known)]);
        expect(believed(rows)).toEqual(truth(oracle));
      }),
      { numRuns: 2000 * RUNS },
    );
  });

  it("so does one after the loss of any of them", () => {
    const losses = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(history, losses, (given, isLost) => {
        const oracle = play(given);
        const known = observed(oracle.notifications.filter((_, index) => !isLost[index]));
        const found = believed(rowsOf([...known, ...reconciled(oracle, known)]));
        expect(found.current).toEqual(truth(oracle).current);
        expect(new Set(found.versions)).toEqual(new Set(truth(oracle).versions));
      }),
      { numRuns: 3000 * RUNS },
    );
  });

  it("the lost ones that come after the listing change nothing", () => {
    fc.assert(
      fc.property(history, fc.nat(8), (given, kept) => {
        const oracle = play(given);
        const known = observed(oracle.notifications.slice(0, kept));
        const late = observed(oracle.notifications.slice(kept));
        expect(believed(rowsOf([...known, ...reconciled(oracle, known), ...late]))).toEqual(truth(oracle));
      }),
      { numRuns: 1000 * RUNS },
    );
  });
});
