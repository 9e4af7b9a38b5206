import type { Item } from "../../src/table/store.ts";
import { calmDown, passDeadlines, repeatAll } from "./calm.ts";
import { type Counts, count } from "./counts.ts";
import { checkEnd, readTruth, type Truth } from "./final.ts";
import { tellHistory } from "./history.ts";
import type { Request } from "./intent.ts";
import { sha256 } from "./oracle/chains.ts";
import type { Tape } from "./tape.ts";
import { createTrace } from "./trace.ts";
import type { Violation } from "./watch.ts";
import type { World } from "./world.ts";

/** What came of one history. */
export type HistoryEnd = {
  readonly violation: Violation | undefined;
  /** Of every call in its order and of all that is left at the end. */
  readonly fingerprint: string;
  readonly steps: number;
  readonly last: readonly string[];
  readonly bytes: Uint8Array;
  readonly truth: Truth | undefined;
  readonly requests: readonly Request[];
};

/** Runs one history to its end, and checks all that was promised. The first broken promise ends it. */
export const runHistory = async (
  tape: Tape,
  counts: Counts,
  matrix: Counts,
  options: { readonly isLoud?: boolean } = {},
): Promise<HistoryEnd> => {
  const trace = createTrace(options.isLoud);
  const told = await tellHistory(tape, trace, counts, matrix);
  const { world } = told;
  const { violations } = world.watch;
  let truth: Truth | undefined;
  const check = (isLate: boolean): void => {
    if (violations.length > 0) return;
    truth = readTruth(world);
    checkEnd(world, truth, told.requests, { isLate });
  };
  const unlessBroken = async (work: () => Promise<void>): Promise<void> => {
    if (violations.length === 0) await work();
  };
  await unlessBroken(() => calmDown(told));
  check(false);
  await unlessBroken(async () => {
    if (await passDeadlines(told)) check(true);
  });
  if (tape.below(4) === 0 && !isWaitedIn(world))
    await unlessBroken(() => again(world, () => repeatAll(told)));
  trace.add(endOf(world));
  count(counts, "histories");
  count(counts, "steps", trace.length);
  return {
    violation: violations[0],
    fingerprint: trace.fingerprint(),
    steps: trace.length,
    last: trace.last(),
    bytes: tape.bytes(),
    truth,
    requests: told.requests,
  };
};

/** Whether anything is parked: what comes again may join those that wait, or take the place of one of them. */
const isWaitedIn = ({ tables }: World): boolean =>
  [...tables.values()]
    .at(-1)
    ?.snapshot()
    .some(({ SK }) => SK.startsWith("PARKED#")) ?? false;

/** Does everything once more: nothing may change but what counts deliveries. */
const again = async (world: World, repeat: () => Promise<void>): Promise<void> => {
  const before = contentsOf(world);
  await repeat();
  const after = contentsOf(world);
  for (const [name, text] of after)
    if (before.get(name) !== text)
      world.watch.fail("I16", `${name} was ${before.get(name)} and is ${text} after everything was repeated`);
  for (const name of before.keys())
    if (!after.has(name)) world.watch.fail("I16", `${name} is gone after everything was repeated`);
};

/** What a late notification adds to: rows of what was observed, and the trail. */
const TOLD_AGAIN = new Set(["observation", "event"]);

/** Of a request's state: what was decided and where it lies, not what is known of the versions. */
const lasting = (item: Item): Item => {
  if (item.__edb_e__ !== "state") return item;
  const { buckets: _buckets, revision: _revision, ...rest } = item;
  return rest as Item;
};

/** Every row of the live table but tracking's own, and every decision. */
const contentsOf = (world: World): ReadonlyMap<string, string> => {
  const contents = new Map<string, string>();
  const live = [...world.tables.keys()].at(-1) ?? "";
  for (const [table, store] of world.tables)
    for (const item of table === live ? store.snapshot() : [])
      if (!TOLD_AGAIN.has(String(item.__edb_e__)))
        contents.set(`${item.PK} ${item.SK}`, JSON.stringify(lasting(item)));
  for (const [key, versions] of world.s3.state.buckets.get(world.topology.buckets.decisions)?.versions ?? [])
    if (key.startsWith("dec/")) contents.set(key, versions.map(({ eTag }) => eTag).join());
  return contents;
};

const endOf = (world: World): string =>
  sha256([...contentsOf(world)].map(([name, text]) => `${name} ${text}`).join("\n"));
