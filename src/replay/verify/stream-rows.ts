import type { AnyLedger } from "../../ledger/ledger.ts";
import type { Item } from "../../table/store.ts";
import { canonicalJson } from "../snapshot/canonical-json.ts";

/** Tries to read a stream's rows between two decisions. */
const TRIES_MAX = 4;
const PAUSE_MS = 50;
/** A page is 1 MB, and the rows of one stream lie in memory here: 10 GB are for no process to compare. */
const PAGES_MAX = 10_000;

/** All rows under a stream's name. */
export type StreamRows = {
  readonly head: Item | undefined;
  /** By sort key, the head among them. */
  readonly items: ReadonlyMap<string, Item>;
  /** Whether nothing was decided on the stream while they were read: only then do all of them belong together. */
  readonly isStill: boolean;
};

/** Reads the rows of one stream, again if it moved meanwhile. Memory: its rows. Throws: what the table throws. */
export const readStreamRows = async (ledger: AnyLedger, stream: string): Promise<StreamRows> => {
  let head = await headOf(ledger, stream);
  for (let tries = 1; ; tries += 1) {
    const items = await rowsUnder(ledger, stream);
    const after = await headOf(ledger, stream);
    const isStill = canonicalJson(head ?? null) === canonicalJson(after ?? null);
    // What was read first is what the rows are sure to hold.
    if (isStill || tries === TRIES_MAX) return { head, items, isStill };
    head = after;
    await ledger.clock.sleep(Math.ceil(ledger.random.next() * PAUSE_MS));
  }
};

const headOf = async ({ store, rows }: AnyLedger, stream: string): Promise<Item | undefined> =>
  (await store.get([rows.head.key({ stream })]))[0];

const rowsUnder = async ({ store }: AnyLedger, stream: string): Promise<ReadonlyMap<string, Item>> => {
  const items = new Map<string, Item>();
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.query({ partition: stream, cursor });
    for (const item of found.items) items.set(item.SK, item);
    cursor = found.cursor;
    if (cursor === undefined) return items;
  }
  throw new Error(`${stream} has more than ${PAGES_MAX} pages of rows.`);
};
