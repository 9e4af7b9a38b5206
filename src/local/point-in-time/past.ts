import type { Torn } from "../../ports/point-in-time.ts";
import type { Item } from "../../table/store.ts";
import { changedOf, type Entry, type Life } from "./entry.ts";
import { itemsAsOf, type Moment } from "./history.ts";
import type { EntryFile } from "./journal.ts";

/** What the journal knows of one life of a table. */
export type LifeKnown = Life & {
  /** Absent until the table counts. */
  bornAtMs?: number;
  madeBy?: string | undefined;
  /** By shard: the last sequence kept. */
  readonly after: Map<string, string>;
};

/**
 * What tables went through, over a file of entries. In memory are a number for each entry and what is known of each
 * table; the items only where the file itself is in memory.
 */
export class Past {
  readonly #file: EntryFile;
  readonly #timesMs: number[] = [];
  readonly #lives = new Map<string, LifeKnown>();
  readonly #newest = new Map<string, LifeKnown>();
  readonly #building = new Set<string>();

  /** Throws: `JournalCorrupt`. */
  constructor(file: EntryFile) {
    this.#file = file;
    for (const entry of file.entries()) this.#take(entry);
  }

  add(entry: Entry): void {
    this.#file.append(entry);
    this.#take(entry);
  }

  /** The time of the last entry, epoch milliseconds. */
  get lastAtMs(): number {
    return this.#timesMs.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  life(stream: string): LifeKnown | undefined {
    return this.#lives.get(stream);
  }

  /** The last life of a table, if it ever counted. */
  bornLife(table: string): (LifeKnown & { readonly bornAtMs: number }) | undefined {
    const life = this.#newest.get(table);
    return life?.bornAtMs === undefined ? undefined : { ...life, bornAtMs: life.bornAtMs };
  }

  /** Tables that a restore began to make and did not end. */
  building(): ReadonlySet<string> {
    return this.#building;
  }

  /** The items of a life as they were at an instant, epoch milliseconds; without one, as last seen. */
  items({ stream, bornAtMs = 0 }: LifeKnown, atMs = Number.POSITIVE_INFINITY, torn?: Torn): readonly Item[] {
    return itemsAsOf(momentsOf(this.#file.entries(), stream), this.#timesMs, { atMs, bornAtMs, torn });
  }

  sync(): void {
    this.#file.sync();
  }

  close(): void {
    this.#file.sync();
    this.#file.close();
  }

  #take(entry: Entry): void {
    this.#timesMs.push(entry.atMs);
    switch (entry.kind) {
      case "building":
        this.#building.add(entry.table);
        return;
      case "dropped":
        this.#building.delete(entry.table);
        return;
      case "born": {
        const life = this.#lifeOf(entry);
        life.bornAtMs = entry.atMs;
        life.madeBy = entry.madeBy;
        this.#newest.set(entry.table, life);
        this.#building.delete(entry.table);
        return;
      }
      case "written": {
        const last = entry.records.at(-1)?.[0];
        if (entry.shard !== "" && last !== undefined) this.#lifeOf(entry).after.set(entry.shard, last);
        return;
      }
      case "mark":
    }
  }

  #lifeOf({ table, stream }: Life): LifeKnown {
    const life = this.#lives.get(stream) ?? { table, stream, after: new Map() };
    this.#lives.set(stream, life);
    return life;
  }
}

function* momentsOf(entries: Iterable<Entry>, stream: string): Generator<Moment> {
  for (const entry of entries) {
    const isMine = entry.kind === "written" && entry.stream === stream;
    yield { atMs: entry.atMs, changes: isMine ? entry.records.map(changedOf) : [] };
  }
}
