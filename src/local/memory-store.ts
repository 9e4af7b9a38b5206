import type { Clock } from "../ports/clock.ts";
import type { Torn } from "../ports/point-in-time.ts";
import { positionOf } from "../table/cursor.ts";
import type { IndexDefinition, TableDefinition } from "../table/definition.ts";
import { subjectOf } from "../table/size.ts";
import {
  checkKeyText,
  PARTITION_KEY_BYTES_MAX,
  SORT_KEY_BYTES_MAX,
  storableItems,
  storableTransaction,
  storableWrite,
} from "../table/storable.ts";
import {
  type Condition,
  GET_KEYS_MAX,
  type Item,
  type Key,
  type Page,
  PUTS_PER_REQUEST_MAX,
  type Query,
  type Store,
  type Write,
  type WriteOutcome,
} from "../table/store.ts";
import { fnv1a } from "./fnv.ts";
import { OrderedItems, pageOf } from "./ordered-items.ts";
import { type Changed, History } from "./point-in-time/history.ts";

/** A call as the simulation sees it before it happens. */
export type StoreCall =
  | { readonly call: "get"; readonly keys: readonly Key[] }
  | { readonly call: "write" | "transact" | "putAll"; readonly writes: readonly Write[] }
  | { readonly call: "query"; readonly query: Query }
  | { readonly call: "scan" };

/** `instead`: nothing happens and this is answered. `answer`: it happens if it may, and this is answered. */
export type StoreFault = { readonly instead: WriteOutcome } | { readonly answer: WriteOutcome };

/** Waits for the call's turn, if it likes; a fault only counts for writes. To fail a read, throw. */
export type StoreHook = (call: StoreCall) => Promise<StoreFault | undefined>;

/**
 * The table as a model in memory: DynamoDB's semantics and limits without its process, deterministic.
 * Indexes are up to date at once, which DynamoDB's are not; no decision may read them anyway.
 *
 * Items are frozen copies: no caller can change what is stored or what another one was given.
 */
export class MemoryStore implements Store {
  readonly #definition: TableDefinition;
  readonly #before: StoreHook | undefined;
  #table = new Map<string, Item>();
  #groups = new Map<string, OrderedItems>();
  #everything = new OrderedItems("PK", "SK");
  readonly #history: History | undefined;

  /** `clock`: every write is kept with its time, for `asOf`. Absent: only what is there now is known. */
  constructor(definition: TableDefinition, before?: StoreHook, clock?: Clock) {
    this.#definition = definition;
    this.#before = before;
    this.#history = clock && new History(clock);
  }

  /** When it was made, epoch milliseconds; absent if it keeps no history. */
  get bornAtMs(): number | undefined {
    return this.#history?.bornAtMs;
  }

  /**
   * The items as they were at an instant, epoch milliseconds, torn if asked for. Unordered.
   * Throws: an error if it keeps no history.
   */
  asOf(atMs: number, torn?: Torn): readonly Item[] {
    if (this.#history === undefined) throw new Error("Expected a store that was made with a clock.");
    return this.#history.asOf(atMs, torn);
  }

  async get(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    if (keys.length > GET_KEYS_MAX && new Set(keys.map(nameOf)).size > GET_KEYS_MAX)
      throw new RangeError(`Expected at most ${GET_KEYS_MAX} keys, got ${keys.length}`);
    await this.#before?.({ call: "get", keys });
    return keys.map(key => this.#table.get(nameOf(key)));
  }

  async write(write: Write): Promise<WriteOutcome> {
    return await this.#commit("write", [storableWrite(write)]);
  }

  async transact(writes: readonly Write[]): Promise<WriteOutcome> {
    return await this.#commit("transact", storableTransaction(writes));
  }

  async putAll(items: readonly Item[]): Promise<WriteOutcome> {
    const writes = storableItems(items).map((put): Write => ({ put }));
    for (const write of writes) if ("put" in write) this.#checkIndexKeys(write.put);
    // A request of its own for each 25, as on DynamoDB: what happens in between, and what fails, is the hook's affair.
    for (let at = 0; at < writes.length; at += PUTS_PER_REQUEST_MAX) {
      const answer = await this.#commit("putAll", writes.slice(at, at + PUTS_PER_REQUEST_MAX));
      if (answer.outcome !== "committed") return answer;
    }
    return { outcome: "committed" };
  }

  async query(query: Query): Promise<Page> {
    const { partition, index, limit } = query;
    if (limit !== undefined && !(limit >= 1))
      throw new RangeError(`Expected a limit from 1 on, got ${limit}`);
    const sorted = index === undefined || index.sort !== undefined;
    if (!sorted && (query.from ?? query.to) !== undefined)
      throw new RangeError(`Expected no range over index ${index.name}, which has no sort key`);
    if (index !== undefined) this.#checkIndex(index);
    if (query.cursor !== undefined) positionOf(query.cursor); // refused before anything is looked for
    await this.#before?.({ call: "query", query });
    const group = this.#groups.get(groupName(index?.name, partition));
    return group === undefined ? { items: [] } : pageOf(group.inOrder(), group, query);
  }

  async scan(request: {
    readonly segment: number;
    readonly segments: number;
    readonly cursor?: string | undefined;
  }): Promise<Page> {
    await this.#before?.({ call: "scan" });
    const items = this.#everything.inOrder();
    const mine =
      request.segments === 1
        ? items
        : items.filter(item => segmentOf(item.PK, request.segments) === request.segment);
    return pageOf(mine, this.#everything, { cursor: request.cursor });
  }

  /** All items, by key. Frozen, so it is a copy at no cost. */
  snapshot(): readonly Item[] {
    return [...this.#everything.inOrder()];
  }

  /** Replaces the contents by those of a snapshot. */
  restore(items: readonly Item[]): void {
    const gone = [...this.#table.values()].map((item): Changed => ({ delete: item }));
    this.#history?.add([...gone, ...items.map((put): Changed => ({ put }))]);
    this.#table = new Map();
    this.#groups = new Map();
    this.#everything = new OrderedItems("PK", "SK");
    for (const item of items) this.#replace(item, storableItem(item));
  }

  async #commit(call: "write" | "transact" | "putAll", writes: readonly Write[]): Promise<WriteOutcome> {
    for (const write of writes) if ("put" in write) this.#checkIndexKeys(write.put);
    const fault = await this.#before?.({ call, writes });
    if (fault !== undefined && "instead" in fault) return fault.instead;
    const failed = writes.flatMap((write, at) => (this.#holds(write) ? [] : [at]));
    if (failed.length === 0) {
      const changes = writes.filter(
        (write): write is Exclude<Write, { readonly check: Key }> => !("check" in write),
      );
      for (const each of changes) this.#replace(subjectOf(each), "put" in each ? each.put : undefined);
      this.#history?.add(changes);
    }
    if (fault !== undefined) return fault.answer;
    return failed.length === 0 ? { outcome: "committed" } : { outcome: "refused", failed };
  }

  #holds(write: Write): boolean {
    return write.if === undefined || holds(write.if, this.#table.get(nameOf(subjectOf(write))));
  }

  #replace(key: Key, item: Item | undefined): void {
    const name = nameOf(key);
    const old = this.#table.get(name);
    if (old !== undefined) for (const group of this.#groupsOf(old)) group.remove(name);
    this.#table.delete(name);
    if (item === undefined) return;
    this.#table.set(name, item);
    for (const group of this.#groupsOf(item)) group.add(name, item);
  }

  #groupsOf(item: Item): readonly OrderedItems[] {
    const groups = [this.#everything, this.#group(undefined, item.PK, "PK", "SK")];
    for (const { name, partition, sort } of this.#definition.indexes) {
      const value = item[partition];
      if (typeof value === "string" && (sort === undefined || item[sort] !== undefined))
        groups.push(this.#group(name, value, partition, sort));
    }
    return groups;
  }

  #group(
    index: string | undefined,
    value: string,
    partition: string,
    sort: string | undefined,
  ): OrderedItems {
    const name = groupName(index, value);
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = new OrderedItems(partition, sort);
    this.#groups.set(name, group);
    return group;
  }

  #checkIndex({ name, partition, sort }: IndexDefinition): void {
    const known = this.#definition.indexes.find(each => each.name === name);
    if (known?.partition !== partition || (sort !== undefined && known.sort !== sort))
      throw new RangeError(`Expected an index ${name} by ${partition} and ${sort}`);
  }

  #checkIndexKeys(item: Item): void {
    for (const { partition, sort } of this.#definition.indexes) {
      if (item[partition] !== undefined)
        checkKeyText(item[partition], PARTITION_KEY_BYTES_MAX, partition, item);
      if (sort !== undefined && item[sort] !== undefined)
        checkKeyText(item[sort], SORT_KEY_BYTES_MAX, sort, item);
    }
  }
}

const storableItem = (item: Item): Item => subjectOf(storableWrite({ put: item }));

/** A key as one text that no other key has; cheaper than `keyText`. */
const nameOf = ({ PK, SK }: Key): string => `${PK.length} ${PK}${SK}`;

// No index has a line break in its name.
const groupName = (index: string | undefined, partition: string): string => `${index ?? ""}\n${partition}`;

const holds = (condition: Condition, item: Item | undefined): boolean => {
  if ("absent" in condition) return item === undefined;
  return (
    item !== undefined &&
    Object.entries(condition.equals).every(
      ([name, value]) => Object.hasOwn(item, name) && item[name] === value,
    )
  );
};

/** Spreads partitions over segments the same way in every run. */
const segmentOf = (partition: string, segments: number): number => fnv1a(partition) % segments;
