import { boundedKey } from "../table/bounded-key.ts";
import type { Item, Key } from "../table/store.ts";
import type { DecisionSummary, ObjectState } from "../tracking/state.ts";
import type { Candidate } from "./canonical-order.ts";
import { readCatalogue } from "./catalogue.ts";
import type { Original } from "./domain.ts";
import { requestPartition } from "./entities.ts";
import { type StreamAt, streamBegin } from "./judge.ts";
import type { AnyLedger } from "./ledger.ts";
import { namelessStream } from "./nameless-stream.ts";
import type { Reads } from "./reads.ts";
import { mayNeedRepair, openStream } from "./repair.ts";

export type HeadRow = ReturnType<AnyLedger["rows"]["head"]["read"]>;
export type ParkedRow = ReturnType<AnyLedger["rows"]["parked"]["read"]>;

/** All that a decision over one candidate rests on. */
export type Reading<State> = {
  readonly original: Original | undefined;
  /** In the domain's order; the first takes a refusal. */
  readonly streams: ReadonlyMap<string, StreamAt<State>>;
  readonly heads: readonly HeadRow[];
  readonly state: ObjectState | undefined;
  /** What was decided of this very content, as far as the request's own rows say. */
  readonly decision: DecisionSummary | undefined;
  /** The row this content waits in, if it waits. */
  readonly parked: ParkedRow | undefined;
  /** Rows in which other content of the same key and business time waits. */
  readonly others: readonly ParkedRow[];
  readonly keys: readonly Key[];
};

/** Sort-key text of a business time: twelve digits last beyond any date. */
const timestampText = (timestamp: number): string => String(Math.max(0, timestamp)).padStart(12, "0");

/** What names a parked row. */
export type ParkedName = { readonly place: string; readonly timestamp: string; readonly name: string };

/**
 * The rows a request may be parked in at a place: under its own name, or, where that is taken by other content of the
 * same key, under its name and digest. None for a malformed request, which never waits.
 */
export const parkedNames = <R>({ found, parsed }: Candidate<R>, place: string): readonly ParkedName[] => {
  if (!parsed.valid) return [];
  const timestamp = timestampText(parsed.timestamp);
  const name = boundedKey(found.seen.key);
  return [name, `${name}~${found.digest}`].map(each => ({ place, timestamp, name: each }));
};

const originalKey = <R>(ledger: AnyLedger, { parsed }: Candidate<R>): Key | undefined =>
  parsed.valid && parsed.original ? ledger.rows.request.key(parsed.original) : undefined;

const readOriginal = async <R>(
  ledger: AnyLedger,
  reads: Reads,
  candidate: Candidate<R>,
): Promise<Original | undefined> => {
  const key = originalKey(ledger, candidate);
  const [item] = key ? await reads.items([key]) : [];
  return item && ledger.rows.request.read(item);
};

/**
 * The rows that speak of the request itself: its state, this content under a used key, and where it may be parked: for
 * its original, under one of `streams`, or where it comes from.
 */
export const ownKeys = <R>(
  { rows }: AnyLedger,
  candidate: Candidate<R>,
  streams: readonly string[] = [],
): readonly Key[] => {
  const { found, parsed, parkedRow } = candidate;
  const { digest, seen } = found;
  const original = parsed.valid && parsed.original ? [requestPartition(parsed.original)] : [];
  const names = [...original, ...streams].flatMap(place => parkedNames(candidate, place));
  return [
    rows.state.key({ key: seen.key }),
    rows.reused.key({ key: seen.key, digest }),
    ...[...names, ...(parkedRow ? [parkedRow] : [])].map(name => rows.parked.key(name)),
  ];
};

/**
 * Reads, in this order: the registry, the heads, the rows of the request itself. The heads come before the request's
 * rows, so that a decision committed in between is either seen or makes our commit fail (ledgers study, L2). They also
 * say under which streams anything can be parked at all.
 */
export const readFor = async <R, State>(
  ledger: AnyLedger,
  reads: Reads,
  candidate: Candidate<R>,
): Promise<Reading<State>> => {
  const { found, parsed } = candidate;
  const { head, state, reused, parked } = ledger.rows;
  const original = await readOriginal(ledger, reads, candidate);
  const named: readonly string[] = parsed.valid ? ledger.domain.streamsOf(parsed, original) : parsed.streams;
  const names = [...new Set(named.length > 0 ? named : [namelessStream(found.seen.key)])];
  const headKeys = names.map(stream => head.key({ stream }));
  await openStreams(ledger, reads, names);
  const headItems = await reads.items(headKeys);

  const headRows = headItems.flatMap(item => (item ? [head.read(item)] : []));
  const held = headRows.filter(row => row.parkedCount > 0 || ledger.domain.isClosed(row.state));
  const heldStreams = held.map(({ stream }) => stream);
  const own = ownKeys(ledger, candidate, heldStreams);
  const [stateItem, reusedItem, ...parkedItems] = await reads.items(own);

  const streams = new Map(names.map((stream, i) => [stream, streamAt<State>(ledger, headItems[i])]));
  const stateRow = stateItem && state.read(stateItem);
  const parkedRows = parkedItems.flatMap(item => (item ? [parked.read(item)] : []));
  const first = stateRow?.decision;
  const registry = originalKey(ledger, candidate);
  return {
    original,
    streams,
    heads: headRows,
    state: stateRow,
    decision: first?.digest === found.digest ? first : reusedItem && reused.read(reusedItem).decision,
    parked: parkedRows.find(row => row.digest === found.digest),
    others: parkedRows.filter(row => row.digest !== found.digest),
    keys: [...headKeys, ...own, ...(registry ? [registry] : [])],
  };
};

/** Repairs those of the streams that a restore has left behind, so that nothing is judged before. */
export const openStreams = async (
  ledger: AnyLedger,
  reads: Reads,
  streams: readonly string[],
): Promise<void> => {
  if (ledger.epoch === 1) return;
  const { head } = ledger.rows;
  const items = await reads.items(streams.map(stream => head.key({ stream })));
  for (const [i, stream] of streams.entries()) {
    const item = items[i];
    if (!mayNeedRepair(ledger, item && head.read(item))) continue;
    await openStream(ledger, stream);
    // Even if it is whole: another worker may have repaired it since its head was read.
    reads.forget([head.key({ stream })]);
  }
};

const streamAt = <State>(ledger: AnyLedger, item: Item | undefined): StreamAt<State> => {
  if (item === undefined) return streamBegin<State>(ledger.domain);
  const { sequence, hash, state } = ledger.rows.head.read(item);
  // The table keeps the domain's state as it was given; only the domain knows its shape.
  return { sequence, hash, state: state as State };
};

/**
 * Whether a decision that the request's rows speak of is in the chains: a torn restore may keep those rows and lose
 * the heads. Each of its legs must be the head's own, or stand in the line at its sequence. While a stream's past is
 * being repaired its lines say nothing: its catalogue does.
 *
 * A no lets the request be decided anew, perhaps on some of these streams only, so that a head remembered from before the
 * decision would not make that commit fail. So no is only said by heads that were read after the request's rows.
 */
export const isApplied = async (
  ledger: AnyLedger,
  reads: Reads,
  decision: DecisionSummary,
): Promise<boolean> => {
  if (await isInChains(ledger, reads, decision)) return true;
  reads.forget(decision.legs.map(({ stream }) => ledger.rows.head.key({ stream })));
  return isInChains(ledger, reads, decision);
};

const isInChains = async (ledger: AnyLedger, reads: Reads, decision: DecisionSummary): Promise<boolean> => {
  const heads = await reads.items(decision.legs.map(({ stream }) => ledger.rows.head.key({ stream })));
  for (const [i, leg] of decision.legs.entries()) {
    const isOld = decision.epoch < ledger.epoch;
    // Before the line: when the catalogue is gone, all lines are there.
    const sealed = isOld ? await sealedAt(ledger, leg) : undefined;
    if (sealed !== undefined) {
      if (sealed !== leg.hash) return false;
      continue;
    }
    const head = heads[i] && ledger.rows.head.read(heads[i]);
    if (head === undefined || head.sequence < leg.sequence) return false;
    if (head.sequence === leg.sequence && head.hash !== leg.hash) return false;
    if (head.sequence > leg.sequence) {
      const [line] = await ledger.store.get([ledger.projection.lineKey(leg.stream, leg.sequence)]);
      if (line?.hash !== leg.hash) return false;
    }
  }
  return true;
};

/** The hash that the catalogue of a stream has at a sequence; undefined if it does not say. */
const sealedAt = async (
  ledger: AnyLedger,
  { stream, sequence }: { readonly stream: string; readonly sequence: number },
): Promise<string | undefined> =>
  (await readCatalogue(ledger, stream))?.entries.find(entry => entry.sequence === sequence)?.hash;
