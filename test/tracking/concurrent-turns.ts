import { setImmediate as everyoneWaits } from "node:timers/promises";
import type { Store, WriteOutcome } from "../../src/table/store.ts";
import { ConnectionLost } from "./concurrent-writers.ts";

/** Picks one of so many ways to go on, at least one: what decides everything that could go one way or the other. */
export type Choose = (ways: number) => number;

/**
 * What may become of a call. `lost`: it does not happen, and the caller dies of it. `lost after`: it happens first.
 * The others answer a write, and reads know nothing of them.
 */
export type Fault = "none" | "conflict" | "unknown" | "unknown after" | "lost" | "lost after";

export const FAULTS: readonly Fault[] = [
  "none",
  "conflict",
  "unknown",
  "unknown after",
  "lost",
  "lost after",
];
const READ_FAULTS: readonly Fault[] = ["none", "lost"];

/** Turns of one run: whoever takes more goes in circles. */
const TURNS_MAX = 10_000;
/** Some hundred seconds' worth: what has more ways is to be drawn instead. */
const WAYS_MAX = 100_000;

/**
 * Runs writers one call to the table at a time: all wait until everyone does, then one of them is chosen.
 *
 * A run depends on the choices alone, so that it can be repeated and shrunk. Calls of writers that died meanwhile
 * still happen, as those of a function do that was frozen and thawed.
 * `faults`: what may become of a write, drawn evenly; at most `faultsMax` times anything but `none`.
 */
export const inTurns = async (
  table: Store,
  { choose, faults, faultsMax }: { choose: Choose; faults: readonly Fault[]; faultsMax: number },
  writers: readonly ((store: Store) => Promise<void>)[],
): Promise<{ readonly faults: number }> => {
  const waiting: (() => void)[] = [];
  let faulty = 0;
  const turn = async (possible: readonly Fault[]): Promise<Fault> => {
    await new Promise<void>(resolve => waiting.push(resolve));
    const fault = faulty < faultsMax ? (possible[choose(possible.length)] ?? "none") : "none";
    if (fault !== "none") faulty += 1;
    return fault;
  };
  const store = takingTurns(table, turn, faults);
  let isOver = false;
  const work = Promise.all(writers.map(writer => writer(store))).finally(() => {
    isOver = true;
  });
  // What it throws is thrown below, once nobody waits any more.
  work.catch(() => {});
  for (let turns = 0; turns < TURNS_MAX; turns += 1) {
    await everyoneWaits();
    if (waiting.length === 0) break;
    const [go] = waiting.splice(choose(waiting.length), 1);
    go?.();
  }
  if (!isOver && waiting.length === 0) throw new Error("Someone waits for something else than the table");
  if (waiting.length > 0) throw new Error(`Expected at most ${TURNS_MAX} turns`);
  await work;
  return { faults: faulty };
};

const takingTurns = (
  table: Store,
  turn: (possible: readonly Fault[]) => Promise<Fault>,
  writeFaults: readonly Fault[],
): Store => {
  const readFaults = writeFaults.filter(fault => READ_FAULTS.includes(fault));
  const read = async <T>(perform: () => Promise<T>): Promise<T> => {
    if ((await turn(readFaults)) === "lost") throw new ConnectionLost("while reading");
    return perform();
  };
  const write = async (perform: () => Promise<WriteOutcome>): Promise<WriteOutcome> => {
    const fault = await turn(writeFaults);
    if (fault === "conflict" || fault === "unknown") return { outcome: fault, reason: "as drawn" };
    if (fault === "lost") throw new ConnectionLost("before writing");
    const written = await perform();
    if (fault === "lost after") throw new ConnectionLost("after writing");
    return fault === "unknown after" ? { outcome: "unknown", reason: "as drawn" } : written;
  };
  return {
    get: keys => read(() => table.get(keys)),
    query: query => read(() => table.query(query)),
    scan: request => read(() => table.scan(request)),
    write: given => write(() => table.write(given)),
    transact: given => write(() => table.transact(given)),
    putAll: items => write(() => table.putAll(items)),
  };
};

/** Choices as drawn; the first way once they are used up, so that every run ends. */
export const asDrawn = (drawn: readonly number[]): Choose => {
  let at = 0;
  return ways => {
    if (ways === 1) return 0;
    at += 1;
    return (drawn[at - 1] ?? 0) % ways;
  };
};

/**
 * Runs something in every way there is, depth first. Returns: how many there were.
 * Throws what a run throws, with the choices that led to it.
 */
export const everyWay = async (run: (choose: Choose) => Promise<void>): Promise<number> => {
  const path: { taken: number; readonly ways: number }[] = [];
  for (let runs = 1; runs <= WAYS_MAX; runs += 1) {
    let depth = 0;
    const choose: Choose = ways => {
      if (ways === 1) return 0;
      const step = path[depth] ?? { taken: 0, ways };
      if (step.ways !== ways) throw new Error(`Expected ${step.ways} ways as before, there are ${ways}`);
      path[depth] = step;
      depth += 1;
      return step.taken;
    };
    try {
      await run(choose);
    } catch (cause) {
      throw new Error(`After the choices ${path.map(({ taken }) => taken).join(" ")}: ${cause}`, { cause });
    }
    while (path.length > 0 && isUsedUp(path.at(-1))) path.pop();
    const last = path.at(-1);
    if (last === undefined) return runs;
    last.taken += 1;
  }
  throw new Error(`Expected at most ${WAYS_MAX} ways`);
};

const isUsedUp = (step: { readonly taken: number; readonly ways: number } | undefined): boolean =>
  step !== undefined && step.taken + 1 === step.ways;
