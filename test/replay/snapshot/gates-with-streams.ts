import { projectBatch } from "../../../src/ledger/project.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import type { Store } from "../../../src/table/store.ts";
import { DECISIONS, GATE_TABLE, openGates } from "../../support/gates.ts";

/** A port that does some things in another way. */
export const withOverrides = <Port extends object>(port: Port, overrides: Partial<Port>): Port =>
  new Proxy(port, {
    get: (target, name) => {
      const own: unknown = Reflect.get(overrides, name) ?? Reflect.get(target, name);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });

/** A table with the same items, to be damaged. */
export const copyOf = async (store: Store): Promise<MemoryStore> => {
  const copy = new MemoryStore(GATE_TABLE);
  let cursor: string | undefined;
  do {
    const page = await store.scan({ segment: 0, segments: 1, cursor });
    for (const put of page.items) await copy.write({ put });
    cursor = page.cursor;
  } while (cursor !== undefined);
  return copy;
};

/** Messages of a batch, as Lambda hands them over at most. */
const BATCH = 100;
const NO_LIMIT = () => 60_000;

/** Turnstiles with traffic: every request that is asked for is decided before the promise resolves. */
export const gatesWithTraffic = (options: Parameters<typeof openGates>[1] = {}, store?: Store) => {
  const memory = new MemoryStore(GATE_TABLE);
  const gates = openGates(store ?? memory, options);
  const decide = async (requests: readonly (readonly [name: string, body: object])[]): Promise<void> => {
    for (let at = 0; at < requests.length; at += BATCH) {
      const messages = [];
      for (const [name, body] of requests.slice(at, at + BATCH))
        messages.push({ id: name, body: await gates.put(name, body) });
      const failed = await projectBatch(gates.ledger, messages, NO_LIMIT);
      if (failed.size > 0) throw new Error(`Expected all decided, ${[...failed].join()} are not`);
    }
  };
  return { ...gates, memory, decide, place: { objects: gates.objects, bucket: DECISIONS } };
};

/** One coin into each of `count` gates, then one in ten is pushed; one gate is known from a refusal only. */
export const streamsOf = (count: number): readonly (readonly [string, object])[] => [
  ...Array.from({ length: count }, (_, i) => [`coin_c${i}`, { gate: `g${i}`, coins: 2 }] as const),
  ...Array.from({ length: count / 10 }, (_, i) => [`push_p${i}`, { gate: `g${i * 10}` }] as const),
  ["push_locked", { gate: `g${count}` }],
  ["loan_nameless", {}],
];
