import { type ColumnChunk, readOffsetIndex } from "hyparquet";
import type { FileBytes } from "./file-bytes.ts";

/** The values of a column in the order of its rows. */
export type ColumnCursor<T> = { take(count: number): Promise<readonly T[]> };

/** Fewer rows than this are not read by themselves: pages of few rows are read together. */
const READ_ROWS_MIN = 4096;
/** Rows read together where nothing tells of pages. Those partly among them are decoded again for the next. */
const BLIND_ROWS = 65_536;

/**
 * The rows at which a column of a row group is to be cut for reading, the group's end last: where its pages begin, so
 * that each page is decoded once.
 */
export const cutsOf = async (
  file: FileBytes,
  chunk: ColumnChunk | undefined,
  rows: number,
): Promise<readonly number[]> => {
  const { offset_index_offset: offset, offset_index_length: length } = chunk ?? {};
  if (offset === undefined || length === undefined) return [...everySoMany(rows), rows];
  const index = await file.slice(Number(offset), Number(offset) + length);
  const { page_locations: pages } = readOffsetIndex({ view: new DataView(index), offset: 0 });
  const cuts: number[] = [];
  for (const { first_row_index: first } of pages)
    if (Number(first) - (cuts.at(-1) ?? 0) >= READ_ROWS_MIN && Number(first) < rows) cuts.push(Number(first));
  return [...cuts, rows];
};

const everySoMany = (rows: number): readonly number[] =>
  Array.from({ length: Math.ceil(rows / BLIND_ROWS) - 1 }, (_, index) => (index + 1) * BLIND_ROWS);

/**
 * A column of one row group from `start` on, read cut by cut. Rows count from the beginning of the group.
 *
 * `read` gives the values of the rows from its first argument up to its second.
 */
export const newColumnCursor = <T>(
  read: (from: number, to: number) => Promise<readonly T[]>,
  cuts: readonly number[],
  start: number,
): ColumnCursor<T> => {
  let values: readonly T[] = [];
  let at = 0;
  let readTo = start;
  const advance = async (): Promise<boolean> => {
    const to = cuts.find(cut => cut > readTo);
    if (to === undefined) return false;
    values = await read(readTo, to);
    readTo = to;
    at = 0;
    return true;
  };
  return {
    take: async count => {
      const taken: T[] = [];
      while (taken.length < count && (at < values.length || (await advance()))) {
        const part = values.slice(at, at + count - taken.length);
        at += part.length;
        if (part.length === count) return part;
        taken.push(...part);
      }
      return taken;
    },
  };
};
