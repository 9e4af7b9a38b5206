import { GET_KEYS_MAX, type Item, type Key, type Store, type Write } from "../table/store.ts";

/**
 * What one invocation has read of the table, consistently, and what it has written since.
 *
 * A decision may rest on what is remembered here, however old: its commit is conditional on the heads and the
 * request's state it rests on, so that something remembered too long costs another try and never a wrong decision.
 */
export type Reads = {
  /** The items of these keys, in order; asks the table only for those not known yet. */
  items(keys: readonly Key[]): Promise<readonly (Item | undefined)[]>;
  /** Takes over what a committed transaction wrote. */
  absorb(writes: readonly Write[]): void;
  forget(keys: readonly Key[]): void;
};

const nameOf = ({ PK, SK }: Key): string => `${PK}\u0000${SK}`;

const chunksOf = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));

export const createReads = (store: Store): Reads => {
  const known = new Map<string, Item | undefined>();

  const fetch = async (
    keys: ReadonlyMap<string, Key>,
  ): Promise<readonly (readonly [name: string, item: Item | undefined])[]> => {
    const fetched: [string, Item | undefined][] = [];
    for (const chunk of chunksOf([...keys], GET_KEYS_MAX)) {
      const items = await store.get(chunk.map(([, key]) => key));
      for (const [i, [name]] of chunk.entries()) fetched.push([name, items[i]]);
    }
    return fetched;
  };

  return {
    items: async keys => {
      // Taken before the wait: another group of the batch may forget a key meanwhile.
      const found = new Map<string, Item | undefined>();
      const missing = new Map<string, Key>();
      const names = keys.map(nameOf);
      for (const [i, key] of keys.entries()) {
        const name = names[i] ?? "";
        if (known.has(name)) found.set(name, known.get(name));
        else missing.set(name, key);
      }
      for (const [name, item] of await fetch(missing)) {
        found.set(name, item);
        known.set(name, item);
      }
      return names.map(name => found.get(name));
    },
    absorb: writes => {
      for (const write of writes) {
        if ("put" in write) known.set(nameOf(write.put), write.put);
        else if ("delete" in write) known.set(nameOf(write.delete), undefined);
      }
    },
    forget: keys => {
      for (const key of keys) known.delete(nameOf(key));
    },
  };
};
