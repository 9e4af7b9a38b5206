import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketView } from "../../../src/tracking/bucket-view.ts";
import { tellsNew } from "../../../src/tracking/news.ts";
import { parseNotification } from "../../../src/tracking/notification.ts";
import type { Observation, ObservationRow } from "../../../src/tracking/observation.ts";
import { observe } from "../../../src/tracking/observe.ts";
import { pairedView } from "../../../src/tracking/paired-view.ts";
import { currentView, type VersionView, versionsOf } from "../../../src/tracking/views.ts";
import { type Operation, type Oracle, s3Oracle, type Versioning } from "../../support/s3-oracle.ts";
import { observation, rowsOf } from "../../tracking/notation.ts";

const RUNS = Number(process.env.RUNS ?? "1");
/** For many runs at once. */
const TIME_LIMIT_MS = 60_000 * RUNS;
const BUCKET = "bucket";
const KEY = "key";

/** What happens to the key, or is looked at, between one second and the next. */
type Step =
  | Operation
  | { readonly type: "inventory" }
  | { readonly type: "listing" }
  | { readonly type: "heads" }
  /** The version at this place from the newest goes to a colder class, and S3 tells of it or does not. */
  | { readonly type: "cool"; readonly nth: number; readonly isTold: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<Step>({ type: "put" }, { type: "copy" }, { type: "multipart" }) },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ type: "delete" }, { type: "expire" }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom("deleteVersion", "expireVersion"), fc.nat(3))
      .map(([type, nth]) => ({ type, nth }) as Step),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ type: "enable" }, { type: "suspend" }, { type: "tag" }) },
  { weight: 6, arbitrary: fc.constantFrom<Step>({ type: "inventory" }, { type: "listing" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "heads" }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("cool" as const), nth: fc.nat(2), isTold: fc.boolean() }),
  },
);

const history = fc.record({
  versioning: fc.constantFrom<Versioning>("off", "enabled", "suspended"),
  spell: fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }),
  /** By how much LastModified is before the event: a multipart upload is of the time when it was begun. */
  earlierMs: fc.constantFrom<number>(0, 1, 700, 2500),
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

const COLDER = ["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

const notified = (records: Oracle["notifications"]): readonly Observation[] => {
  const read = parseNotification(JSON.stringify({ Records: records }));
  return read.outcome === "observations" ? read.observations : [];
};

/** Everything that notifications, reports, listings and HEADs tell of a history. */
const observations = ({ versioning, spell, earlierMs, steps }: History): readonly Observation[] => {
  const oracle = s3Oracle({ bucket: BUCKET, key: KEY, versioning, spell });
  const classes = new Map<string, string>();
  const seen: Observation[] = [];
  const picture = (source: "inventory" | "listing"): readonly Observation[] =>
    oracle.versions().map((version, index, all) => {
      const modified = new Date(Date.parse(version.lastModified) - earlierMs).toISOString();
      const shown = {
        source,
        bucket: BUCKET,
        key: KEY,
        versionId: version.versionId,
        event: source,
        time: modified,
        lastModified: modified,
        isLatest: index === all.length - 1,
      };
      if (version.isMarker) return { ...shown, kind: "marker" };
      const storageClass = classes.get(version.eTag) ?? "STANDARD";
      return { ...shown, kind: "created", eTag: version.eTag, sizeBytes: version.size, storageClass };
    });
  for (const next of steps) {
    if (next.type === "inventory" || next.type === "listing") seen.push(...picture(next.type));
    else if (next.type === "heads") seen.push(...missed(rowsOf(seen), oracle));
    else if (next.type === "cool") {
      const version = oracle.versions().at(-1 - next.nth);
      if (version === undefined || version.isMarker) continue;
      const storageClass = COLDER[COLDER.indexOf(classes.get(version.eTag) ?? "") + 1];
      if (storageClass === undefined) continue;
      classes.set(version.eTag, storageClass);
      const { versionId, eTag } = version;
      // Each at an instant of its own: two of one version and instant count as one.
      const time = new Date(Date.parse(oracle.now()) + seen.length).toISOString();
      if (next.isTold) seen.push({ ...told(versionId, time), kind: "transitioned", eTag, storageClass });
    } else {
      const before = oracle.notifications.length;
      oracle.apply(next);
      seen.push(...notified(oracle.notifications.slice(before)));
    }
  }
  return seen;
};

const told = (versionId: string, time: string): Observation => ({
  source: "notification",
  bucket: BUCKET,
  key: KEY,
  versionId,
  kind: "tagged",
  event: "LifecycleTransition",
  time,
});

/** HEADs of what tracking believes to be there and is not. */
const missed = (rows: readonly ObservationRow[], oracle: Oracle): readonly Observation[] =>
  versionsOf(rows, BUCKET)
    .filter(({ state, versionId }) => {
      return state !== "gone" && !oracle.versions().some(version => version.versionId === versionId);
    })
    .map(({ versionId }) => ({
      ...told(versionId, oracle.now()),
      source: "head",
      kind: "deleted",
      event: "head",
    }));

/** A row as far as a view tells of it. */
const shown = (row: ObservationRow | undefined) =>
  row && {
    versionId: row.versionId,
    kind: row.kind,
    sequencer: row.sequencer,
    time: row.time,
    eTag: row.eTag,
    sizeBytes: row.sizeBytes,
  };

const usual = <View extends { readonly storageClass?: string | undefined }>(view: View | undefined) =>
  view && { ...view, storageClass: view.storageClass ?? "STANDARD" };

const versionShown = (version: VersionView | undefined) =>
  usual(version && { ...version, latest: shown(version.latest) });

/** Everything that is derived from the rows of a key. */
const viewsOf = (rows: readonly ObservationRow[]) => {
  const bucket = bucketView(rows, BUCKET);
  return {
    versions: versionsOf(rows, BUCKET).map(versionShown),
    current: versionShown(currentView(rows, BUCKET)),
    bucket: bucket?.isPresent ? usual(bucket) : bucket,
    paired: pairedView(rows).map(life => ({
      ...life,
      created: shown(life.created),
      ended: shown(life.ended),
    })),
  };
};

const isPicture = ({ source }: Observation): boolean => source !== "notification";

describe("pictures that tell nothing new", () => {
  test(
    "are not missed by any view, whatever comes afterwards and in whatever order",
    () => {
      const delivered = history.chain(given => {
        const all = observations(given);
        return fc.record({
          given: fc.constant(given),
          order: fc.oneof(
            fc.shuffledSubarray(all.slice()),
            fc.shuffledSubarray(all.slice(), { minLength: all.length }),
            fc.subarray(all.slice()),
          ),
        });
      });
      fc.assert(
        fc.property(delivered, ({ order }) => {
          let all: readonly ObservationRow[] = [];
          let kept: readonly ObservationRow[] = [];
          for (const next of order) {
            all = observe(all, next).rows;
            if (!isPicture(next) || tellsNew(kept, next)) kept = observe(kept, next).rows;
            expect(viewsOf(kept)).toEqual(viewsOf(all));
          }
        }),
        { numRuns: 4000 * RUNS },
      );
    },
    TIME_LIMIT_MS,
  );

  test("are all those of a key whose every event was told, but for classes nobody told of", () => {
    fc.assert(
      fc.property(history, given => {
        // Under the null version a long upload cannot be told from an earlier object of the same content.
        const earlierMs = given.versioning === "enabled" ? given.earlierMs : Math.min(given.earlierMs, 700);
        const steps = given.steps.filter(({ type }) => type !== "cool" && type !== "suspend");
        const all = observations({ ...given, earlierMs, steps });
        const rows = rowsOf(all.filter(each => !isPicture(each)));
        const news = all.filter(each => isPicture(each) && tellsNew(rows, each));
        expect(news.filter(({ source }) => source !== "head")).toEqual([]);
      }),
      { numRuns: 1000 * RUNS },
    );
  });

  test("are told from those that do", () => {
    const picture = (given: Partial<Observation> = {}): Observation =>
      observation("C~@v1+1", { source: "inventory", event: "inventory", eTag: "e", ...given });
    const rows = rowsOf([observation("C1@v1", { eTag: "e" })]);
    expect(tellsNew(rows, picture({ storageClass: "STANDARD" }))).toBe(false);
    expect(tellsNew([], picture())).toBe(true);
    expect(tellsNew(rows, picture({ storageClass: "GLACIER" }))).toBe(true);
    expect(tellsNew(rows, picture({ versionId: "v2" }))).toBe(true);
    expect(tellsNew(rows, picture({ bucket: "another" }))).toBe(true);
    expect(tellsNew(rows, picture({ eTag: "f" }))).toBe(true);
    expect(tellsNew(rows, picture({ time: "2026-01-01T00:00:02.000Z" }))).toBe(true);
    const cooled = observation("C~@v1+9", { kind: "transitioned", storageClass: "GLACIER" });
    expect(tellsNew([...rows, ...rowsOf([cooled])], picture({ storageClass: "GLACIER" }))).toBe(false);
    expect(tellsNew(rowsOf([picture()]), picture({ source: "listing", event: "listing" }))).toBe(false);
    expect(tellsNew(rowsOf([picture({ isLatest: true })]), picture({ isLatest: false }))).toBe(false);
    expect(tellsNew(rowsOf([picture({ isLatest: false })]), picture({ isLatest: true }))).toBe(true);
  });

  test("are not those that another event than their own seems to tell", () => {
    const picture = (given: Partial<Observation> = {}): Observation =>
      observation("C~+1", { source: "inventory", event: "inventory", eTag: "e", ...given });
    const tells = (row: Observation, shown = picture()) => tellsNew(rowsOf([row]), shown);
    expect(tells(observation("C1", { eTag: "e" }))).toBe(false);
    // Later by so much, an object of the same content was stored again.
    expect(tells(observation("C7", { eTag: "e" }))).toBe(true);
    expect(tells(observation("X1"))).toBe(true);
    expect(tells(observation("C1", { eTag: "e" }), picture({ kind: "marker", eTag: undefined }))).toBe(true);
    expect(tells(observation("C~+1", { eTag: "e" }))).toBe(true);
    expect(tells(picture({ kind: "deleted" }))).toBe(true);
    // Whose class that was, nobody knows: the null version may have been stored again since.
    const cooled = observation("C~+9", { kind: "transitioned", storageClass: "GLACIER" });
    const rows = rowsOf([observation("C1", { eTag: "e" }), cooled]);
    expect(tellsNew(rows, picture({ storageClass: "GLACIER" }))).toBe(true);
  });
});
