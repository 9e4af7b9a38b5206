import { isoInstant } from "../ports/clock.ts";
import type { WriteOutcome } from "../table/store.ts";
import { judgedState } from "../tracking/state.ts";
import { businessDate, businessTime } from "./business-time.ts";
import type { Candidate } from "./canonical-order.ts";
import { unchangedSince } from "./commit.ts";
import type { OriginalName } from "./domain.ts";
import { PARKED_RANGE, requestPartition } from "./entities.ts";
import type { AnyLedger } from "./ledger.ts";
import { type ParkedRow, parkedPlaces, type Reading } from "./reading.ts";
import { requestText } from "./record.ts";

/** Parked rows of one original read in a page; they carry requests of up to 64 KiB. */
const PARKED_PAGE = 25;

/**
 * Parks a follow-up until its original is decided: one transaction with the condition that the original is not in the
 * registry. So either this row is there before the original's entry, and the original's worker finds it, or it is not
 * written and the follow-up is judged now.
 */
export const park = async <R>(
  ledger: AnyLedger,
  candidate: Candidate<R>,
  { state: previous }: Reading<unknown>,
): Promise<WriteOutcome> => {
  const { found, parsed } = candidate;
  if (!parsed.valid || !parsed.original)
    throw new Error(`${found.seen.key} was deferred but refers to no original.`);
  const { rows, roles, store, clock } = ledger;
  const [own, underDigest] = parkedPlaces(candidate);
  const place = previous?.parked ? underDigest : own;
  if (!place) throw new Error(`${found.seen.key} has no place to be parked in.`);
  const parkedRow = rows.parked.item({
    ...place,
    observation: found.seen,
    sizeBytes: found.sizeBytes,
    digest: found.digest,
    ...requestText(found.bytes),
    parkedAt: isoInstant(clock.now()),
  });
  const state = judgedState({
    previous,
    observation: found.seen,
    judgement: {
      parked: { since: found.seen.time, awaits: requestPartition(parsed.original) },
      stream: parsed.streams[0],
      date: businessDate(parsed, found.seen.time),
      time: businessTime(parsed, found.seen.time),
    },
    roles,
  });
  return store.transact([
    { put: parkedRow },
    { check: rows.request.key(parsed.original), if: { absent: true } },
    { put: rows.state.item(state), if: unchangedSince(previous) },
  ]);
};

/** What is parked for an original, in the order of release; `PARKED_PAGE` at a time, the reader asks again. */
export const parkedFor = async (ledger: AnyLedger, original: OriginalName): Promise<readonly ParkedRow[]> => {
  const { items } = await ledger.store.query({
    partition: requestPartition(original),
    ...PARKED_RANGE,
    limit: PARKED_PAGE,
  });
  return items.map(item => ledger.rows.parked.read(item));
};
