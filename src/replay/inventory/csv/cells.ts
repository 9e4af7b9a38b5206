import { excerpt, Unreadable } from "../errors.ts";
import { isoOfText } from "../instants.ts";
import type { InventoryRecord } from "../record.ts";
import type { Layout } from "./layout.ts";

/** The cells of a row without their quotes; undefined for a column the row does not have, -1 among them. */
export type Row = { cell(column: number): string | undefined; width(): number };

/** The record in a row. Throws: `Unreadable`, naming the column. */
export const recordOf = (row: Row, layout: Layout): InventoryRecord => {
  checkWidth(row.width(), layout);
  return {
    bucket: present(row.cell(layout.bucket), "Bucket"),
    key: decodedKey(present(row.cell(layout.key), "Key")),
    versionId: textOf(row.cell(layout.versionId)),
    isLatest: truthOf(row.cell(layout.isLatest), "IsLatest"),
    isDeleteMarker: truthOf(row.cell(layout.isDeleteMarker), "IsDeleteMarker"),
    size: sizeOf(row.cell(layout.size)),
    lastModified: instantOf(row.cell(layout.lastModified)),
    eTag: textOf(row.cell(layout.eTag)),
    storageClass: textOf(row.cell(layout.storageClass)),
  };
};

/** A row of the full parser. */
export const rowOf = (cells: readonly string[]): Row => ({
  cell: column => cells[column],
  width: () => cells.length,
});

const checkWidth = (cells: number, { width, isOpen }: Layout): void => {
  if (cells === width || (isOpen && cells > width)) return;
  throw new Unreadable(`expected ${isOpen ? "at least " : ""}${width} columns, got ${cells}`);
};

const present = (cell: string | undefined, column: string): string => {
  if (cell === undefined || cell === "") throw new Unreadable(`${column} is empty`);
  return cell;
};

const PERCENT = "%";
const BEYOND_ASCII = 0x80;

/**
 * Decodes escapes of ASCII itself, since reports have a key in each row and `decodeURIComponent` takes its time; leaves
 * all else to it.
 *
 * Source: Amazon S3 User Guide, "Amazon S3 Inventory": keys are URL-encoded in CSV, a space as `+`.
 */
const decodedKey = (encoded: string): string => {
  const key = encoded.includes("+") ? encoded.replaceAll("+", " ") : encoded;
  let decoded = "";
  let copied = 0;
  for (let at = key.indexOf(PERCENT); at !== -1; at = key.indexOf(PERCENT, at + 3)) {
    const code = hexDigit(key.charCodeAt(at + 1)) * 16 + hexDigit(key.charCodeAt(at + 2));
    if (!(code < BEYOND_ASCII)) return decodedByUri(key);
    decoded += key.slice(copied, at) + String.fromCharCode(code);
    copied = at + 3;
  }
  return copied === 0 ? key : decoded + key.slice(copied);
};

/** NaN for what is no hexadecimal digit. */
const hexDigit = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
};

const decodedByUri = (key: string): string => {
  try {
    return decodeURIComponent(key);
  } catch {
    throw new Unreadable(`expected Key to be URL-encoded UTF-8, got ${excerpt(key)}`);
  }
};

const textOf = (cell: string | undefined): string | null => (cell === undefined || cell === "" ? null : cell);

const truthOf = (cell: string | undefined, column: string): boolean | null => {
  if (cell === "true") return true;
  if (cell === "false") return false;
  if (cell === undefined || cell === "") return null;
  throw new Unreadable(`expected ${column} to be true or false, got ${excerpt(cell)}`);
};

const DIGITS = /^\d{1,16}$/;

const sizeOf = (cell: string | undefined): number | null => {
  if (cell === undefined || cell === "") return null;
  const size = Number(cell);
  if (!DIGITS.test(cell) || !Number.isSafeInteger(size))
    throw new Unreadable(`expected Size to be a whole number of bytes, got ${excerpt(cell)}`);
  return size;
};

const instantOf = (cell: string | undefined): string | null =>
  cell === undefined || cell === "" ? null : isoOfText(cell);
