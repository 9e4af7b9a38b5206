import { auditDecision } from "./audit.ts";
import { candidateOf } from "./candidate.ts";
import { type Candidate, inCanonicalOrder } from "./canonical-order.ts";
import { type Decided, decide, type Invocation } from "./decide.ts";
import type { OriginalName } from "./domain.ts";
import { requestPartition } from "./entities.ts";
import { foundInRow } from "./found-request.ts";
import type { AnyLedger } from "./ledger.ts";
import { parkedIn } from "./park.ts";
import { leaving, recount } from "./parked-count.ts";
import type { HeadRow, ParkedRow } from "./reading.ts";
import { OutOfTime, waitForNextTry } from "./waits.ts";

/** Each pass takes all that waited when it began, so more mean that requests come faster than they are decided. */
const PASSES_MAX = 1_000;
/** Lost only to others that take rows away under the same stream, so time ends it long before. */
const TAKE_AWAY_TRIES_MAX = 1_000;

/** A parked request whose turn it is. */
type Waiting = Candidate<unknown> & { readonly parkedRow: ParkedRow };

/** A decided request, as far as others may have waited for it. */
export type Settled = {
  readonly key: string;
  readonly registers: OriginalName | undefined;
  readonly decided: Extract<Decided, { result: "decided" }>;
};

/** One run of releases, and the streams found open with requests under them, each of which is drained once. */
export type Releasing = {
  readonly ledger: AnyLedger;
  readonly invocation: Invocation;
  readonly opened: Set<string>;
};

export const releasing = (ledger: AnyLedger, invocation: Invocation): Releasing => ({
  ledger,
  invocation,
  opened: new Set(),
});

/**
 * Decides what waited for a decision: follow-ups of an original, other content of the key, and what is parked under a
 * stream that is open; and what waited for those in turn.
 *
 * The same for a decision that is found again, so that whoever gets the message after a crash goes on.
 * Returns: how many requests it decided. Throws: what `decide` throws; what is left waits for the message to come again.
 */
export const releaseAfter = async (
  ledger: AnyLedger,
  invocation: Invocation,
  settled: Settled,
): Promise<number> => {
  const run = releasing(ledger, invocation);
  return (await releaseFollowers(run, settled)) + (await drainOpened(run));
};

/** Follow-ups come right after their original, whatever else waits; as deep as originals refer to originals. */
const releaseFollowers = async (run: Releasing, { key, registers, decided }: Settled): Promise<number> => {
  const { ledger, invocation, opened } = run;
  const headKeys = decided.decision.legs.map(({ stream }) => ledger.rows.head.key({ stream }));
  for (const item of await invocation.reads.items(headKeys)) {
    const head = item && ledger.rows.head.read(item);
    if (head && isDraining(ledger, head)) opened.add(head.stream);
  }
  let count = registers ? await releasePlace(run, requestPartition(registers)) : 0;
  for (const place of decided.displaced)
    count += await releasePlace(run, place, waiting =>
      waiting.found.seen.key === key ? waiting : undefined,
    );
  return count;
};

/** Decides what is parked in a place, in canonical order; `pick` takes some of it, and may say more of it. */
export const releasePlace = async (
  run: Releasing,
  place: string,
  pick: (waiting: Waiting) => Waiting | undefined = waiting => waiting,
): Promise<number> => {
  let count = 0;
  for await (const waiting of inTurn(run.ledger, place)) {
    const picked = pick(waiting);
    if (picked) count += (await releaseOne(run, picked)).count;
  }
  return count;
};

/**
 * Decides what is parked under a stream, if it is open: the end of its repair.
 * Returns: how many requests it decided. Throws: as `releaseAfter`.
 */
export const releaseOpened = (ledger: AnyLedger, invocation: Invocation, stream: string): Promise<number> => {
  const run = releasing(ledger, invocation);
  run.opened.add(stream);
  return drainOpened(run);
};

/** Drains the streams that were found open, those found on the way too. */
export const drainOpened = async (run: Releasing): Promise<number> => {
  let count = 0;
  // A set may grow while it is walked, and no stream comes twice.
  for (const stream of run.opened) count += await drain(run, stream);
  return count;
};

/** A stream that is open while requests wait under it: arrivals line up behind them. */
export const isDraining = ({ domain }: AnyLedger, { parkedCount, state }: HeadRow): boolean =>
  parkedCount > 0 && !domain.isClosed(state);

/**
 * Decides what is parked under a stream until nothing is, or until the stream is closed again.
 *
 * After each pass the head is asked: as long as its count is above zero arrivals may still have parked, and once it is
 * zero they cannot. A count above zero without any row is what a torn restore leaves; it is set right.
 */
const drain = async (run: Releasing, stream: string): Promise<number> => {
  const { ledger, invocation } = run;
  let count = 0;
  for (let pass = 1; pass <= PASSES_MAX; pass += 1) {
    const head = await freshHead(run, stream);
    if (head === undefined || !isDraining(ledger, head)) return count;
    if (invocation.remainingMs() <= 0) throw new OutOfTime(stream, pass, "requests that still wait under it");
    let rows = 0;
    for await (const waiting of inTurn(ledger, stream)) {
      rows += 1;
      const { place, count: decided } = await releaseOne(run, waiting);
      if (place === stream) return count;
      count += decided;
    }
    if (rows === 0) await ledger.store.transact([recount(ledger, head, 0)]);
  }
  throw new Error(`${stream} still has requests under it after ${PASSES_MAX} passes.`);
};

const freshHead = async (
  { ledger, invocation: { reads } }: Releasing,
  stream: string,
): Promise<HeadRow | undefined> => {
  const key = ledger.rows.head.key({ stream });
  reads.forget([key]);
  const [item] = await reads.items([key]);
  return item && ledger.rows.head.read(item);
};

/** What is parked in a place, in canonical order: rows come by second and name, those of one second by S3's time. */
async function* inTurn(ledger: AnyLedger, place: string): AsyncGenerator<Waiting> {
  let second: Waiting[] = [];
  for await (const row of parkedIn(ledger, place)) {
    if (second[0] && second[0].parkedRow.timestamp !== row.timestamp) {
      yield* ordered(second);
      second = [];
    }
    second.push({ ...candidateOf(ledger, foundInRow(row)), parkedRow: row });
  }
  yield* ordered(second);
}

// The order keeps the candidates themselves, so what waits stays what waits.
const ordered = (waiting: readonly Waiting[]): readonly Waiting[] =>
  inCanonicalOrder(waiting) as readonly Waiting[];

/** Decides one parked request and what waited for it. Returns: where it waits if it still waits, and how many it decided. */
const releaseOne = async (
  run: Releasing,
  waiting: Waiting,
): Promise<{ readonly place?: string; readonly count: number }> => {
  const { ledger, invocation } = run;
  const { parkedRow, found, parsed } = waiting;
  forgetWaiting(run, waiting);
  const decided = await decide(ledger, invocation, waiting);
  if (decided.result === "parked") return { place: decided.place, count: 0 };
  await auditDecision(ledger, found.seen, decided);
  if (!decided.isNew) await takeAway(run, parkedRow);
  const { registers } = parsed;
  const count = await releaseFollowers(run, { key: found.seen.key, registers, decided });
  return { count: count + (decided.isNew ? 1 : 0) };
};

/** What this invocation read before says nothing about those that have waited since. */
const forgetWaiting = ({ ledger, invocation }: Releasing, { parsed, found, parkedRow }: Waiting): void => {
  const { state, reused, parked, request } = ledger.rows;
  const { key } = found.seen;
  const original = parsed.valid && parsed.original ? [request.key(parsed.original)] : [];
  const { digest } = found;
  invocation.reads.forget([
    state.key({ key }),
    reused.key({ key, digest }),
    parked.key(parkedRow),
    ...original,
  ]);
};

/** Takes away the row of a request that is decided, if somebody left it there. */
const takeAway = async (run: Releasing, row: ParkedRow): Promise<void> => {
  const { ledger, invocation } = run;
  const { parked, head } = ledger.rows;
  for (let attempt = 1; attempt <= TAKE_AWAY_TRIES_MAX; attempt += 1) {
    const [rowItem, headItem] = await ledger.store.get([parked.key(row), head.key({ stream: row.place })]);
    if (rowItem === undefined) return;
    const writes = leaving(ledger, row, headItem ? [head.read(headItem)] : []);
    invocation.reads.forget([parked.key(row), head.key({ stream: row.place })]);
    const { outcome } = await ledger.store.transact(writes);
    if (outcome === "committed") return;
    await waitForNextTry(ledger, invocation.remainingMs, row.observation.key, attempt, "others in its place");
  }
  throw new Error(`${row.observation.key} is decided, but its parked row could not be taken away.`);
};
