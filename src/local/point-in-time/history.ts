import type { Clock } from "../../ports/clock.ts";
import type { Torn } from "../../ports/point-in-time.ts";
import { keyText } from "../../table/storable.ts";
import type { Item, Key } from "../../table/store.ts";
import { cutter } from "./cut.ts";
import { tornInstant } from "./torn.ts";

/** What became of an item. */
export type Changed = { readonly put: Item } | { readonly delete: Key };

/** Changes of one moment, `atMs` by the clock of the story; those of one item are in order. */
export type Moment = { readonly atMs: number; readonly changes: Iterable<Changed> };

/** What of the past is asked for. Torn instants do not go behind the table's birth. */
export type Asked = {
  readonly atMs: number;
  readonly bornAtMs: number;
  readonly torn?: Torn | undefined;
};

/**
 * The items of a table as of an instant, unordered: for each the last image among the moments up to its cut.
 *
 * `timesMs`: the times of all moments, in order. One pass over them; in memory at once are the table's items, with the
 * keys of those deleted meanwhile, not its history.
 */
export const itemsAsOf = (
  moments: Iterable<Moment>,
  timesMs: readonly number[],
  { atMs, bornAtMs, torn }: Asked,
): readonly Item[] => {
  const cutOf = cutter(timesMs);
  const whole = cutOf(atMs);
  const cuts = new Map<string, number>();
  const cutFor = (name: string): number => {
    if (torn === undefined) return whole;
    const cut = cuts.get(name) ?? cutOf(Math.max(bornAtMs, tornInstant(name, atMs, torn)));
    cuts.set(name, cut);
    return cut;
  };
  const items = new Map<string, Item>();
  let position = 0;
  for (const { changes } of moments) {
    // No item's cut lies behind that of the instant itself.
    if (position >= whole) break;
    for (const change of changes) {
      const name = keyText("put" in change ? change.put : change.delete);
      if (position >= cutFor(name)) continue;
      if ("put" in change) items.set(name, change.put);
      else items.delete(name);
    }
    position += 1;
  }
  return [...items.values()];
};

/** Everything that was ever written to a table, with its time by a clock; in memory, and for good. */
export class History {
  readonly bornAtMs: number;
  readonly #clock: Clock;
  readonly #moments: Moment[] = [];
  readonly #timesMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.bornAtMs = clock.now();
  }

  add(changes: readonly Changed[]): void {
    const atMs = this.#clock.now();
    this.#moments.push({ atMs, changes });
    this.#timesMs.push(atMs);
  }

  asOf(atMs: number, torn?: Torn): readonly Item[] {
    return itemsAsOf(this.#moments, this.#timesMs, { atMs, bornAtMs: this.bornAtMs, torn });
  }
}
