import type { Item } from "../table/store.ts";
import type { CatalogueEntry } from "./entities.ts";
import type { AnyLedger } from "./ledger.ts";
import { epochText } from "./names.ts";

/** Text of one part: an item ends at 400 KB. Source: ruling on the repair of streams. */
export const CATALOGUE_PART_BYTES_MAX = 300_000;
/** Four digits in a part's sort key: some 20 million decisions of one stream. */
const PARTS_MAX = 9_999;
/** A page is cut at 1 MB, so it holds three full parts or more. */
const PAGES_MAX = PARTS_MAX;

const PART_DIGITS = 4;

/** The decisions a stream may lack, in parts, as rows of an epoch's table. Throws above `PARTS_MAX` parts. */
export const catalogueRows = (
  { rows }: Pick<AnyLedger, "rows">,
  epoch: number,
  stream: string,
  entries: readonly CatalogueEntry[],
): readonly Item[] => {
  const parts: CatalogueEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of [...entries].sort((a, b) => a.sequence - b.sequence)) {
    const size = Buffer.byteLength(JSON.stringify(entry), "utf8");
    if (bytes + size > CATALOGUE_PART_BYTES_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(entry);
    bytes += size;
  }
  if (parts.length > PARTS_MAX)
    throw new Error(`The catalogue of ${stream} has more than ${PARTS_MAX} parts.`);
  return parts.map((part, i) =>
    rows.catalogue.item({
      stream,
      epoch: epochText(epoch),
      part: String(i + 1).padStart(PART_DIGITS, "0"),
      entries: part,
    }),
  );
};

/** What this epoch's catalogue says of a stream, read consistently. */
export type Catalogue = {
  /** By sequence, without a gap. */
  readonly entries: readonly CatalogueEntry[];
  /** Keys of its rows, in the order in which they may be deleted. */
  readonly rows: readonly { readonly PK: string; readonly SK: string }[];
};

/** The catalogue of a stream in the ledger's epoch; undefined if the stream is whole. */
export const readCatalogue = async (
  { store, rows, epoch }: AnyLedger,
  stream: string,
): Promise<Catalogue | undefined> => {
  const prefix = `CATALOGUE#${epochText(epoch)}#`;
  const found: { entries: CatalogueEntry[]; rows: { PK: string; SK: string }[] } = { entries: [], rows: [] };
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items, cursor: next } = await store.query({
      partition: stream,
      from: prefix,
      to: `${prefix}~`,
      cursor,
    });
    for (const item of items) {
      found.entries.push(...rows.catalogue.read(item).entries);
      found.rows.push({ PK: item.PK, SK: item.SK });
    }
    cursor = next;
    if (cursor === undefined) return found.rows.length === 0 ? undefined : found;
  }
  throw new Error(`The catalogue of ${stream} has more than ${PAGES_MAX} pages.`);
};
