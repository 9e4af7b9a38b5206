import { isoInstant } from "../ports/clock.ts";
import type { WriteOutcome } from "../table/store.ts";
import { judgedState } from "../tracking/state.ts";
import { businessDate, businessTime } from "./business-time.ts";
import type { Candidate } from "./canonical-order.ts";
import { unchangedSince } from "./commit.ts";
import { PARKED_RANGE, requestPartition } from "./entities.ts";
import type { AnyLedger } from "./ledger.ts";
import { type ParkedRow, parkedPlaces, type Reading } from "./reading.ts";
import { requestText } from "./record.ts";

/** Parked rows of one original read in a page; they carry requests of up to 64 KiB. */
const PARKED_PAGE = 25;
/** 25,000 follow-ups: settling happens once, so thousands are abuse already. */
const PARKED_PAGES_MAX = 1_000;

/**
 * Parks a follow-up until its original is decided: one transaction with the condition that the original is not in the
 * registry. So either this row is there before the original's entry, and the original's worker finds it, or it is not
 * written and the follow-up is judged now.
 */
export const park = async <R>(
  ledger: AnyLedger,
  candidate: Candidate<R>,
  { state: previous, isNameTaken }: Reading<unknown>,
): Promise<WriteOutcome> => {
  const { found, parsed } = candidate;
  if (!parsed.valid || !parsed.original)
    throw new Error(`${found.seen.key} was deferred but refers to no original.`);
  const { rows, roles, store, clock } = ledger;
  const [own, underDigest] = parkedPlaces(candidate);
  const place = isNameTaken ? underDigest : own;
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
    { put: parkedRow, if: { absent: true } },
    { check: rows.request.key(parsed.original), if: { absent: true } },
    { put: rows.state.item(state), if: unchangedSince(previous) },
  ]);
};

/** What is parked in a partition, in the order of release. Throws above `PARKED_PAGES_MAX` pages. */
export async function* parkedIn(ledger: AnyLedger, place: string): AsyncGenerator<ParkedRow> {
  let cursor: string | undefined;
  for (let page = 0; page < PARKED_PAGES_MAX; page += 1) {
    const found = await ledger.store.query({ partition: place, ...PARKED_RANGE, limit: PARKED_PAGE, cursor });
    for (const item of found.items) yield ledger.rows.parked.read(item);
    cursor = found.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(
    `More than ${PARKED_PAGES_MAX * PARKED_PAGE} requests are parked in ${place}: nothing settles so often.`,
  );
}
