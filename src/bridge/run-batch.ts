import { claimAll, keepClaims, renewAll, settle, withOnly } from "./claims.ts";
import { type Group, groupsOf, type Trigger } from "./group.ts";
import type { GroupReport, Outcome } from "./group-outcome.ts";
import { mapAll } from "./map-all.ts";
import type { Bridge, RemainingMs } from "./ports.ts";
import { type MessageRead, readMessage } from "./read-message.ts";
import { runGroup } from "./run-group.ts";

/** A message of a queue, or whatever else told of events. */
export type Message = { readonly id: string; readonly body: string };

export type BatchReport = {
  /** Ids of messages that must come again. */
  readonly failed: ReadonlySet<string>;
  /** Those of them that somebody else is working on: to come again soon makes no sense. */
  readonly busy: ReadonlySet<string>;
  readonly groups: readonly GroupReport[];
  /** Records that were skipped: no key, no matching event, no matching key. */
  readonly skipped: number;
};

/**
 * Works on a batch of messages: each folder is one group, and only messages with a group that failed come again.
 *
 * `isOrdered`: the queue is FIFO. Its first failure ends the batch, and all later messages come again, or they would
 *              overtake it.
 * Source: vectors V2, V3, V41-V44 and V54; AWS Lambda Developer Guide, "Reporting batch item failures".
 */
export const runBatch = async (
  bridge: Bridge,
  messages: readonly Message[],
  { remainingMs, isOrdered = false }: { readonly remainingMs: RemainingMs; readonly isOrdered?: boolean },
): Promise<BatchReport> => {
  const { settings, log } = bridge;
  const [failed, busy] = [new Set<string>(), new Set<string>()];
  const read = readAll(bridge, messages, failed);
  const triggers = read.flatMap(each => each.triggers).filter(each => isWanted(bridge, each));
  const found = groupsOf(triggers, {
    parentDirs: settings.pullParentDirs,
    isMerging: settings.isMergingGroups,
  });
  const order = messages.map(({ id }) => id);
  const groups = isOrdered ? inMessageOrder(found, order) : found;
  const reports = await mapAll(groups, isOrdered ? 1 : settings.limits.groupsAtOnce, async group => {
    if (isOrdered && failed.size > 0) {
      for (const { messageId } of group.triggers) failed.add(messageId);
      return undefined;
    }
    const outcome = await runUnlessDone(bridge, group, remainingMs);
    for (const { messageId } of group.triggers) {
      if (outcome.outcome === "failed") failed.add(messageId);
      if (outcome.outcome === "failed" && outcome.code === "BUSY") busy.add(messageId);
    }
    const report = { bucket: group.bucket, prefix: group.prefix, events: group.triggers.length, ...outcome };
    tell(bridge, report);
    return report;
  });
  if (isOrdered) failLater(order, failed);
  const told = read.reduce((sum, each) => sum + each.triggers.length + each.skipped, 0);
  const skipped = told - triggers.length;
  if (skipped > 0) log.info("Skipped", { records: skipped });
  return { failed, busy, groups: reports.filter(report => report !== undefined), skipped };
};

const readAll = (bridge: Bridge, messages: readonly Message[], failed: Set<string>): readonly MessageRead[] =>
  messages.flatMap(message => {
    const read = readMessage(message);
    if ("unreadable" in read) {
      bridge.log.error("No event of S3", { messageId: message.id, reason: read.unreadable });
      failed.add(message.id);
      return [];
    }
    if (read.badEscapes > 0)
      bridge.log.warn("Keys were not encoded as they should be", {
        messageId: message.id,
        keys: read.badEscapes,
      });
    return [read];
  });

const isWanted = ({ settings }: Bridge, { eventName, key }: Trigger): boolean =>
  settings.eventNames.some(wanted => isNamed(eventName, wanted)) && settings.matchKey.matches(key);

/** `ObjectCreated:*` and `ObjectCreated` stand for the whole family. */
const isNamed = (eventName: string, wanted: string): boolean => {
  const family = wanted.replace(/:\*$/, "");
  return (
    eventName === wanted ||
    eventName === family ||
    (eventName.startsWith(`${family}:`) && !family.includes(":"))
  );
};

const inMessageOrder = (groups: readonly Group[], order: readonly string[]): readonly Group[] => {
  const first = ({ triggers }: Group): number =>
    Math.min(...triggers.map(({ messageId }) => order.indexOf(messageId)));
  return [...groups].sort((a, b) => first(a) - first(b));
};

/** Every message behind the first that failed. */
const failLater = (order: readonly string[], failed: Set<string>): void => {
  const first = order.findIndex(id => failed.has(id));
  if (first >= 0) for (const id of order.slice(first)) failed.add(id);
};

/** Runs a group for those of its events that nobody worked on, and writes down that it did. */
const runUnlessDone = async (bridge: Bridge, group: Group, remainingMs: RemainingMs): Promise<Outcome> => {
  try {
    const claims = await claimAll(bridge, group);
    const begun = claims.filter(({ claim }) => claim.outcome === "begun");
    const isBusy = claims.some(({ claim }) => claim.outcome === "busy");
    if (begun.length === 0 && !isBusy) return { outcome: "duplicate" };
    const stop = keepClaims(bridge, () => renewAll(bridge, begun));
    const outcome: Outcome = isBusy ? BUSY : await runGroup(bridge, withOnly(group, begun), remainingMs);
    await stop();
    await settle(bridge, begun, outcome);
    return outcome;
  } catch (error) {
    // The table did not do it; the group may have run, and runs again.
    return { outcome: "failed", code: "ERROR", reason: String(error) };
  }
};

const BUSY: Outcome = {
  outcome: "failed",
  code: "BUSY",
  reason: "The same event is being worked on elsewhere",
};
const tell = ({ log }: Bridge, report: GroupReport): void => {
  const { bucket, prefix, events, outcome } = report;
  const about = { bucket, prefix, events, outcome };
  if (report.outcome === "failed") log.error("Group", { ...about, code: report.code, reason: report.reason });
  else if (report.outcome !== "ran") log.info("Group", about);
  else
    log.info("Group", {
      ...about,
      runId: report.runId,
      depth: report.depth,
      pulled: report.pulled,
      pulledBytes: report.pulledBytes,
      skipped: report.skipped.length,
      uploaded: report.uploaded.length,
      deleted: report.deleted.length,
      ignored: report.ignored.length,
      ...report.timings,
    });
};
