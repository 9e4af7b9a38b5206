import { bankTable } from "../../../src/app.ts";
import type { ObjectAddress, ObjectStore } from "../../../src/ports/object-store.ts";
import type { Condition, Item, Key, Query, Store, Write } from "../../../src/table/store.ts";
import { recordedStore } from "../recording.ts";
import type { RecordedQueues } from "../recording-queues.ts";
import type { Tape } from "../tape.ts";
import { FIRST_TABLE, type World } from "../world.ts";

// Calls that the product never makes, or hardly ever: what is refused, stale, absent, deleted, of odd names.

const KEYS = ["odd/ä b.event", "odd/a+b%20c&d.event", "odd/\u{1f600}.event", "odd/a", "even/z"];
const BODIES = ["{}", 'line\nbreak \u{1f600} "quoted" <&>', "x".repeat(2_000)];
const ITEMS = 8;
const PARTITIONS = 2;
const PAGES_MAX = 6;
/** Versions and receipts that are used again: some are gone or stale by then. */
const SEEN_MAX = 6;
/** One more than a call may name. */
const TOO_MANY_KEYS = 101;

type Draw = { readonly tape: Tape; readonly one: <T>(all: readonly T[]) => T; readonly half: () => boolean };

const drawing = (tape: Tape): Draw => ({
  tape,
  one: all => all[tape.below(all.length)] as (typeof all)[number],
  half: () => tape.below(2) === 0,
});

/** What is refused is recorded; nobody else needs to hear of it. */
const tried = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
  try {
    return await work();
  } catch {
    return undefined;
  }
};

const objectCalls = (objects: ObjectStore, { buckets }: World["topology"], { one, half, tape }: Draw) => {
  const seen: ObjectAddress[] = [{ bucket: buckets.newEvents, key: "odd/a", versionId: "nonsense" }];
  const bucket = (): string =>
    tape.below(8) === 7 ? "no-such-bucket" : one([buckets.newEvents, buckets.archive]);
  const address = (): ObjectAddress =>
    half() ? one(seen.slice(-SEEN_MAX)) : { bucket: bucket(), key: one(KEYS) };
  const listAll = async (isOfVersions: boolean): Promise<void> => {
    const request = {
      ...{ bucket: bucket(), limit: 1 + tape.below(5) },
      ...(half() && { prefix: one(["odd/", "", "none"]) }),
      ...(half() && { startAfter: one(KEYS) }),
    };
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const asked = { ...request, ...(cursor !== undefined && { cursor }) };
      if (isOfVersions) {
        const page = await objects.listVersions(asked);
        seen.push(...page.versions.map(({ key, versionId }) => ({ bucket: asked.bucket, key, versionId })));
        cursor = page.cursor;
      } else cursor = (await objects.list(asked)).cursor;
      if (cursor === undefined) return;
    }
  };
  const calls: readonly (() => Promise<unknown>)[] = [
    () =>
      objects.put({
        ...{ bucket: bucket(), key: one(KEYS), body: one(BODIES), ifAbsent: half() },
        storageClass: one(["STANDARD", "STANDARD", "GLACIER"]),
        ...(half() && { tags: { "a b": "ä=&" }, metadata: { Name: "value" }, contentType: "text/plain" }),
      }),
    () => objects.get(address()),
    () => objects.get(address(), { start: tape.below(3_000), end: 3_000 }),
    () => objects.head(address()),
    () => objects.getTags(address()),
    () => objects.putTags(address(), half() ? {} : { a: "1", "b:c": "" }),
    () => objects.delete(address()),
    () => objects.copy({ from: address(), to: { bucket: bucket(), key: one(KEYS) }, ifAbsent: half() }),
    () => objects.restore(address(), 1, "Standard"),
    () => listAll(false),
    () => listAll(true),
  ];
  return () => one(calls)();
};

const queueCalls = (
  queues: RecordedQueues,
  { queues: named, topics }: World["topology"],
  { one, half, tape }: Draw,
) => {
  const taken: (readonly [queue: string, receipt: string])[] = [[named.project.name, "nonsense"]];
  const queue = (): string =>
    tape.below(8) === 7
      ? "no-such-queue"
      : one([named.project.name, named.project.name, named.project.deadLetters.name]);
  const receive = (): void => {
    const name = queue();
    const request = { max: 1 + tape.below(4), ...(half() && { visibilityTimeoutMs: 1_000 * tape.below(4) }) };
    taken.push(...queues.receive(name, request).map(({ receiptHandle }) => [name, receiptHandle] as const));
  };
  const calls: readonly (() => unknown)[] = [
    () =>
      queues.send(queue(), {
        ...{ body: one(BODIES), ...(half() && { delayMs: 1_000 * tape.below(4) }) },
        ...(half() && { attributes: { name: { DataType: "String", StringValue: "ä<&>" } } }),
      }),
    receive,
    () => queues.remove(...one(taken.slice(-SEEN_MAX))),
    () => queues.hide(...one(taken.slice(-SEEN_MAX)), 1_000 * tape.below(4)),
    () => queues.redrive(half() ? named.project.deadLetters.arn : `${named.project.arn}-none`),
    () =>
      queues.publish(half() ? topics.payments : `${topics.payments}-none`, { message: "{}", subject: "ä" }),
  ];
  // Most are sent and received, or there would be nothing to take and to hide.
  return () => (half() ? calls[tape.below(2)]?.() : one(calls)());
};

const rowCalls = (store: Store, { one, half, tape }: Draw) => {
  const [index] = bankTable.indexes;
  const key = (): Key => ({ PK: `ODD#${tape.below(PARTITIONS)}`, SK: `ROW#${tape.below(ITEMS)}` });
  const item = (): Item => ({
    ...{ ...key(), count: tape.below(2), text: one(BODIES), list: [1, null, { a: true }] },
    ...(index &&
      half() && {
        [index.partition]: "ODD",
        ...(index.sort !== undefined && index.sort !== "SK" && { [index.sort]: one(KEYS) }),
      }),
  });
  const condition = (): Condition => (half() ? { absent: true } : { equals: half() ? { count: 1 } : {} });
  const write = (): Write =>
    one<() => Write>([
      () => ({ put: item(), ...(half() && { if: condition() }) }),
      () => ({ delete: key(), ...(half() && { if: condition() }) }),
      () => ({ check: key(), if: condition() }),
    ])();
  const queryAll = async (): Promise<void> => {
    const query: Query = {
      ...(index && half()
        ? { index, partition: "ODD" }
        : { partition: `ODD#${tape.below(PARTITIONS)}`, ...(half() && { from: "ROW#2", to: "ROW#5" }) }),
      ...{ limit: tape.below(5), newestFirst: half() },
    };
    let cursor: string | undefined = tape.below(8) === 0 ? "nonsense" : undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      ({ cursor } = await store.query({ ...query, ...(cursor !== undefined && { cursor }) }));
      if (cursor === undefined) return;
    }
  };
  const calls: readonly (() => Promise<unknown>)[] = [
    () => store.write(write()),
    () => store.transact(Array.from({ length: 1 + tape.below(4) }, write)),
    () => store.transact(Array.from({ length: 1 + tape.below(4) }, write)),
    () => store.get([key(), key(), key()]),
    () =>
      store.get(
        Array.from({ length: half() ? 2 : TOO_MANY_KEYS }, (_, i) => ({ PK: "ODD#0", SK: `ROW#${i}` })),
      ),
    () => store.putAll([item(), item()]),
    queryAll,
    queryAll,
  ];
  return () => one(calls)();
};

/** Makes calls of the models of a world, by its tape, `count` of each service; time passes meanwhile. */
export const recordSession = async (world: World, count: number): Promise<void> => {
  const { tape, clock, recorder } = world;
  const draw = drawing(tape);
  const steps = [
    objectCalls(world.objects, world.topology, draw),
    queueCalls(world.queues, world.topology, draw),
    rowCalls(recordedStore(world.storeOf(FIRST_TABLE), FIRST_TABLE, recorder), draw),
  ];
  for (let made = 0; made < count; made += 1)
    for (const step of steps) {
      await tried<unknown>(step);
      if (tape.below(4) === 0) clock.advance(tape.below(2_500));
    }
};
