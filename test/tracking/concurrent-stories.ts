import fc from "fast-check";
import { parseNotification } from "../../src/tracking/notification.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { versionsOf } from "../../src/tracking/views.ts";
import { type Operation, type Oracle, s3Oracle, type Versioning } from "../support/s3-oracle.ts";
import { rowsOf } from "./notation.ts";

/** The bucket of all stories: one whose objects no one judges, so that news of them is tracked and no more. */
export const BUCKET = "archive";
export const WRITERS_MAX = 4;

const OPERATIONS_MAX = 8;
/** Draws are used in turn: more than most stories have deliveries. */
const DRAWS = 24;

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

const rarely = (weight: number): fc.Arbitrary<boolean> =>
  fc.oneof({ weight, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const draws = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength: DRAWS, maxLength: DRAWS });

/** One object's life, and how the news of it reaches us. */
export const story = fc.record({
  versioning: fc.constantFrom<Versioning>("off", "enabled", "suspended"),
  /** How the sequencers leap and are written. */
  spell: fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }),
  operations: fc.array(operation, { minLength: 1, maxLength: OPERATIONS_MAX }),
  /** After which operations a listing is taken. */
  isListed: fc.array(rarely(8), { minLength: OPERATIONS_MAX, maxLength: OPERATIONS_MAX }),
  /** Which notifications never arrive. If any is lost, a listing and HEADs make up for it at the end. */
  isLost: fc.oneof(
    { weight: 3, arbitrary: fc.constant<boolean[]>([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.boolean(), { minLength: OPERATIONS_MAX, maxLength: OPERATIONS_MAX }),
    },
  ),
  /** What is delivered again, and whether by a channel that tells less. */
  again: fc.array(fc.tuple(fc.nat(100), fc.boolean()), { maxLength: 5 }),
  /** The order of arrival. */
  ranks: draws(fc.nat(1000)),
  /** Whom each delivery reaches. */
  writers: draws(fc.nat(WRITERS_MAX - 1)),
});

export type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** One observation on its way to one writer; ranks are the order of arrival. */
export type Delivery = { readonly writer: number; readonly rank: number; readonly observation: Observation };

export type Told = {
  readonly key: string;
  readonly oracle: Oracle;
  readonly isAnyLost: boolean;
  /** In the order of arrival. */
  readonly deliveries: readonly Delivery[];
};

/** Plays a story on the key, and deals the news of it over so many writers. */
export const tell = (given: Story, key: string, writers: number): Told => {
  const oracle = s3Oracle({ bucket: BUCKET, key, versioning: given.versioning, spell: given.spell });
  const listed: Observation[] = [];
  for (const [at, next] of given.operations.entries()) {
    oracle.apply(next);
    if (given.isListed[at]) listed.push(...picturesOf(oracle, key));
  }
  const kept = oracle.notifications.filter((_, at) => !given.isLost[at]);
  const isAnyLost = kept.length < oracle.notifications.length;
  const known = [...notified(kept), ...listed];
  const distinct = isAnyLost ? [...known, ...picturesOf(oracle, key), ...headsOf(oracle, key, known)] : known;
  const again = given.again.flatMap(([nth, tellsLess]) => copyOf(distinct[nth % distinct.length], tellsLess));
  return { key, oracle, isAnyLost, deliveries: dealt([...distinct, ...again], given, writers) };
};

/** What is delivered, in the order of arrival: to one writer, or to all. */
export const observationsOf = ({ deliveries }: Told, writer?: number): readonly Observation[] =>
  deliveries
    .filter(each => writer === undefined || each.writer === writer)
    .map(({ observation }) => observation);

const dealt = (
  observations: readonly Observation[],
  { ranks, writers }: Story,
  among: number,
): readonly Delivery[] =>
  observations
    .map((observation, at) => ({
      observation,
      writer: (writers[at % DRAWS] ?? 0) % among,
      rank: ranks[at % DRAWS] ?? 0,
    }))
    .sort((left, right) => left.rank - right.rank);

const notified = (records: Oracle["notifications"]): readonly Observation[] => {
  const read = parseNotification(JSON.stringify({ Records: records }));
  if (read.outcome !== "observations") throw new Error(`Expected observations, got ${JSON.stringify(read)}`);
  return read.observations;
};

/** A picture is identified by all that it shows; a notification may come without its size and ETag. */
const copyOf = (observation: Observation | undefined, tellsLess: boolean): readonly Observation[] => {
  if (observation === undefined) return [];
  if (!tellsLess || observation.source !== "notification") return [observation];
  const { sizeBytes: _size, eTag: _eTag, ...rest } = observation;
  return [rest];
};

/** A listing of all versions that are there. */
const picturesOf = (oracle: Oracle, key: string): readonly Observation[] => {
  const there = oracle.versions();
  return there.map(version => ({
    source: "listing",
    bucket: BUCKET,
    key,
    versionId: version.versionId,
    kind: version.isMarker ? "marker" : "created",
    event: "listing",
    time: version.lastModified,
    lastModified: version.lastModified,
    isLatest: version === there.at(-1),
    ...(version.isMarker ? {} : { eTag: version.eTag, sizeBytes: version.size }),
  }));
};

/** What HEADs find of the versions that the given observations show and that are not there. */
const headsOf = (oracle: Oracle, key: string, known: readonly Observation[]): readonly Observation[] => {
  const there = new Set(oracle.versions().map(({ versionId }) => versionId));
  return versionsOf(rowsOf(known), BUCKET)
    .filter(({ state, versionId }) => state !== "gone" && !there.has(versionId))
    .map(({ versionId }) => ({
      source: "head",
      bucket: BUCKET,
      key,
      versionId,
      kind: "deleted",
      event: "head",
      time: oracle.now(),
    }));
};
