import { textTable } from "../projections/text-table.ts";
import type { ObjectEntry } from "../tracking/query/entry.ts";
import { countObjects, listObjects } from "../tracking/query/find-objects.ts";
import type { Sort } from "../tracking/query/order.ts";
import { type FilterOptions, filterFrom } from "./objects-options.ts";
import { overObjects, sayFrom, tooMany } from "./objects-query.ts";
import type { Output } from "./output.ts";

export type ListOptions = FilterOptions & {
  readonly sort: Sort;
  readonly limit: number;
  readonly cursor?: string;
};

/** `daybook objects list`: one page of objects. */
export const objectsListCommand = (options: ListOptions, isAws: boolean, output: Output): Promise<number> =>
  overObjects(isAws, async app => {
    const { sort, limit, cursor } = options;
    const query = { filter: filterFrom(options), sort, limit, cursor };
    const page = await listObjects(app.ledger, query, app.clock.now());
    if (page.outcome === "too many")
      throw tooMany(page, `would have to be sorted by ${sort.replace("-", "")}`);
    const { entries, cursor: next, from } = page;
    if (output.isJson) {
      for (const entry of entries) output.json(entry);
      output.json({ type: "summary", count: entries.length, cursor: next, from });
      return 0;
    }
    if (entries.length > 0) output.data(entriesTable(entries));
    else output.talk("There is none.");
    sayFrom(output, from, options);
    if (next !== undefined) output.talk(`There are more: repeat the command with --cursor ${next}`);
    return 0;
  });

/** `daybook objects count`: how many objects there are. */
export const objectsCountCommand = (
  options: FilterOptions,
  isAws: boolean,
  output: Output,
): Promise<number> =>
  overObjects(isAws, async app => {
    const counted = await countObjects(app.ledger, filterFrom(options), app.clock.now());
    if (output.isJson) output.json(counted);
    else output.data(String(counted.count));
    sayFrom(output, counted.from, options);
    return 0;
  });

const SIZE_COLUMN = 2;

const entriesTable = (entries: readonly ObjectEntry[]): string =>
  textTable(
    ["key", "bucket", "size", "class", "lifecycle", "time"],
    entries.map(entry => [
      entry.key,
      entry.bucket,
      ...(entry.isPresent
        ? [String(entry.sizeBytes ?? "-"), entry.storageClass ?? "-"]
        : ["-", entry.isExpired ? "expired" : "deleted"]),
      entry.lifecycle,
      entry.time,
    ]),
    new Set([SIZE_COLUMN]),
  );
