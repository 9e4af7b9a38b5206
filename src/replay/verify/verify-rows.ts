import { pMapIterable } from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { isEpochOver } from "../../ledger/publish.ts";
import { keyText } from "../../table/storable.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import type { Difference } from "./difference.ts";
import { EpochEnded } from "./epoch-ended.ts";
import { readLinks } from "./links.ts";
import { type Compared, unexplainedRows } from "./unexplained.ts";
import { type StreamVerified, verifyStream } from "./verify-stream.ts";

/** Streams compared side by side: as many streams' rows lie in memory. */
const STREAMS_AT_ONCE = 4;

export type RowsProgress = {
  readonly doing: "reading decisions" | "comparing rows" | "looking for further rows";
  readonly done: number;
  /** Absent where nobody knows before the end. */
  readonly total?: number;
};

/** What a comparison of all rows ends with. */
export type RowsSummary = {
  readonly decisions: number;
  readonly streams: number;
  readonly rows: number;
  readonly differences: number;
  /** Streams whose newest decision is committed and not published yet; it was compared as the head has it. */
  readonly unpublished: number;
  /** Streams that never stood still: of them all was compared but their heads and what passes. */
  readonly moving: number;
};

type Told = {
  readonly onProgress?: ((progress: RowsProgress) => void) | undefined;
  /** Told as they are found. */
  readonly onDifferences: (differences: readonly Difference[]) => void;
};

/**
 * Compares every row that follows from decisions with the rows that the chains in S3 make, while traffic goes on: heads
 * and what shows them, lines, transactions, the registry of originals, and what is said of each request's decision. Then
 * looks through the whole table for rows that no decision makes.
 *
 * Cost: S3 is asked twice for each leg's decision; the table is read twice. Memory: what `readLinks` says, a key for each
 * guard, and the rows and decisions of `STREAMS_AT_ONCE` streams.
 * Throws: `ManifestDamaged`, `EpochEnded`; what the ports throw.
 */
export const verifyRows = async (
  ledger: AnyLedger,
  { onProgress = () => {}, onDifferences }: Told,
): Promise<RowsSummary> => {
  const { links, decisions, faults } = await readLinks(ledger, {
    onProgress: done => onProgress({ doing: "reading decisions", done }),
  });
  const sums = { streams: 0, rows: 0, differences: 0, unpublished: 0, moving: 0 };
  const tell = (found: readonly Difference[]): void => {
    sums.differences += found.length;
    if (found.length > 0) onDifferences(found);
  };
  tell(faults);
  const [guards, compared] = [new Set<string>(), new Map<string, Compared>()];
  const compare = (stream: string): Promise<StreamVerified> =>
    verifyStream(ledger, stream, links.get(stream) ?? [], key => guards.add(keyText(key)));
  const count = ({
    stream,
    differences,
    steps,
    rows,
    through,
    isUnpublished,
    isStill,
  }: StreamVerified): void => {
    sums.streams += 1;
    sums.rows += rows;
    sums.unpublished += isUnpublished ? 1 : 0;
    sums.moving += isStill ? 0 : 1;
    compared.set(stream, { through, known: new Set(steps.map(({ leg }) => leg.sequence)) });
    tell(differences);
  };
  const streams = [...links.keys()].sort(compareUtf8);
  for await (const verified of pMapIterable(streams, compare, { concurrency: STREAMS_AT_ONCE })) {
    count(verified);
    onProgress({ doing: "comparing rows", done: sums.streams, total: streams.length });
  }
  let done = 0;
  for await (const page of unexplainedRows(ledger, { compared, guards })) {
    for (const stream of new Set(page.streams)) if (!compared.has(stream)) count(await compare(stream));
    tell(page.differences.filter(({ row }) => row === undefined || !guards.has(keyText(row))));
    done += page.items;
    onProgress({ doing: "looking for further rows", done });
  }
  if (await isEpochOver(ledger)) throw new EpochEnded(ledger.epoch);
  return { decisions, ...sums };
};
