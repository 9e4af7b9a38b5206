import type { Log } from "../../ports/log.ts";
import { keyText } from "../../table/storable.ts";
import { GET_KEYS_MAX, type Item, type Key, type Store } from "../../table/store.ts";
import type { StreamedTable, StreamReader, TableStreams } from "../../table/table-streams.ts";
import type { AlarmClock } from "../system-clock.ts";
import { differences, isSame } from "./compare.ts";
import { type KeptRecord, keptRecord, type Seen } from "./entry.ts";
import type { Past } from "./past.ts";

/** A whole second of the story's clock is always one of these, so that a look falls on it. */
const BEAT_MS = 250;
/** How many beats there are between two looks for new tables. */
const BEATS_PER_SEARCH = 4;

export type Followed = {
  readonly streams: TableStreams;
  readonly past: Past;
  /** The story's clock. */
  readonly clock: { now(): number };
  /** The machine's. */
  readonly realClock: AlarmClock;
  readonly storeOf: (table: string) => Store;
  readonly log: Log;
};

/**
 * Follows the streams of all tables, whoever makes or writes them, and keeps what it finds.
 *
 * A stream does not tell when something was written (DynamoDB Local: to the minute), so each look stamps what it finds:
 * with the time of the story's clock when the look began. Looks fall on quarters of a second. A write that was
 * acknowledged before a look began is found by that look.
 */
export class Follower {
  readonly #parts: Followed;
  readonly #readers = new Map<string, StreamedTable & { readonly reader: StreamReader }>();
  #looking: Promise<void> | undefined;
  #nextLook: Promise<void> | undefined;
  #stampMs: number | undefined;
  #isSearchDue = true;
  #found = 0;
  #endBeat: () => void = () => {};
  #beating: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: Followed) {
    this.#parts = parts;
  }

  /** Changes of tables met again that happened while nobody looked, and items that the journal had otherwise. */
  get found(): number {
    return this.#found;
  }

  /**
   * Resolves once all that was acknowledged before the call is kept, tables made before it included.
   * Throws: the error of the table's server.
   */
  caughtUp(): Promise<void> {
    this.#isSearchDue = true;
    return this.#look();
  }

  /** To be told when the story's clock was moved, with its time before: what was written by then gets that time. */
  clockMoved(beforeMs: number): void {
    this.#stampMs = beforeMs;
    this.#look().catch(error => this.#warn(error));
  }

  /** Looks on every beat until it is stopped. */
  start(): void {
    this.#beating = this.#beat();
  }

  /** Looks once more and resolves when no look goes on. */
  async stop(): Promise<void> {
    const last = this.caughtUp().catch(error => this.#warn(error));
    this.#isStopped = true;
    this.#endBeat();
    await this.#beating;
    await last;
  }

  async #beat(): Promise<void> {
    const { clock, realClock } = this.#parts;
    for (let beats = 1; !this.#isStopped; beats += 1) {
      await new Promise<void>(resolve => {
        const cancel = realClock.alarm(BEAT_MS - (clock.now() % BEAT_MS), resolve);
        this.#endBeat = () => {
          cancel();
          resolve();
        };
      });
      if (this.#isStopped) return;
      if (beats % BEATS_PER_SEARCH === 0) this.#isSearchDue = true;
      // A timer is a little late: what it finds belongs to the beat.
      const nowMs = clock.now();
      this.#stampMs ??= nowMs - (nowMs % BEAT_MS);
      await this.#look().catch(error => this.#warn(error));
      this.#parts.past.sync();
    }
  }

  #warn(error: unknown): void {
    this.#parts.log.warn("The table's stream could not be read", { error: String(error) });
  }

  /** A look that begins after the call. */
  #look(): Promise<void> {
    if (this.#looking === undefined) {
      this.#looking = this.#lookNow().finally(() => {
        this.#looking = undefined;
      });
      return this.#looking;
    }
    this.#nextLook ??= this.#looking
      .catch(() => {})
      .then(() => {
        this.#nextLook = undefined;
        return this.#look();
      });
    return this.#nextLook;
  }

  async #lookNow(): Promise<void> {
    const { past, clock, realClock, streams } = this.#parts;
    const seen: Seen = { atMs: this.#stampMs ?? clock.now(), realMs: realClock.now() };
    this.#stampMs = undefined;
    if (this.#isSearchDue) {
      this.#isSearchDue = false;
      await this.#search(await streams.list(), seen);
    }
    for (const each of this.#readers.values()) await this.#read(each, seen);
    const lowestMs = Math.min(seen.atMs, clock.now());
    if (lowestMs < past.lastAtMs) past.add({ kind: "mark", atMs: lowestMs, realMs: realClock.now() });
  }

  async #search(listed: readonly StreamedTable[], seen: Seen): Promise<void> {
    const live = new Set(listed.map(({ stream }) => stream));
    for (const [stream, gone] of this.#readers) {
      if (live.has(stream)) continue;
      await this.#read(gone, seen);
      this.#readers.delete(stream);
    }
    for (const each of listed) if (!this.#readers.has(each.stream)) await this.#meet(each, seen);
  }

  /** Returns: how many records there were. */
  async #read(met: StreamedTable & { readonly reader: StreamReader }, seen: Seen): Promise<number> {
    const { table, stream, reader } = met;
    let isGap = false;
    let count = 0;
    for await (const portion of reader.read()) {
      const records = portion.records.map(({ sequence, changed }) => keptRecord(sequence, changed));
      const { shard } = portion;
      if (records.length > 0)
        this.#parts.past.add({ kind: "written", table, stream, shard, records, ...seen });
      isGap ||= portion.isGap;
      count += records.length;
    }
    if (isGap) await this.#compare(met, seen);
    return count;
  }

  async #meet({ table, stream }: StreamedTable, seen: Seen): Promise<void> {
    const { past, streams } = this.#parts;
    const known = past.life(stream);
    const met = { table, stream, reader: streams.open(stream, known?.after ?? new Map()) };
    const isBuilding = past.building().has(table);
    const missed = await this.#read(met, seen);
    // Of a table that is new nothing was missed: it counts from now on.
    if (known?.bornAtMs !== undefined) this.#tellFound(table, missed);
    if (!isBuilding) await this.#compare(met, seen);
    if (!isBuilding && known?.bornAtMs === undefined) past.add({ kind: "born", table, stream, ...seen });
    this.#readers.set(stream, met);
  }

  /** Keeps, as of now, what the table has otherwise than the journal. */
  async #compare(met: StreamedTable & { readonly reader: StreamReader }, seen: Seen): Promise<void> {
    const { past, storeOf } = this.#parts;
    const { table, stream } = met;
    const store = storeOf(table);
    const asKept = () => past.items(past.life(stream) ?? { table, stream, after: new Map() });
    const suspects = await differences(asKept(), store);
    if (suspects.length === 0) return;
    // Somebody may have written meanwhile: what the stream tells of by now is no difference.
    for await (const { shard, records } of met.reader.read())
      past.add({
        kind: "written",
        table,
        stream,
        shard,
        records: records.map(({ sequence, changed }) => keptRecord(sequence, changed)),
        ...seen,
      });
    const records = await stillDifferent(asKept(), store, suspects);
    if (records.length === 0) return;
    past.add({ kind: "written", table, stream, shard: "", records, ...seen });
    this.#tellFound(table, records.length);
  }

  #tellFound(table: string, changes: number): void {
    if (changes === 0) return;
    this.#found += changes;
    this.#parts.log.warn("Written while nobody kept a journal: counts as of now", { table, changes });
  }
}

const stillDifferent = async (
  kept: readonly Item[],
  store: Store,
  suspects: readonly Key[],
): Promise<readonly KeptRecord[]> => {
  const names = new Set(suspects.map(keyText));
  const images = new Map(kept.filter(item => names.has(keyText(item))).map(item => [keyText(item), item]));
  const records: KeptRecord[] = [];
  for (let at = 0; at < suspects.length; at += GET_KEYS_MAX) {
    const keys = suspects.slice(at, at + GET_KEYS_MAX);
    const items = await store.get(keys);
    keys.forEach((key, i) => {
      const item = items[i];
      if (!isSame(item, images.get(keyText(key))))
        records.push(keptRecord("", item === undefined ? { delete: key } : { put: item }));
    });
  }
  return records;
};
