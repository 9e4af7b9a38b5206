import { compareUtf8 } from "../../table/utf8-order.ts";
import { recentTimeOf } from "../entities.ts";
import type { ObjectEntry } from "./entry.ts";

/** By the first observation of the key, by key, or by size; with `-` the last comes first. */
export const SORTS = ["time", "-time", "key", "-key", "size", "-size"] as const;

export type Sort = (typeof SORTS)[number];

/** An entry's place in an order. No two entries have the same, since key and bucket tell them apart. */
export type Position = { readonly rank: string | number; readonly key: string; readonly bucket: string };

export const isDescending = (sort: Sort): boolean => sort.startsWith("-");

/** Whether `RecentIdx` already has the order, so that entries can be passed on as they are read. */
export const isByTime = (sort: Sort): boolean => sort.endsWith("time");

export const placeOf = (entry: ObjectEntry, sort: Sort): Position => {
  const { key, bucket } = entry;
  return { rank: rankOf(entry, sort), key, bucket };
};

/** Compares places of one order, in its direction: negative if the left one comes first. */
export const comparePlaces = (left: Position, right: Position, sort: Sort): number => {
  const ascending =
    compareRanks(left.rank, right.rank) ||
    compareUtf8(left.key, right.key) ||
    compareUtf8(left.bucket, right.bucket);
  return isDescending(sort) ? -ascending : ascending;
};

/** An entry of unknown size, such as one that is gone, is smaller than all others. */
const UNKNOWN_SIZE = -1;

const rankOf = (entry: ObjectEntry, sort: Sort): string | number => {
  if (isByTime(sort)) return recentTimeOf(entry);
  if (sort.endsWith("key")) return entry.key;
  return (entry.isPresent ? entry.sizeBytes : undefined) ?? UNKNOWN_SIZE;
};

const compareRanks = (left: string | number, right: string | number): number =>
  typeof left === "number" && typeof right === "number"
    ? left - right
    : compareUtf8(String(left), String(right));
