import type { Item, Key } from "../../table/store.ts";
import type { Changed } from "./history.ts";

/** A record as the journal keeps it: the place in the stream, empty for what was found by comparing, and the image. */
export type KeptRecord =
  | readonly [sequence: string, put: Item]
  | readonly [sequence: string, deleted: Key, isDeleted: 1];

/** When something was seen: by the clock of the story, and by the machine's; both epoch milliseconds. */
export type Seen = { readonly atMs: number; readonly realMs: number };

/** One life of a table: made again under the same name it has another stream. */
export type Life = { readonly table: string; readonly stream: string };

/**
 * One line of the journal of what tables went through.
 *
 * `building`: a restore begins to make this table. `dropped`: it was found half made, and removed. `born`: the table
 * counts from now on, with all that the journal has of it; `madeBy` names the restore that made it. `written`: what one
 * look found. `mark`: the clock shows less than before.
 */
export type Entry = Seen &
  (
    | { readonly kind: "building" | "dropped"; readonly table: string }
    | ({ readonly kind: "born"; readonly madeBy?: string | undefined } & Life)
    | ({
        readonly kind: "written";
        /** Empty for what was found by comparing. */
        readonly shard: string;
        readonly records: readonly KeptRecord[];
      } & Life)
    | { readonly kind: "mark" }
  );

export const keptRecord = (sequence: string, changed: Changed): KeptRecord => {
  if ("put" in changed) return [sequence, changed.put];
  const { PK, SK } = changed.delete;
  return [sequence, { PK, SK }, 1];
};

export const changedOf = (record: KeptRecord): Changed =>
  record.length === 3 ? { delete: record[1] } : { put: record[1] };
