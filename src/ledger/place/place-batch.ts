import pMap from "p-map";
import { identityText } from "../../tracking/identity.ts";
import { parseNotification } from "../../tracking/notification.ts";
import type { Observation } from "../../tracking/observation.ts";
import type { DecisionRecord } from "../domain.ts";
import { DECISIONS_PREFIX } from "../names.ts";
import type { Message } from "../project.ts";
import { isEpochOver } from "../publish.ts";
import { createReads, type Reads } from "../reads.ts";
import { parseRecord } from "../record.ts";
import type { RemainingMs } from "../waits.ts";
import { holds } from "./holds.ts";
import { type Placing, placeRecord } from "./place-record.ts";

/** Decisions of one batch worked on at once: a Lambda batch is ten by default. */
const AT_ONCE = 10;

/** A decision that was told of, and its record or why it cannot be read. */
type Told = { readonly seen: Observation } & (
  | { readonly record: DecisionRecord }
  | { readonly trouble: string }
);

/**
 * Places the requests whose decisions a batch of messages tells of. Messages about other objects are acknowledged.
 *
 * Returns: the ids of the messages that must come again: those that cannot be read, those of decisions that do not
 *          hold (yet) or could not be placed. When the epoch is over nothing is acknowledged.
 */
export const placeBatch = async (
  placing: Placing,
  messages: readonly Message[],
  remainingMs: RemainingMs,
): Promise<ReadonlySet<string>> => {
  const { ledger } = placing;
  const news = messages.map(message => ({ ...message, decisions: decisionsIn(placing, message) }));
  const wanted = new Map(
    news.flatMap(({ decisions = [] }) => decisions.map(seen => [identityText(seen), seen] as const)),
  );
  const told = await pMap(wanted.values(), seen => readDecision(placing, seen), { concurrency: AT_ONCE });
  // Asked after the records were read: a restore that begins later will find these decisions.
  if (wanted.size > 0 && (await isEpochOver(ledger))) {
    ledger.log.warn("The epoch is over: nothing is placed", { epoch: ledger.epoch });
    return new Set(messages.map(({ id }) => id));
  }
  const reads = createReads(ledger.store);
  await readHeads(placing, reads, told);
  const troubles = new Map<string, string>();
  await pMap(
    told,
    async each => {
      const trouble =
        "trouble" in each ? each.trouble : await troubleOf(placing, reads, each.record, remainingMs);
      if (trouble === undefined) return;
      troubles.set(identityText(each.seen), trouble);
      ledger.log.error("A decision must come again", { decision: each.seen.key, reason: trouble });
    },
    { concurrency: AT_ONCE },
  );
  const isThrough = ({ decisions }: (typeof news)[number]): boolean =>
    decisions?.every(seen => !troubles.has(identityText(seen))) ?? false;
  return new Set(news.filter(each => !isThrough(each)).map(({ id }) => id));
};

/** The decisions a message tells of; undefined if it cannot be read. */
const decisionsIn = ({ ledger }: Placing, { id, body }: Message): readonly Observation[] | undefined => {
  const parsed = parseNotification(body);
  if (parsed.outcome === "test") return [];
  if (parsed.outcome === "unparseable") {
    ledger.log.error("A message tells of no S3 event", { messageId: id, reason: parsed.reason });
    return undefined;
  }
  return parsed.observations.filter(
    ({ kind, bucket, key }) =>
      kind === "created" && bucket === ledger.decisionsBucket && key.startsWith(DECISIONS_PREFIX),
  );
};

const readDecision = async ({ ledger }: Placing, seen: Observation): Promise<Told> => {
  const { bucket, key, versionId } = seen;
  try {
    const found = await ledger.objects.get({ bucket, key, versionId });
    if (found === undefined) return { seen, trouble: "is gone: decisions must never be deleted" };
    return { seen, record: parseRecord(Buffer.from(found.body).toString("utf8"), key) };
  } catch (error) {
    return { seen, trouble: reasonOf(error) };
  }
};

/** All heads of a batch in one request, which decides most of them. */
const readHeads = async ({ ledger }: Placing, reads: Reads, told: readonly Told[]): Promise<void> => {
  const streams = told.flatMap(each =>
    "record" in each ? each.record.legs.map(({ stream }) => stream) : [],
  );
  await reads.items([...new Set(streams)].map(stream => ledger.rows.head.key({ stream })));
};

/** Places one request. Returns: why its message must come again, if it must. */
const troubleOf = async (
  placing: Placing,
  reads: Reads,
  record: DecisionRecord,
  remainingMs: RemainingMs,
): Promise<string | undefined> => {
  const { log } = placing.ledger;
  const { key, digest } = record;
  try {
    if (remainingMs() <= 0) return "the time of this invocation is used up";
    if (!(await holds(placing.ledger, reads, record))) {
      if (record.epoch >= placing.ledger.epoch) return "it does not hold: the table knows another or none";
      // Published after its epoch was sealed without it, so it never will: nobody was told of it.
      log.warn("A decision is void", { key, digest, epoch: record.epoch });
      return undefined;
    }
    const { outcome } = await placeRecord(placing, record);
    if (outcome === "waiting") return "its request is frozen: a readable copy is asked for";
    if (outcome === "lost") log.error("A decided request can be placed nowhere", { key, digest });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
};

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
