import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Item, Query, Store } from "../../src/table/store.ts";
import type { Recorded } from "./recording.ts";

/** The services that are to answer as the models did. */
export type Services = {
  readonly objects: ObjectStore;
  /** Makes a table that holds these items. */
  readonly make: (items: readonly Item[]) => Promise<Store>;
  /** Sets the clock that the object store shows. */
  readonly setClock: (atMs: number) => void;
  readonly runLifecycle: () => void;
};

/** A call to which the two gave different answers. */
export type Difference = { readonly at: number; readonly call: string; readonly what: string };

export type Conformed = { readonly calls: number; readonly differences: readonly Difference[] };

const DIFFERENCES_MAX = 10;
/** HTTP tells times by the second. */
const SECOND_MS = 1_000;

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/**
 * Makes the calls of a history again, one after the other, of real services, and compares every answer: what happened,
 * which conditions failed, what a page holds and whether there is another. Version ids and cursors of a bucket are the
 * service's own; the same one must stand for the same one throughout.
 */
export const conform = async (calls: readonly Recorded[], services: Services): Promise<Conformed> => {
  const differences: Difference[] = [];
  const tables = new Map<string, Store>();
  const names = new Map<string, string>();
  const ends = new Set<string>();
  for (const [at, recorded] of calls.entries()) {
    if (differences.length >= DIFFERENCES_MAX) break;
    services.setClock(recorded.atMs);
    const { of, call, args } = recorded;
    if (call === "made") tables.set(of, await services.make(args[0] as readonly Item[]));
    else if (call === "lifecycle") services.runLifecycle();
    else if (isBeyond(recorded, ends)) continue;
    else {
      const target: unknown = of === "s3" ? services.objects : tables.get(of);
      const answer = await answerOf(
        target,
        call,
        args.map(each => translated(each, names)),
      );
      if (endsHere(recorded, answer.answer)) ends.add(cursorIn(recorded.answer) ?? "");
      const what = differenceOf(recorded, answer, names, ends);
      if (what !== undefined)
        differences.push({ at, call: `${of} ${call} ${JSON.stringify(args).slice(0, 300)}`, what });
    }
  }
  return { calls: calls.length, differences };
};

const cursorIn = (page: unknown): string | undefined =>
  page !== null && typeof page === "object" && "cursor" in page && typeof page.cursor === "string"
    ? page.cursor
    : undefined;

/**
 * Whether the model hands out a cursor behind the last row there is, and the service knows that there is none. DynamoDB
 * promises neither: a page that is full to its limit may or may not have another one behind it.
 */
const endsHere = ({ call, answer }: Recorded, service: unknown): boolean =>
  call === "query" &&
  cursorIn(answer) !== undefined &&
  service !== undefined &&
  cursorIn(service) === undefined;

/** A page behind the end: empty, and never asked of the service, which gave no cursor for it. */
const isBeyond = ({ call, args, answer }: Recorded, ends: ReadonlySet<string>): boolean => {
  const cursor = cursorIn(args[0]);
  if (call !== "query" || cursor === undefined || !ends.has(cursor)) return false;
  return (answer as { readonly items?: readonly unknown[] } | undefined)?.items?.length === 0;
};

const answerOf = async (
  target: unknown,
  call: string,
  args: readonly unknown[],
): Promise<{ readonly answer?: unknown }> => {
  const method = (target as Readonly<Record<string, Method>>)[call];
  if (method === undefined) throw new Error(`There is no call ${call}.`);
  try {
    return { answer: await method.apply(target, args as unknown[]) };
  } catch {
    return {};
  }
};

/** Arguments with the version ids and cursors of the service that is asked. */
const translated = (value: unknown, names: ReadonlyMap<string, string>): unknown => {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(each => translated(each, names));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      (name === "versionId" || name === "cursor") && typeof each === "string"
        ? (names.get(each) ?? each)
        : translated(each, names),
    ]),
  );
};

const differenceOf = (
  recorded: Recorded,
  { answer }: { readonly answer?: unknown },
  names: Map<string, string>,
  ends: ReadonlySet<string>,
): string | undefined => {
  if (recorded.answer === undefined && answer === undefined) return undefined;
  const { call, args } = recorded;
  const query = args[0] as Query | undefined;
  // Rows of an index that sort alike come in any order, as do those of a scan.
  const isUnordered = call === "scan" || (call === "query" && query?.index !== undefined);
  const [model, service] = [recorded.answer, answer].map(each => (isUnordered ? ordered(each) : each));
  const isEnd = call === "query" && ends.has(cursorIn(model) ?? "") && cursorIn(service) === undefined;
  return compare(isEnd ? { ...(model as object), cursor: undefined } : model, service, call, names);
};

const ordered = (page: unknown): unknown => {
  const { items, ...rest } = page as { readonly items: readonly Item[] };
  return { ...rest, items: [...items].sort((a, b) => (`${a.PK} ${a.SK}` < `${b.PK} ${b.SK}` ? -1 : 1)) };
};

/** Where two answers differ, in words; undefined if nowhere. */
const compare = (
  model: unknown,
  service: unknown,
  path: string,
  names: Map<string, string>,
): string | undefined => {
  if (
    /\.(versionId|cursor)$/.test(path) &&
    typeof model === "string" &&
    typeof service === "string" &&
    model !== service
  ) {
    const known = names.get(model);
    names.set(model, service);
    return known === undefined || known === service ? undefined : `${path}: ${known} was ${service} before`;
  }
  if (/\.(lastModified|expiresAt)$/.test(path) && typeof model === "string" && typeof service === "string")
    return Math.abs(Math.floor(Date.parse(model) / SECOND_MS) - Math.floor(Date.parse(service) / SECOND_MS)) <
      1
      ? undefined
      : `${path}: ${model}, not ${service}`;
  // The SDK names a type of its own for bytes, where S3 would name none.
  if (path.endsWith(".contentType") && model === "binary/octet-stream") return undefined;
  if (model instanceof Uint8Array && service instanceof Uint8Array)
    return Buffer.compare(model, service) === 0 ? undefined : `${path}: other bytes`;
  if (model === null || service === null || typeof model !== "object" || typeof service !== "object")
    return Object.is(model, service)
      ? undefined
      : `${path}: ${JSON.stringify(model)}, not ${JSON.stringify(service)}`;
  const fields = new Set([...Object.keys(model), ...Object.keys(service)]);
  for (const field of fields) {
    const [a, b] = [model, service].map(each => (each as Readonly<Record<string, unknown>>)[field]);
    const found = compare(a, b, `${path}.${field}`, names);
    if (found !== undefined) return found;
  }
  return undefined;
};
