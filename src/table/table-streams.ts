import type { Item, Key } from "./store.ts";

/** What became of one item, with its place in the stream. */
export type StreamRecord = {
  readonly sequence: string;
  readonly changed: { readonly put: Item } | { readonly delete: Key };
};

/** Records of one shard, in order. `isGap`: some before them are lost, as the stream keeps them for 24 hours only. */
export type StreamPortion = {
  readonly shard: string;
  readonly records: readonly StreamRecord[];
  readonly isGap: boolean;
};

/** Reads one stream from where it was left. */
export interface StreamReader {
  /** What was written until the call began and was not read yet. Throws: the service's error. */
  read(): AsyncIterable<StreamPortion>;
}

/** The stream of a table that is there. `stream` names this life of it: a table made again has another one. */
export type StreamedTable = { readonly table: string; readonly stream: string };

/** The streams of changes that tables tell of themselves. */
export interface TableStreams {
  /** Those of all tables that have one, whoever made them. */
  list(): Promise<readonly StreamedTable[]>;
  /** `after`: by shard, the sequence of the last record that needs not be read again. */
  open(stream: string, after: ReadonlyMap<string, string>): StreamReader;
}
