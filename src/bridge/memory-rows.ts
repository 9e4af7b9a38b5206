import type { Item, Key } from "../table/store.ts";
import type { Rows } from "./records.ts";

/** Of a few hundred bytes each. */
const ROWS_MAX = 50_000;

/** Rows of this process alone, for a bridge without a table: what it did is forgotten with it, the oldest first. */
export const memoryRows = (): Rows => {
  const rows = new Map<string, Item>();
  const nameOf = ({ PK, SK }: Key): string => `${PK}\n${SK}`;
  return {
    get: keys => Promise.resolve(keys.map(key => rows.get(nameOf(key)))),
    write: write => {
      if (!("put" in write)) throw new Error("Expected a put: records are never deleted");
      const name = nameOf(write.put);
      const there = rows.get(name);
      if (!holds(there, write.if)) return Promise.resolve({ outcome: "refused", failed: [0] });
      rows.delete(name);
      rows.set(name, write.put);
      const [oldest] = rows.keys();
      if (rows.size > ROWS_MAX && oldest !== undefined) rows.delete(oldest);
      return Promise.resolve({ outcome: "committed" });
    },
  };
};

const holds = (there: Item | undefined, condition: Parameters<Rows["write"]>[0]["if"]): boolean => {
  if (condition === undefined) return true;
  if ("absent" in condition) return there === undefined;
  return Object.entries(condition.equals).every(([name, value]) => there?.[name] === value);
};
