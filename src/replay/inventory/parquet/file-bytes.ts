import type { AsyncBuffer, FileMetaData } from "hyparquet";
import type { Source } from "../source.ts";

/** A source as the Parquet reader wants it, which tells trouble with the disk or the network from damaged bytes. */
export type FileBytes = AsyncBuffer & {
  /** What the source threw, if it did. */
  trouble(): unknown;
  /** From now on keeps these ranges once they are read, and forgets those kept before. */
  keep(ranges: ReadonlySet<string>): void;
};

const rangeName = (start: number, end: number): string => `${start}-${end}`;

export const fileBytes = (source: Source): FileBytes => {
  let thrown: unknown;
  let wanted: ReadonlySet<string> = new Set();
  let kept = new Map<string, Promise<ArrayBuffer>>();

  const read = async (start: number, end: number): Promise<ArrayBuffer> => {
    // The reader asks for ranges a damaged footer tells of: what is outside the file is not there.
    const inside = { start: Math.min(start, source.sizeBytes), end: Math.min(end, source.sizeBytes) };
    try {
      return bufferOf(await source.read(inside.start, Math.max(inside.start, inside.end)));
    } catch (error) {
      thrown = error;
      throw error;
    }
  };

  return {
    byteLength: source.sizeBytes,
    slice: (start, end = source.sizeBytes) => {
      const name = rangeName(start, end);
      const reading = kept.get(name) ?? read(start, end);
      if (wanted.has(name)) kept.set(name, reading);
      return reading;
    },
    trouble: () => thrown,
    keep: ranges => {
      wanted = ranges;
      kept = new Map();
    },
  };
};

/** The ranges of a row group that are read again for each slice of its rows: chunks without an index of their pages. */
export const rangesReadAgain = (group: FileMetaData["row_groups"][number]): ReadonlySet<string> =>
  new Set(
    group.columns.flatMap(({ meta_data: facts, offset_index_offset: index }) => {
      if (facts === undefined || index !== undefined) return [];
      const start = facts.dictionary_page_offset || facts.data_page_offset;
      return [rangeName(Number(start), Number(start + facts.total_compressed_size))];
    }),
  );

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): ArrayBuffer =>
  byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
