import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareWithPicture, isPlain } from "../../../src/replay/reconcile/compare.ts";
import { wholeKeys } from "../../../src/replay/reconcile/whole-keys.ts";
import { parseNotification } from "../../../src/tracking/notification.ts";
import type { Observation } from "../../../src/tracking/observation.ts";
import { observedState } from "../../../src/tracking/state.ts";
import { syntheticNotification } from "../../../src/tracking/synthetic-notification.ts";
import { currentView, versionsOf } from "../../../src/tracking/views.ts";
import { type Operation, type Oracle, s3Oracle, type Versioning } from "../../support/s3-oracle.ts";
import { at, current, literal, rowsOf } from "../../tracking/notation.ts";

const RUNS = 500 * Number(process.env.RUNS ?? "1");
const BUCKET = "bucket";
const KEY = "a b/ü+c~%.event";
const ROLES = { requests: BUCKET, archive: "archive", rejected: "rejected" };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<Operation>({ type: "put" }, { type: "copy" }) },
  { weight: 3, arbitrary: fc.constantFrom<Operation>({ type: "delete" }, { type: "expire" }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom("deleteVersion", "expireVersion"), fc.nat(3))
      .map(([type, nth]) => ({ type, nth }) as Operation),
  },
  { weight: 1, arbitrary: fc.constant<Operation>({ type: "tag" }) },
);

const historyOf = (versionings: readonly Versioning[]) =>
  fc.record({
    versioning: fc.constantFrom(...versionings),
    spell: fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }),
    operations: fc.array(operation, { minLength: 1, maxLength: 8 }),
    /** Which notifications arrive: those at places where this says so. */
    arrives: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  });

const play = (given: { versioning: Versioning; spell: number[]; operations: Operation[] }): Oracle => {
  const oracle = s3Oracle({ bucket: BUCKET, key: KEY, ...given });
  for (const next of given.operations) oracle.apply(next);
  return oracle;
};

const read = (body: string): readonly Observation[] => {
  const notification = parseNotification(body);
  if (notification.outcome !== "observations")
    throw new Error(`Expected observations, got ${JSON.stringify(notification)}`);
  return notification.observations;
};

const observed = (records: Oracle["notifications"]): readonly Observation[] =>
  read(JSON.stringify({ Records: records }));

/** What a listing shows now. */
const pictured = (oracle: Oracle): readonly Observation[] =>
  oracle.versions().map(({ versionId, isMarker, eTag, size, lastModified }, i, all) => ({
    source: "listing",
    bucket: BUCKET,
    key: KEY,
    versionId,
    kind: isMarker ? "marker" : "created",
    time: lastModified,
    event: "listing",
    lastModified,
    isLatest: i === all.length - 1,
    ...(isMarker ? {} : { eTag, sizeBytes: size, storageClass: "STANDARD" }),
  }));

const gone = (versionId: string, time: string): Observation => ({
  source: "head",
  bucket: BUCKET,
  key: KEY,
  versionId,
  kind: "deleted",
  time,
  event: "head",
});

/** Of those below the current version, one that was lost ranks lowest: so they are compared as sets. */
const believed = (rows: ReturnType<typeof rowsOf>) => ({
  current: currentView(rows, BUCKET)?.versionId,
  versions: versionsOf(rows, BUCKET)
    .filter(({ state }) => state !== "gone")
    .map(({ versionId, state }) => `${versionId} ${state}`)
    .sort(),
});

const truth = (oracle: Oracle) => ({
  current: oracle.current()?.versionId,
  versions: oracle
    .versions()
    .map(({ versionId, isMarker }) => `${versionId} ${isMarker ? "marker" : "object"}`)
    .sort(),
});

const ids = (versions: readonly { readonly versionId: string }[]): readonly string[] =>
  versions.map(({ versionId }) => versionId).sort();

describe("a comparison with a listing", () => {
  it("finds exactly the versions nobody was told of, and exactly those whose end nobody was told of", () => {
    fc.assert(
      fc.property(historyOf(["enabled"]), ({ arrives, ...given }) => {
        const oracle = play(given);
        const records = oracle.notifications.filter((_, i) => arrives[i]);
        const told = (name: RegExp): readonly string[] =>
          records
            .filter(({ eventName }) => name.test(eventName))
            .map(({ s3 }) => s3.object.versionId ?? "null");
        const begun = told(/Created/);
        const ended = told(/:Delete$/);
        const there = oracle.versions().map(({ versionId }) => versionId);
        const { lost, known, missing } = compareWithPicture(
          rowsOf(observed(records)),
          { bucket: BUCKET, versions: pictured(oracle) },
          oracle.now(),
        );
        expect(ids(lost)).toEqual(there.filter(id => !begun.includes(id)).sort());
        expect(ids(known)).toEqual(there.filter(id => begun.includes(id)).sort());
        expect(ids(missing)).toEqual(begun.filter(id => !there.includes(id) && !ended.includes(id)).sort());
      }),
      { numRuns: RUNS },
    );
  });

  it("once fed and marked makes tracking believe what is true, finds nothing again, and bears the late ones", () => {
    fc.assert(
      fc.property(
        historyOf(["enabled", "suspended", "off"]),
        fc.boolean(),
        ({ arrives, ...given }, isTwice) => {
          const oracle = play(given);
          const records = oracle.notifications.filter((_, i) => arrives[i]);
          const picture = { bucket: BUCKET, versions: pictured(oracle) };
          const first = observed(records);
          const { lost, missing } = compareWithPicture(rowsOf(first), picture, oracle.now());
          const fed = read(syntheticNotification(lost, "eu-central-1"));
          const marks = missing.map(({ versionId }) => gone(versionId, oracle.now()));
          const all = [...first, ...fed, ...marks, ...(isTwice ? fed : [])];
          expect(believed(rowsOf(all))).toEqual(truth(oracle));
          const again = compareWithPicture(rowsOf(all), picture, oracle.now());
          expect([again.lost, again.missing]).toEqual([[], []]);
          const late = observed(oracle.notifications.filter((_, i) => !arrives[i]));
          expect(believed(rowsOf([...all, ...late]))).toEqual(truth(oracle));
          expect(compareWithPicture(rowsOf([...all, ...late]), picture, oracle.now())).toMatchObject({
            lost: [],
            missing: [],
          });
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("with an older picture finds nothing where tracking was told everything since", () => {
    fc.assert(
      fc.property(historyOf(["enabled", "suspended", "off"]), fc.nat(8), (given, taken) => {
        const before = play({ ...given, operations: given.operations.slice(0, taken) });
        const rows = rowsOf(observed(play(given).notifications));
        const { lost, missing } = compareWithPicture(
          rows,
          { bucket: BUCKET, versions: pictured(before) },
          before.now(),
        );
        expect(lost).toEqual([]);
        expect(missing).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it("takes the short cut over the state only where the long way finds nothing lost", () => {
    fc.assert(
      fc.property(historyOf(["enabled", "suspended", "off"]), ({ arrives, ...given }) => {
        const oracle = play(given);
        const rows = rowsOf(observed(oracle.notifications.filter((_, i) => arrives[i])));
        const state = observedState({ previous: undefined, key: KEY, rows, roles: ROLES });
        const picture = { bucket: BUCKET, versions: pictured(oracle) };
        if (isPlain(state, picture)) expect(compareWithPicture(rows, picture, oracle.now()).lost).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it("passes over no object that lies elsewhere under its key with another content", () => {
    const versions = literal("C5", { eTag: "further" });
    const isPlainBeside = (eTag: string): boolean => {
      const rows = rowsOf([...versions, ...literal("C6", { bucket: ROLES.archive, eTag })]);
      const state = observedState({ previous: undefined, key: KEY, rows, roles: ROLES });
      return isPlain(state, { bucket: BUCKET, versions });
    };
    expect([isPlainBeside("further"), isPlainBeside("first")]).toEqual([true, false]);
  });

  const listing = (token: string, given: Partial<Observation> = {}): Observation[] =>
    literal(token, { source: "listing", event: "listing", ...given }).map(each => ({ ...each }));

  it("E17: created, deleted, and seen again later: the sighting is lost news and makes it current", () => {
    const rows = rowsOf(literal("C5 D6"));
    const seen = listing("C~+7");
    expect(compareWithPicture(rows, { bucket: BUCKET, versions: seen }, at(9)).lost).toEqual(seen);
    const fed = read(syntheticNotification(seen, "eu-central-1"));
    expect(current(rowsOf([...literal("C5 D6"), ...fed]))).toBe("C~");
    const older = listing("C~+5");
    expect(compareWithPicture(rows, { bucket: BUCKET, versions: older }, at(9)).lost).toEqual([]);
  });

  it("E21, K5: tracked and absent from the picture is missing, unless it is newer than the picture", () => {
    const rows = rowsOf(literal("C5@v5 X6@m6 C8@v8"));
    const missing = (takenAt: string) =>
      ids(compareWithPicture(rows, { bucket: BUCKET, versions: [] }, takenAt).missing);
    expect(missing(at(9))).toEqual(["m6", "v5", "v8"]);
    expect(missing(at(7))).toEqual(["m6", "v5"]);
    expect(missing(at(5))).toEqual([]);
  });

  it("a null version stored again with other content is lost news, with the same content is not", () => {
    const rows = rowsOf(literal("C5", { eTag: "a" }));
    const lostOf = (eTag: string, token: string) =>
      compareWithPicture(rows, { bucket: BUCKET, versions: listing(token, { eTag }) }, at(9)).lost.length;
    expect([lostOf("b", "C~+7"), lostOf("a", "C~+7"), lostOf("b", "C~+4")]).toEqual([1, 0, 0]);
  });
});

describe("keys of a stream", () => {
  it("come once and whole where the stream is sorted, however it is cut into batches", async () => {
    const drawn = fc.record({
      keys: fc.array(
        fc.tuple(fc.constantFrom("a", "b", "c", "d", "ab", "a/b"), fc.integer({ min: 1, max: 4 })),
      ),
      cuts: fc.array(fc.nat(5), { minLength: 1 }),
      keysMax: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ keys, cuts, keysMax }) => {
        const versionsOfKey = new Map(keys);
        const sorted = [...versionsOfKey]
          .sort()
          .flatMap(([key, count]) =>
            Array.from({ length: count }, (_, i) => ({ ...literal(`C~@v${i}+1`)[0], key }) as Observation),
          );
        async function* batches() {
          for (let from = 0, i = 0; from < sorted.length; i += 1) {
            const size = cuts[i % cuts.length] ?? 0;
            yield sorted.slice(from, from + size);
            from += i % cuts.length === cuts.length - 1 ? Math.max(1, size) : size;
            if (size === 0 && i % cuts.length === cuts.length - 1) yield sorted.slice(from - 1, from);
          }
        }
        const chunks = await Array.fromAsync(wholeKeys(batches(), keysMax));
        expect(chunks.every(chunk => chunk.length <= keysMax)).toBe(true);
        expect(chunks.flat().map(({ key, versions }) => [key, versions.length])).toEqual(
          [...versionsOfKey].sort(),
        );
      }),
      { numRuns: RUNS },
    );
  });
});
