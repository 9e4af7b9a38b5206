import { type Command, InvalidArgumentError, Option } from "commander";
import { LIFECYCLES, type Lifecycle } from "../tracking/lifecycle.ts";
import { instantOrNone } from "../tracking/narrow.ts";
import { type ObjectFilter, PRESENCES, RESTORES } from "../tracking/query/filter.ts";
import { PAGE_ENTRIES_MAX } from "../tracking/query/find-objects.ts";
import { DAY_MS, DEFAULT_DAYS } from "../tracking/query/range.ts";

/** Options of a command that takes a filter, as commander collects them. */
export type FilterOptions = {
  readonly bucket?: string[];
  readonly key?: string[];
  readonly versionId?: string[];
  readonly etag?: string[];
  readonly storageClass?: string[];
  readonly lifecycle?: Lifecycle[];
  readonly state?: (typeof PRESENCES)[number];
  readonly restore?: (typeof RESTORES)[number][];
  readonly attribute?: string[];
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly since?: string;
  readonly until?: string;
  readonly changedSince?: string;
  readonly changedUntil?: string;
  readonly ignoreCase?: boolean;
};

/** Largest size that JSON can say; S3's objects end far below. */
const size = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a number of bytes.");
  return Number(text);
};

/** An instant, or a UTC day, which stands for its first millisecond or for its last. */
const instant =
  (end: "first" | "last") =>
  (text: string): string => {
    const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
    const found = instantOrNone(isDay ? `${text}T00:00:00.000Z` : text);
    if (found === undefined || (isDay && !found.startsWith(text)))
      throw new InvalidArgumentError("Expected a day such as 2026-03-31, or an instant with its zone.");
    return isDay && end === "last" ? new Date(Date.parse(found) + DAY_MS - 1).toISOString() : found;
  };

const listed = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const oneOf = (choices: readonly string[]) => (text: string, before?: readonly string[]) => {
  const found = choices.find(choice => choice.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw new InvalidArgumentError(`Expected one of ${choices.join(", ")}.`);
  return listed(found, before);
};

/** Adds the options of a filter to a command. */
export const withFilters = (command: Command): Command =>
  command
    .option("--bucket <pattern>", "in this bucket", listed)
    .option("--key <pattern>", "of this key; without wildcards it is read directly", listed)
    .option("--version-id <pattern>", "of this version", listed)
    .option("--etag <pattern>", "with this ETag, without quotes", listed)
    .option("--storage-class <pattern>", "in this storage class", listed)
    .option("--lifecycle <word>", "that stand here, such as ARCHIVED", oneOf(LIFECYCLES))
    .addOption(
      new Option("--state <state>", "in their bucket now, gone from it, or both; by default current").choices(
        PRESENCES,
      ),
    )
    .option("--restore <state>", `of cold objects: ${RESTORES.join(", ")}`, oneOf(RESTORES))
    .option("--attribute <name=pattern>", "with this attribute; outer.inner=pattern looks inside", listed)
    .option("--min-size <bytes>", "at least so large", size)
    .option("--max-size <bytes>", "at most so large", size)
    .option(
      "--since <time>",
      `first seen then or later; by default ${DEFAULT_DAYS} days ago, unless every key is named`,
      instant("first"),
    )
    .option("--until <time>", "first seen then or before; a day means all of it", instant("last"))
    .option("--changed-since <time>", "stored or deleted then or later", instant("first"))
    .option("--changed-until <time>", "stored or deleted then or before", instant("last"))
    .option("--ignore-case", "compare keys, buckets and values without regard to case");

/** What a help text says of filters. */
export const FILTERS_HELP = `
Patterns: * is any run of characters, ? any one, \\* \\? \\\\ stand for themselves. They fit from the first character to
the last. An option given several times lets any of its values pass; different options must all let pass. Attributes of
one name count as one option. In an attribute's name \\. \\= \\\\ stand for themselves.`;

/** The filter that options ask for. */
export const filterFrom = (options: FilterOptions): ObjectFilter => ({
  ...(options.bucket && { buckets: options.bucket }),
  ...(options.key && { keys: options.key }),
  ...(options.versionId && { versionIds: options.versionId }),
  ...(options.etag && { eTags: options.etag }),
  ...(options.storageClass && { storageClasses: options.storageClass }),
  ...(options.lifecycle && { lifecycles: options.lifecycle }),
  ...(options.state && { presence: options.state }),
  ...(options.restore && { restores: options.restore }),
  ...(options.attribute && { attributes: options.attribute }),
  ...(options.minSize !== undefined && { sizeBytesMin: options.minSize }),
  ...(options.maxSize !== undefined && { sizeBytesMax: options.maxSize }),
  ...(options.since && { since: options.since }),
  ...(options.until && { until: options.until }),
  ...(options.changedSince && { changedSince: options.changedSince }),
  ...(options.changedUntil && { changedUntil: options.changedUntil }),
  ...(options.ignoreCase && { ignoreCase: true }),
});

/** A parser for whole numbers between two, both included. */
export const wholeNumberFrom =
  (min: number, max: number) =>
  (text: string): number => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < min || Number(text) > max)
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    return Number(text);
  };

export const pageLimit = wholeNumberFrom(1, PAGE_ENTRIES_MAX);
