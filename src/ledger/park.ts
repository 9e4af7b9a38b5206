import { isoInstant } from "../ports/clock.ts";
import type { Item, Write, WriteOutcome } from "../table/store.ts";
import { judgedState, type ObjectState } from "../tracking/state.ts";
import { businessDate, businessTime } from "./business-time.ts";
import type { Candidate } from "./canonical-order.ts";
import { unchangedSince } from "./commit.ts";
import type { Awaits } from "./domain.ts";
import { PARKED_RANGE, placeOf } from "./entities.ts";
import type { AnyLedger } from "./ledger.ts";
import { headOf, leaving, recount } from "./parked-count.ts";
import { type ParkedRow, parkedNames, type Reading } from "./reading.ts";
import { requestText } from "./record.ts";

/** Parked rows of one place read in a page; they carry requests of up to 64 KiB. */
const PARKED_PAGE = 25;
/** 25,000 requests in one pass; what lies beyond waits for the next pass. */
const PARKED_PAGES_MAX = 1_000;

/**
 * Parks a request until what it waits for has happened, in one transaction that fails if it has happened already:
 *
 * - for its original, on condition that the original is not in the registry. So either this row is there before the
 *   original's entry, and the original's worker finds it, or it is not written and the follow-up is judged now;
 * - for a closed stream, on condition that its head is the one that was read, and with one more request in the head's
 *   count. So whoever opens the stream sees the count, or makes this fail.
 *
 * A request that is parked elsewhere moves: the same transaction takes it away from there.
 */
export const park = async <R>(
  ledger: AnyLedger,
  candidate: Candidate<R>,
  reading: Reading<unknown>,
  awaits: Awaits,
): Promise<WriteOutcome> => {
  const { rows, store } = ledger;
  const { state, parked, heads } = reading;
  const place = placeOf(awaits);
  return store.transact([
    { put: rowAt(ledger, candidate, reading, place), if: { absent: true } },
    guard(ledger, reading, awaits),
    { put: rows.state.item(stateParked(ledger, candidate, state, place)), if: unchangedSince(state) },
    ...(parked ? leaving(ledger, parked, heads) : []),
  ]);
};

const guard = (ledger: AnyLedger, { heads }: Reading<unknown>, awaits: Awaits): Write => {
  if ("original" in awaits) return { check: ledger.rows.request.key(awaits.original), if: { absent: true } };
  const head = headOf(heads, awaits.stream);
  return recount(ledger, head, head.parkedCount + 1);
};

const rowAt = <R>(
  { rows, clock }: AnyLedger,
  candidate: Candidate<R>,
  { parked, others, state }: Reading<unknown>,
  place: string,
): Item => {
  const { found } = candidate;
  const [own, underDigest] = parkedNames(candidate, place);
  if (!own || !underDigest) throw new Error(`${found.seen.key} is malformed and waits for nothing.`);
  const before = parked ? parked.before : state?.parked?.awaits;
  const isTaken = others.some(row => row.place === place && row.name === own.name);
  return rows.parked.item({
    ...(isTaken ? underDigest : own),
    observation: found.seen,
    sizeBytes: found.sizeBytes,
    digest: found.digest,
    ...requestText(found.bytes),
    parkedAt: parked?.parkedAt ?? isoInstant(clock.now()),
    ...(before === undefined ? {} : { before }),
  });
};

const stateParked = <R>(
  { roles }: AnyLedger,
  { found, parsed }: Candidate<R>,
  previous: ObjectState | undefined,
  place: string,
): ObjectState =>
  judgedState({
    previous,
    observation: found.seen,
    judgement: {
      parked: { since: found.seen.time, awaits: place },
      stream: parsed.streams[0],
      date: businessDate(parsed, found.seen.time),
      time: businessTime(parsed, found.seen.time),
    },
    roles,
  });

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
