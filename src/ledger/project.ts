import pMap from "p-map";
import { isoInstant } from "../ports/clock.ts";
import { identityText } from "../tracking/identity.ts";
import { parseNotification } from "../tracking/notification.ts";
import type { Observation } from "../tracking/observation.ts";
import { refreshState } from "../tracking/refresh-state.ts";
import { track } from "../tracking/track.ts";
import { type Judged, judgeBatch } from "./judge-batch.ts";
import type { AnyLedger } from "./ledger.ts";
import { isEpochOver } from "./publish.ts";
import { createReads } from "./reads.ts";
import type { RemainingMs } from "./waits.ts";

/** A message as the queue hands it over: its id and its body. */
export type Message = { readonly id: string; readonly body: string };

/** States brought up to date at once; like a batch, ten by default. */
const REFRESHES_AT_ONCE = 10;

/**
 * Brings a batch of messages to the table: tracks every object event, decides every request that was created, and
 * says which messages must come again. The one path from news to rows: live traffic, reconcile and replay take it.
 *
 * Returns: the ids of the messages that must not be acknowledged. Everything acknowledged is decided and published, or
 *          parked. When the epoch is over nothing is acknowledged.
 * Throws:  `SplitBrain`.
 */
export const projectBatch = async (
  ledger: AnyLedger,
  messages: readonly Message[],
  remainingMs: RemainingMs,
): Promise<ReadonlySet<string>> => {
  const news = messages.map(message => ({ ...message, ...parseNotification(message.body) }));
  const failed = new Set<string>();
  for (const message of news) {
    if (message.outcome !== "unparseable") continue;
    failed.add(message.id);
    ledger.log.error("A message tells of no S3 event", { messageId: message.id, reason: message.reason });
  }
  const observations = news.flatMap(message =>
    message.outcome === "observations" ? message.observations : [],
  );
  const troubles = await orLearnOfEnd(ledger, projectObservations(ledger, observations, remainingMs));
  for (const message of news) {
    if (message.outcome !== "observations") continue;
    if (message.observations.some(each => troubles.has(identityText(each)))) failed.add(message.id);
  }
  if (await isEpochOver(ledger)) {
    ledger.log.warn("The epoch is over: nothing is acknowledged", { epoch: ledger.epoch });
    return new Set(messages.map(({ id }) => id));
  }
  return failed;
};

/** A table that is gone fails every call: whoever works on it must learn all the same that another one is live. */
const orLearnOfEnd = async <T>(ledger: AnyLedger, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    await isEpochOver(ledger);
    throw error;
  }
};

/**
 * The same for observations from any source. Returns: why each one that failed did, by its identity.
 */
export const projectObservations = async (
  ledger: AnyLedger,
  observations: readonly Observation[],
  remainingMs: RemainingMs,
): Promise<ReadonlyMap<string, string>> => {
  const { clock, roles, log } = ledger;
  const troubles = new Map<string, string>();
  const tracked = await track(ledger, observations, { receivedAt: isoInstant(clock.now()) });
  for (const each of tracked) {
    if (each.outcome === "failed") troubles.set(identityText(each.observation), each.reason);
  }
  const recorded = tracked.filter(each => each.outcome !== "failed").map(each => each.observation);
  const requests = recorded.filter(({ kind, bucket }) => kind === "created" && bucket === roles.requests);
  const judged = await judgeBatch(ledger, { reads: createReads(ledger.store), remainingMs }, requests);
  for (const each of judged) {
    if (each.result === "failed") troubles.set(identityText(each.seen), reasonOf(each.error));
  }

  const settled = new Set(judged.filter(isStateWritten).map(({ seen }) => identityText(seen)));
  const stale = recorded.filter(each => each.kind !== "ignored" && !settled.has(identityText(each)));
  await pMap(
    Map.groupBy(stale, ({ key }) => key),
    async ([key, seen]) => {
      const trouble = await refreshTrouble(ledger, key);
      if (trouble !== undefined) for (const each of seen) troubles.set(identityText(each), trouble);
    },
    { concurrency: REFRESHES_AT_ONCE },
  );
  for (const [observation, reason] of troubles)
    log.error("A message must come again", { observation, reason });
  return troubles;
};

/** Brings one object's state up to date. Returns: why it could not, so that one object's trouble stays its own. */
const refreshTrouble = async (ledger: AnyLedger, key: string): Promise<string | undefined> => {
  try {
    const refreshed = await refreshState(ledger, key, ledger.roles);
    return refreshed.outcome === "failed" ? refreshed.reason : undefined;
  } catch (error) {
    return reasonOf(error);
  }
};

/** The commit wrote the state of an object nothing else was known of: there is nothing to bring up to date. */
const isStateWritten = (judged: Judged): boolean => "isFirst" in judged && judged.isFirst;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
