import type { Condition, Write } from "../table/store.ts";
import { awaitedIn } from "./entities.ts";
import type { AnyLedger } from "./ledger.ts";
import type { HeadRow, ParkedRow } from "./reading.ts";

/**
 * The condition that since a head was read nobody committed on its stream, parked under it, or took anything from there.
 *
 * The count belongs to it because heads are put as whole items: without it a commit would undo a parking it did not see.
 */
export const unchangedHead = (head: HeadRow | undefined): Condition => {
  if (head === undefined) return { absent: true };
  const { sequence, hash, epoch, parkedCount } = head;
  return { equals: { sequence, hash, epoch, parkedCount } };
};

/** The count after one request came or went. Never below zero: a torn restore may have kept a row and lost its head. */
export const countAfter = (parkedCount: number, change: 1 | 0 | -1): number =>
  Math.max(0, parkedCount + change);

/** The write of a head in which nothing differs but the number of requests parked under its stream. */
export const recount = ({ rows }: AnyLedger, head: HeadRow, parkedCount: number): Write => ({
  put: rows.head.item({ ...head, parkedCount }),
  if: unchangedHead(head),
});

/**
 * The writes that take a parked row away, from under its stream too where it lies under one.
 *
 * `written`: streams whose heads the same transaction writes anyway, with the right count.
 * Throws: if the head of the row's stream was not read, which is a defect of the domain's `streamsOf`.
 */
export const leaving = (
  ledger: AnyLedger,
  row: ParkedRow,
  heads: readonly HeadRow[],
  written: ReadonlySet<string> = new Set(),
): readonly Write[] => {
  const gone: Write = { delete: ledger.rows.parked.key(row), if: { equals: { digest: row.digest } } };
  if (!isUnderStream(row.place) || written.has(row.place)) return [gone];
  const head = headOf(heads, row.place);
  return [gone, recount(ledger, head, countAfter(head.parkedCount, -1))];
};

/** Whether a place is a stream, and not the registry entry of an original. */
export const isUnderStream = (place: string): boolean => "stream" in awaitedIn(place);

/** Throws: if the head is not among those read, which is a defect. */
export const headOf = (heads: readonly HeadRow[], stream: string): HeadRow => {
  const head = heads.find(each => each.stream === stream);
  if (head === undefined) throw new Error(`Expected the head of ${stream} among those read.`);
  return head;
};
