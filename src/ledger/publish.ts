import type { DecisionRecord } from "./domain.ts";
import type { AnyLedger } from "./ledger.ts";
import { decisionName, epochMarkerName } from "./names.ts";
import { type CommittedDecision, parseRecord, sameIdentity } from "./record.ts";

/** How many streams a process remembers as published; beyond it forgets all and asks S3 again. */
const REMEMBERED_STREAMS_MAX = 100_000;

/** Two different records of one decision: two writers believed themselves alone. Nothing may go on. */
export class SplitBrain extends Error {
  override readonly name = "SplitBrain";
  constructor(decision: string) {
    super(
      `${decision} is published with other content than this ledger committed: two tables are being written. Halt the consumers, keep both tables, and compare each with the decisions in S3.`,
    );
  }
}

/** A stream that a restore has not repaired yet: nothing may be decided on it. */
export class UnrepairedStream extends Error {
  override readonly name = "UnrepairedStream";
  constructor(stream: string, epoch: number) {
    super(`${stream} waits for its repair in epoch ${epoch}: "daybook replay" repairs what is large.`);
  }
}

export const nameOfRecord = (record: DecisionRecord): string =>
  decisionName(record.epoch, record.key, record.reused ? record.digest : undefined);

const remember = (ledger: AnyLedger, { record }: CommittedDecision): void => {
  if (ledger.published.size > REMEMBERED_STREAMS_MAX) ledger.published.clear();
  for (const { stream, sequence } of record.legs) {
    ledger.published.set(stream, Math.max(sequence, ledger.published.get(stream) ?? 0));
  }
};

/** Whether the decision is published. Throws `SplitBrain` if something else is published in its place. */
export const isPublished = async (
  ledger: AnyLedger,
  { record, text }: CommittedDecision,
): Promise<boolean> => {
  const key = nameOfRecord(record);
  const found = await ledger.objects.get({ bucket: ledger.decisionsBucket, key });
  if (found === undefined) return false;
  const foundText = Buffer.from(found.body).toString("utf8");
  if (foundText === text) return true;
  if (sameIdentity(parseRecord(foundText, key), record)) throw new SplitBrain(key);
  throw new Error(`Expected the decision of ${record.key} in ${key}, got that of another request.`);
};

/**
 * Publishes a committed decision: the S3 object that outlives every table.
 *
 * Idempotent: the first writer's object stays, any later one compares. Throws `SplitBrain`.
 */
export const publish = async (ledger: AnyLedger, decision: CommittedDecision): Promise<void> => {
  const key = nameOfRecord(decision.record);
  const { outcome } = await ledger.objects.put({
    bucket: ledger.decisionsBucket,
    key,
    body: decision.text,
    ifAbsent: true,
    contentType: "application/json",
  });
  if (outcome === "exists" && !(await isPublished(ledger, decision))) {
    throw new Error(`${key} was there and is gone: decisions must never be deleted.`);
  }
  remember(ledger, decision);
};

/**
 * Makes sure that a stream's newest decision, committed by anybody, is published before the next one is committed.
 * So what is published has no gap, and at most one decision of a stream is not published.
 *
 * Asks before it writes: mostly the decision is there, and reading is the cheaper question.
 */
export const publishPredecessor = async (
  ledger: AnyLedger,
  head: {
    readonly stream: string;
    readonly sequence: number;
    readonly epoch: number;
    readonly publishedThrough: number;
    readonly last: string;
  },
): Promise<void> => {
  const known = Math.max(head.publishedThrough, ledger.published.get(head.stream) ?? 0);
  if (known >= head.sequence) return;
  if (head.epoch > ledger.epoch) throw new UnrepairedStream(head.stream, ledger.epoch);
  // The manifest that began this epoch lists it, or the repair that comes first would have replaced it.
  if (head.epoch < ledger.epoch) return;
  const decision = { record: parseRecord(head.last, `the head of ${head.stream}`), text: head.last };
  if (await isPublished(ledger, decision)) remember(ledger, decision);
  else await publish(ledger, decision);
};

/**
 * Whether the epoch is over: a restore has begun, and what is published from now on may be missing from it.
 *
 * Read after all publications of a batch and before anything is acknowledged. The restore writes the marker before it
 * lists the decisions, so either we see the marker or it sees our decisions.
 */
export const isEpochOver = async (ledger: AnyLedger): Promise<boolean> => {
  const marker = await ledger.objects.head({
    bucket: ledger.decisionsBucket,
    key: epochMarkerName(ledger.epoch + 1),
  });
  if (marker !== undefined) ledger.onEpochOver?.();
  return marker !== undefined;
};
