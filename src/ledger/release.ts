import { auditDecision } from "./audit.ts";
import { candidateOf } from "./candidate.ts";
import type { Candidate } from "./canonical-order.ts";
import { decide, type Invocation } from "./decide.ts";
import { foundInRow } from "./found-request.ts";
import type { AnyLedger } from "./ledger.ts";
import { parkedIn } from "./park.ts";
import type { ParkedRow } from "./reading.ts";

/** Tries to take away a row that is decided already: only throttling stands in the way. */
const TRIES_MAX = 3;

/**
 * Decides what is parked in a partition, in the order of business time; `isMeant` picks some of it.
 *
 * Called when the original is decided. Nothing can be parked for it any more, so one pass sees everything.
 * Throws: what `decide` throws; whatever is left is released when the original's message comes again.
 */
export const release = async (
  ledger: AnyLedger,
  invocation: Invocation,
  place: string,
  isMeant: (row: ParkedRow) => boolean = () => true,
): Promise<void> => {
  for await (const row of parkedIn(ledger, place)) {
    if (isMeant(row)) await releaseRow(ledger, invocation, row);
  }
};

const releaseRow = async (ledger: AnyLedger, invocation: Invocation, row: ParkedRow): Promise<void> => {
  const candidate: Candidate<unknown> = { ...candidateOf(ledger, foundInRow(row)), parkedRow: row };
  forgetWaiting(ledger, invocation, candidate, row);
  const decided = await decide(ledger, invocation, candidate);
  if (decided.result === "parked")
    throw new Error(`${row.observation.key} waits on though its original is decided.`);
  await auditDecision(ledger, row.observation, decided);
  if (!decided.isNew) await takeAway(ledger, row);
};

/** What this invocation read before the original was decided says nothing about those that waited for it. */
const forgetWaiting = (
  ledger: AnyLedger,
  { reads }: Invocation,
  { parsed }: Candidate<unknown>,
  row: ParkedRow,
): void => {
  const { state, parked, request } = ledger.rows;
  const original = parsed.valid && parsed.original ? [request.key(parsed.original)] : [];
  reads.forget([state.key({ key: row.observation.key }), parked.key(row), ...original]);
};

const takeAway = async ({ store, rows }: AnyLedger, row: ParkedRow): Promise<void> => {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if ((await store.write({ delete: rows.parked.key(row) })).outcome === "committed") return;
  }
  throw new Error(
    `${row.observation.key} is decided, but its parked row could not be deleted in ${TRIES_MAX} tries.`,
  );
};
