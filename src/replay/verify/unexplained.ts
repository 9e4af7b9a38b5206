import type { AnyLedger } from "../../ledger/ledger.ts";
import { ENTITY_NAME_ATTRIBUTE } from "../../table/row.ts";
import { keyText } from "../../table/storable.ts";
import type { Item } from "../../table/store.ts";
import { wholeTable } from "../../table/whole-table.ts";
import type { DecisionSummary } from "../../tracking/state.ts";
import { extraRow } from "./compare-rows.ts";
import type { Difference } from "./difference.ts";

/** A stream that was compared. `through`: undefined if it waits for its repair. `known`: the places S3 tells of. */
export type Compared = { readonly through: number | undefined; readonly known: ReadonlySet<number> };

/** What the comparison of all streams knows. `guards`: `keyText` of each that a decision has. */
export type Explained = {
  readonly compared: ReadonlyMap<string, Compared>;
  readonly guards: ReadonlySet<string>;
};

/** What a walk through the table met: guards that no decision made, and streams that S3 does not tell of. */
export type Unexplained = {
  readonly items: number;
  readonly differences: readonly Difference[];
  readonly streams: readonly string[];
};

/**
 * Walks once through the whole table for what no comparison of a known stream can meet. Cost: one read of it.
 *
 * Yields: one page's findings; a stream may come more than once. Throws: what the table throws.
 */
export async function* unexplainedRows(ledger: AnyLedger, explained: Explained): AsyncGenerator<Unexplained> {
  for await (const items of wholeTable(ledger.store))
    yield {
      items: items.length,
      differences: await extraGuards(ledger, explained, items),
      streams: items.flatMap(item => unknownStream(ledger, explained, item)),
    };
}

type Guarded = {
  readonly stream: string;
  readonly sequence: number;
  readonly key: string;
  readonly hash: string;
};

const extraGuards = async (
  ledger: AnyLedger,
  { compared, guards }: Explained,
  items: readonly Item[],
): Promise<readonly Difference[]> => {
  const differences: Difference[] = [];
  for (const item of items) {
    const leg = guardedBy(ledger, item);
    if (leg === undefined || guards.has(keyText(item))) continue;
    const { stream, sequence } = leg;
    const at = compared.get(stream);
    // Its decision is lost in S3, or its stream waits for its repair: told already.
    if (at !== undefined && (at.through === undefined || (sequence <= at.through && !at.known.has(sequence))))
      continue;
    const isLater = sequence > (at?.through ?? 0) && (await isShown(ledger, leg));
    if (!isLater) differences.push(extraRow(stream, sequence, item));
  }
  return differences;
};

/** Whether a line tells of the decision: of one that was made after its stream was compared. */
const isShown = async (
  { store, projection }: AnyLedger,
  { stream, sequence, key, hash }: Guarded,
): Promise<boolean> => {
  const [line] = await store.get([projection.lineKey(stream, sequence)]);
  return line?.hash === hash && projection.legOf(line)?.key === key;
};

const guardedBy = (ledger: AnyLedger, item: Item): Guarded | undefined => {
  try {
    return guardIn(ledger, item);
  } catch {
    return { stream: item.PK, sequence: 0, key: "", hash: "" }; // A guard that says nothing.
  }
};

const guardIn = ({ rows }: AnyLedger, item: Item): Guarded | undefined => {
  switch (item[ENTITY_NAME_ATTRIBUTE]) {
    case rows.request.name:
      return rows.request.read(item);
    case rows.reused.name:
      return legOf(rows.reused.read(item));
    case rows.state.name:
      return legOf(rows.state.read(item));
    default:
      return undefined;
  }
};

type Row = { readonly key: string; readonly decision?: DecisionSummary | undefined };

const legOf = ({ key, decision }: Row): Guarded | undefined => {
  if (decision === undefined) return undefined;
  const [leg = { stream: key, sequence: 0, hash: "" }] = decision.legs;
  return { ...leg, key };
};

const unknownStream = (
  { rows, projection }: AnyLedger,
  { compared }: Explained,
  item: Item,
): readonly string[] => {
  const isOfStream = item[ENTITY_NAME_ATTRIBUTE] === rows.head.name || projection.legOf(item) !== undefined;
  return isOfStream && !compared.has(item.PK) ? [item.PK] : [];
};
