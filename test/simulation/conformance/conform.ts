import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { Item, Query, Store } from "../../../src/table/store.ts";
import { type Counts, count } from "../counts.ts";
import type { Fault, Recorded } from "../recording.ts";
import { compare, compareFaults, idsIn, type Names, noNames, translated } from "./compare.ts";

type Method = (...args: readonly unknown[]) => Promise<unknown>;
type Methods = Readonly<Record<string, Method>>;

/** The services that are to answer as the models did. */
export type Services = {
  readonly objects: ObjectStore;
  /** Calls of queues and topics, named as they are recorded. */
  readonly queues: Methods;
  /** Makes a table that holds these items. */
  readonly make: (items: readonly Item[]) => Promise<Store>;
  /** Sets the clock that objects and queues go by. */
  readonly setClock: (atMs: number) => void;
  readonly runLifecycle: () => void;
  /** Takes the errors that services answer while something is done, whatever their ports make of them. */
  readonly hear: <T>(heard: Fault[], work: () => Promise<T>) => Promise<T>;
  /** What the models decided by chance and nobody asked for here. */
  readonly unused: () => readonly string[];
  /** Calls that a client made again by itself. */
  readonly retries: () => number;
};

/** A call to which the two gave different answers. */
export type Difference = { readonly at: number; readonly call: string; readonly what: string };

export type Conformed = {
  /** How often each kind of call was made, with what came of it. */
  readonly kinds: Counts;
  readonly calls: number;
  readonly differences: readonly Difference[];
};

const DIFFERENCES_MAX = 10;
/** Reads that are asked at once; nothing is written in between, so that the order of their answers says nothing. */
const READS_AT_ONCE = 16;
const READS: ReadonlySet<string> = new Set([
  "get",
  "head",
  "stream",
  "list",
  "listVersions",
  "getTags",
  "query",
  "scan",
]);

/** Pages of which the service said that there is none: see `endsHere`. */
const BEYOND = "dynamodb query, not asked: the page before was the last";

/** A connection broke: whether the call happened nobody knows, so the whole has to be done again. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

type Numbered = { readonly at: number; readonly recorded: Recorded };
type Answered = {
  readonly answer?: unknown;
  readonly threw?: Fault;
  /** No service answered, since the connection was. */
  readonly broken?: string;
  readonly heard: readonly Fault[];
};
type Lane = {
  readonly names: Names;
  readonly ends: Set<string>;
  store: Store | undefined;
  /** Reads show what time has done, since a cold object may thaw. */
  isTimed: boolean;
};

/**
 * Makes the calls of a history again of real services, and compares every answer: what happened, which conditions
 * failed, what a page holds and whether there is another, which error was thrown or is hidden beneath an answer of the
 * port. Ids of versions, messages and receipts and a bucket's cursors are the service's own; the same one must stand
 * for the same one throughout.
 *
 * Calls of one table come in their order, as do those of the buckets, topics and queues together; tables are
 * independent of each other and of those, and reads between two writes commute.
 *
 * Tables are held against another maker's software, DynamoDB Local. Buckets, topics and queues are served over the wire
 * by the same models: what is shown of them is that the wire takes away and adds nothing (encoding, paging, ids, error
 * codes), and that the models go by their clock and the calls alone.
 *
 * Throws: NoAnswer.
 */
export const conform = async (calls: readonly Recorded[], services: Services): Promise<Conformed> => {
  const lanes = new Map<string, Numbered[]>();
  const kinds: Counts = {};
  for (const [at, recorded] of calls.entries()) {
    if (recorded.of === "chaos") continue;
    const name = ["s3", "sqs", "sns"].includes(recorded.of) ? "cloud" : recorded.of;
    const lane = lanes.get(name);
    if (lane === undefined) lanes.set(name, [{ at, recorded }]);
    else lane.push({ at, recorded });
  }
  const differences: Difference[] = [];
  await Promise.all([...lanes.values()].map(lane => conformLane(lane, services, { kinds, differences })));
  if (services.retries() > 0) throw new NoAnswer("a client tried again");
  const unused = services.unused().map(what => ({ at: calls.length, call: "chaos", what }));
  return {
    calls: Object.entries(kinds).reduce((sum, [kind, times]) => (kind === BEYOND ? sum : sum + times), 0),
    kinds,
    differences: [...differences, ...unused].sort((a, b) => a.at - b.at).slice(0, DIFFERENCES_MAX),
  };
};

const kindOf = ({ of, call, answer, threw, said }: Recorded): string => {
  const service = ["s3", "sqs", "sns"].includes(of) ? of : "dynamodb";
  const { outcome } = (answer ?? {}) as { readonly outcome?: string };
  return [service, call, threw?.name ?? said?.name ?? outcome].filter(Boolean).join(" ");
};

const conformLane = async (
  all: readonly Numbered[],
  services: Services,
  { kinds, differences }: { readonly kinds: Counts; readonly differences: Difference[] },
): Promise<void> => {
  const lane: Lane = { names: noNames(), ends: new Set(), store: undefined, isTimed: false };
  const asked: { readonly of: Numbered; readonly answer: Promise<Answered> }[] = [];
  const settle = async (): Promise<void> => {
    const some = asked.splice(0);
    const answers = await Promise.all(some.map(({ answer }) => answer));
    for (const [i, { of }] of some.entries()) {
      const answer = answers[i] as Answered;
      if (answer.broken !== undefined) throw new NoAnswer(answer.broken);
      const what = differenceOf(of.recorded, answer, lane);
      const { of: target, call, args } = of.recorded;
      if (what !== undefined)
        differences.push({
          at: of.at,
          call: `${target} ${call} ${JSON.stringify(args).slice(0, 300)}`,
          what,
        });
    }
  };
  for (const each of all) {
    const { recorded } = each;
    const isRead = READS.has(recorded.call);
    const ids = idsIn(recorded.args);
    // Whether there is a next page of rows shows when the one before is compared.
    const isNext = recorded.call === "query" && ids.length > 0;
    const isUnknown = ids.some(id => !lane.names.services.has(id));
    const isAlone = !isRead || lane.isTimed || isNext || isUnknown;
    if (isAlone || asked.length >= READS_AT_ONCE) await settle();
    if (differences.length >= DIFFERENCES_MAX) return;
    const isAsked = !isBeyond(recorded, lane.ends);
    count(kinds, isAsked ? kindOf(recorded) : BEYOND);
    if (!isAsked) continue;
    if (recorded.call === "restore") lane.isTimed = true;
    asked.push({ of: each, answer: ask(recorded, services, lane) });
    if (!isRead) await settle();
  }
  await settle();
};

const ask = async (recorded: Recorded, services: Services, lane: Lane): Promise<Answered> => {
  const { of, call, args } = recorded;
  const heard: Fault[] = [];
  if (of === "s3" || of === "sqs" || of === "sns") services.setClock(recorded.atMs);
  try {
    const answer = await services.hear(heard, async () => {
      if (call === "made") lane.store = await services.make(args[0] as readonly Item[]);
      else if (call === "lifecycle") services.runLifecycle();
      else {
        const target: unknown =
          of === "s3" ? services.objects : of === "sqs" || of === "sns" ? services.queues : lane.store;
        const method = (target as Methods)[call];
        if (method === undefined) throw new Error(`There is no call ${call}.`);
        return await method.apply(
          target,
          args.map(each => translated(each, lane.names.services, of === "sns")),
        );
      }
      return undefined;
    });
    return { answer, heard };
  } catch (error) {
    const last = heard.at(-1);
    if (last !== undefined && last.status === undefined) return { broken: last.message ?? last.name, heard };
    // One that no service answered is thrown on this side of the wire, as it was by the model.
    return { threw: { name: error instanceof Error ? error.name : String(error) }, heard };
  }
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

const differenceOf = (
  recorded: Recorded,
  { answer, threw, heard }: Answered,
  lane: Lane,
): string | undefined => {
  const { call, args } = recorded;
  if ((recorded.threw === undefined) !== (threw === undefined))
    return `${call}: ${JSON.stringify(recorded.threw ?? "an answer")}, and the service ${JSON.stringify([threw ?? "answered", ...heard])}`;
  const isOnThisSide = threw !== undefined && heard.length === 0;
  const faults = isOnThisSide ? [threw] : heard;
  const said = compareFaults(
    isOnThisSide ? { ...recorded, threw: { name: recorded.threw?.name ?? "" } } : recorded,
    faults,
  );
  if (said !== undefined || threw !== undefined) return said;
  if (endsHere(recorded, answer)) lane.ends.add(cursorIn(recorded.answer) ?? "");
  const query = args[0] as Query | undefined;
  // Rows of an index that sort alike come in any order, as do those of a scan.
  const isUnordered = call === "scan" || (call === "query" && query?.index !== undefined);
  const [model, service] = [recorded.answer, answer].map(each => (isUnordered ? ordered(each) : each));
  const isEnd = call === "query" && lane.ends.has(cursorIn(model) ?? "") && cursorIn(service) === undefined;
  return compare(isEnd ? { ...(model as object), cursor: undefined } : model, service, call, lane.names);
};

const ordered = (page: unknown): unknown => {
  const { items, ...rest } = page as { readonly items: readonly Item[] };
  return { ...rest, items: [...items].sort((a, b) => (`${a.PK} ${a.SK}` < `${b.PK} ${b.SK}` ? -1 : 1)) };
};
