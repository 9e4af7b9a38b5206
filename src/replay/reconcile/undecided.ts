import pMap from "p-map";
import { findRequest } from "../../ledger/found-request.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { objectPartition, type ReusedContent } from "../../tracking/entities.ts";
import type { Observation, ObservationRow } from "../../tracking/observation.ts";
import { readObservations } from "../../tracking/refresh-state.ts";
import type { Check, Due, SeenKey } from "./due.ts";

/** Keys looked at more closely at once. */
const KEYS_AT_ONCE = 16;
/** All rows of further contents under a key lie between these sort keys. */
const REUSED_RANGE = { from: "REUSED#", to: "REUSED#\u{10FFFF}" } as const;
/** Contents under one key that are told apart: a policy on the bucket admits one. */
const CONTENTS_MAX = 1_000;

/**
 * Requests in the requests' bucket that tracking knows and that are neither decided nor parked: their messages failed
 * until they counted as dead, or they became known from a report. They are told again as they were told first. What is
 * parked is the business of the sweep.
 *
 * A key whose state names a decision has further undecided content at the most; that is looked for, by the digests of
 * what is there, where more than one content is known of.
 */
export const undecided: Check = async (ledger, seen) => {
  const { requests } = ledger.roles;
  const doubtful = seen.filter(
    ({ picture, known, state, rows = [] }) =>
      picture.bucket === requests &&
      known.some(({ kind }) => kind === "created") &&
      (state?.decision === undefined ? state?.parked === undefined : contentsIn(rows).size > 1),
  );
  const found = await pMap(doubtful, each => undecidedOf(ledger, each), { concurrency: KEYS_AT_ONCE });
  return found.flat();
};

/**
 * The contents that were stored under a key, as far as their ETags tell them apart, in whatever bucket: after a restore
 * the copy of the first one may be all that tells of it.
 */
export const contentsIn = (rows: readonly ObservationRow[]): ReadonlySet<string | undefined> =>
  new Set(rows.filter(({ kind }) => kind === "created").map(({ eTag }) => eTag));

const undecidedOf = async (ledger: AnyLedger, seen: SeenKey): Promise<readonly Due[]> => {
  const { key } = seen.picture;
  const rows = seen.rows ?? (await readObservations(ledger, key));
  const told = seen.known
    .filter(({ kind }) => kind === "created")
    .map(picture => ({ picture, observation: asTold(rows, picture) }));
  const first = seen.state?.decision;
  const decided = first && (await digestsDecided(ledger, key, first.digest));
  // Two uploads of one content may differ in their ETags, two contents never share one.
  if (decided && contentsIn(rows).size <= decided.size) return [];
  const due: Due[] = [];
  for (const { picture, observation } of told) {
    if (decided !== undefined) {
      const found = await findRequest(ledger.objects, observation);
      if (found === undefined || decided.has(found.digest)) continue;
    }
    due.push({ finding: "undecided", observation, since: picture.time });
  }
  return due;
};

/** The observation that told of a version, or the picture itself where only a picture ever did. */
const asTold = (rows: readonly ObservationRow[], picture: Observation): Observation => {
  const { bucket, versionId } = picture;
  const made = rows.filter(
    row => row.bucket === bucket && row.versionId === versionId && row.kind === "created",
  );
  return (
    made.findLast(({ sequencer }) => sequencer !== undefined) ??
    made.find(({ source }) => source === "notification") ??
    picture
  );
};

const digestsDecided = async (ledger: AnyLedger, key: string, first: string): Promise<ReadonlySet<string>> =>
  new Set([first, ...(await reusedContents(ledger, key)).map(({ decision }) => decision.digest)]);

/** The decisions over other content of a used key. Throws: above `CONTENTS_MAX`. */
export const reusedContents = async (
  { store, rows }: AnyLedger,
  key: string,
): Promise<readonly ReusedContent[]> => {
  const { items, cursor } = await store.query({
    partition: objectPartition(key),
    ...REUSED_RANGE,
    limit: CONTENTS_MAX,
  });
  if (cursor !== undefined) throw new Error(`More than ${CONTENTS_MAX} contents were stored under ${key}.`);
  return items.map(rows.reused.read);
};
