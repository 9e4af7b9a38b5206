import type { DecisionRecord } from "../../ledger/domain.ts";
import { requestPartition } from "../../ledger/entities.ts";
import { type FoundRequest, requestObject } from "../../ledger/found-request.ts";
import { observationOf } from "../../ledger/guards.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { requestBytes } from "../../ledger/record.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import type { PastDecision } from "./history.ts";
import { createQueue } from "./queue.ts";

/** The request of a decision, as it was found then. */
export const foundIn = (record: DecisionRecord): FoundRequest => ({
  seen: observationOf(record),
  bytes: requestBytes(record),
  sizeBytes: record.source.sizeBytes,
  digest: record.digest,
});

/** When a request was first decided, whatever was judged anew since; ISO instant. */
export const firstDecidedAt = ({ replaces, decidedAt }: DecisionRecord): string =>
  replaces?.decidedAt ?? decidedAt;

/** The deadline by which a decision refused a follow-up: its original was not decided then. */
export const deadlineIn = ({ facts }: DecisionRecord): string | undefined =>
  typeof facts.deadline === "string" ? facts.deadline : undefined;

type Node = {
  readonly past: PastDecision;
  /** What comes after it for certain. */
  readonly next: Node[];
  /** Follow-ups that come after it if nothing forbids. */
  readonly followUps: Node[];
  /** How many must come before it, and whether its original is still to come. */
  before: number;
  awaitsOriginal: boolean;
  isTaken: boolean;
};

const compareNodes = (a: Node, b: Node): number => {
  const [first, second] = [a.past.record, b.past.record];
  return (
    compareUtf8(firstDecidedAt(first), firstDecidedAt(second)) ||
    compareUtf8(a.past.line.name, b.past.line.name)
  );
};

/**
 * One order of all decisions in which each stream keeps the order it recorded, originals come before their follow-ups
 * (after those that were refused because they had not come), and the rest goes by the time of decision. The same
 * decisions come out in the same order, however they come in. Pure.
 *
 * A follow-up that was refused before anybody asked for its original may stand before it on its stream: then it stays.
 * Throws: where the chains contradict each other, which no valid history does.
 */
export const inRecordedOrder = (
  ledger: AnyLedger,
  decisions: readonly PastDecision[],
): readonly PastDecision[] => {
  const nodes = decisions.map(
    (past): Node => ({ past, next: [], followUps: [], before: 0, awaitsOriginal: false, isTaken: false }),
  );
  linkStreams(nodes);
  linkOriginals(ledger, nodes);
  const ready = createQueue(compareNodes);
  const waiting = createQueue(compareNodes);
  const offer = (node: Node): void => {
    if (node.before === 0) (node.awaitsOriginal ? waiting : ready).add(node);
  };
  for (const node of nodes) offer(node);
  const ordered: PastDecision[] = [];
  // Ends: each turn takes something out, and a node is put in at most twice.
  for (let node = ready.take() ?? waiting.take(); node !== undefined; node = ready.take() ?? waiting.take()) {
    if (node.isTaken) continue;
    node.isTaken = true;
    ordered.push(node.past);
    for (const each of node.next) {
      each.before -= 1;
      offer(each);
    }
    for (const each of node.followUps) {
      each.awaitsOriginal = false;
      if (!each.isTaken) offer(each);
    }
  }
  if (ordered.length !== nodes.length) throw new Error("The chains of the decisions contradict each other.");
  return ordered;
};

const link = (before: Node, after: Node): void => {
  before.next.push(after);
  after.before += 1;
};

const linkStreams = (nodes: readonly Node[]): void => {
  const streams = new Map<string, { readonly node: Node; readonly sequence: number }[]>();
  for (const node of nodes)
    for (const { stream, sequence } of node.past.record.legs) {
      const chain = streams.get(stream) ?? [];
      chain.push({ node, sequence });
      streams.set(stream, chain);
    }
  for (const chain of streams.values()) {
    chain.sort((a, b) => a.sequence - b.sequence);
    for (const [i, { node }] of chain.entries()) {
      const before = chain[i - 1];
      if (before) link(before.node, node);
    }
  }
};

const linkOriginals = ({ domain, settings }: AnyLedger, nodes: readonly Node[]): void => {
  const originals = new Map<string, Node>();
  for (const node of nodes) {
    const { registers } = node.past.record;
    if (registers) originals.set(requestPartition(registers), node);
  }
  for (const node of nodes) {
    const { record } = node.past;
    const parsed = domain.parse(requestObject(foundIn(record)), settings);
    const original = parsed.valid && parsed.original && originals.get(requestPartition(parsed.original));
    if (!original || original === node || record.reused) continue;
    if (deadlineIn(record) !== undefined) link(node, original);
    else {
      original.followUps.push(node);
      node.awaitsOriginal = true;
    }
  }
};
