import {
  type Item,
  PUTS_PER_REQUEST_MAX,
  type Query,
  type Store,
  type Write,
  type WriteOutcome,
} from "../../src/table/store.ts";
import { type Counts, count } from "./counts.ts";
import type { Failure, Scheduler, Task } from "./scheduler.ts";
import type { Swarm } from "./swarm.ts";
import type { Tape } from "./tape.ts";

type Parts = {
  readonly scheduler: Scheduler;
  readonly tape: Tape;
  readonly swarm: Swarm;
  readonly counts: Counts;
  readonly store: Store;
  /** Told after writes that happened, even if nobody gets the answer. */
  readonly onCommitted: (writes: readonly Write[]) => void;
};

/** Items of a page where pages are small. */
const PAGE_ITEMS_MAX = 6;
/** Limits up to which a caller goes on with the next page; a higher one says that there must be no next page. */
const PAGED_LIMIT_MAX = 100;

const failed = (failure: Failure): WriteOutcome =>
  failure === "lost" ? { outcome: "unknown", reason: "timeout" } : { outcome: "conflict", reason: failure };

const kindOf = (item: Item): string => String(item.__edb_e__);

const transactStep = (writes: readonly Write[]): string => {
  const puts = writes.flatMap(write => ("put" in write ? [kindOf(write.put)] : []));
  const has = (kind: string): boolean => puts.includes(kind);
  if (has("observation")) return "track";
  if (has("catalogue")) return "write catalogue";
  if (has("parked")) return "park";
  if (has("head") && (has("state") || has("reused"))) return "commit";
  if (has("head") && writes.some(write => "delete" in write)) return "take away";
  if (has("head") && has("balance")) return "open gate";
  if (has("head")) return "count parked";
  return "passing rows";
};

const STEP_OF_PUTS: Readonly<Record<string, string>> = {
  state: "write guards",
  request: "write guards",
  reused: "write guards",
  head: "put heads",
};

const writeStep = (write: Write): string => {
  if ("put" in write)
    return { observation: "track", state: "refresh state", event: "audit" }[kindOf(write.put)] ?? "put row";
  return "delete row";
};

const aboutOf = (write: Write): string => {
  const { PK, SK } = "put" in write ? write.put : "delete" in write ? write.delete : write.check;
  return `${PK} ${SK}`;
};

/** One table as one task sees it: every call waits for its turn, and may fail or lose its answer. */
export const storePort = (parts: Parts, caller: () => Task): Store => {
  const { scheduler, tape, swarm, counts, store, onCommitted } = parts;
  const write = (
    step: string,
    writes: readonly Write[],
    effect: () => Promise<WriteOutcome>,
    isTransaction = false,
  ) =>
    scheduler.call<WriteOutcome>(caller(), {
      step,
      about: writes[0] ? aboutOf(writes[0]) : "",
      isWrite: true,
      isTransaction,
      failed,
      effect: async () => {
        const answer = await effect();
        if (answer.outcome === "committed") onCommitted(writes);
        return answer;
      },
    });
  const paged = (query: Query): Query => {
    if (!swarm.smallPages || !scheduler.isCruel || (query.limit ?? 0) > PAGED_LIMIT_MAX) return query;
    count(counts, "F14");
    return { ...query, limit: Math.min(query.limit ?? PAGED_LIMIT_MAX, 1 + tape.below(PAGE_ITEMS_MAX)) };
  };
  return {
    get: keys =>
      keys.length === 0
        ? Promise.resolve([])
        : scheduler.call(caller(), {
            step: "read rows",
            about: `${keys[0]?.PK} ${keys[0]?.SK} ${keys.length}`,
            isWrite: false,
            effect: () => store.get(keys),
          }),
    write: one => write(writeStep(one), [one], () => store.write(one)),
    transact: writes => write(transactStep(writes), writes, () => store.transact(writes), true),
    putAll: async items => {
      for (let at = 0; at < items.length; at += PUTS_PER_REQUEST_MAX) {
        const some = items.slice(at, at + PUTS_PER_REQUEST_MAX);
        const step = STEP_OF_PUTS[kindOf(some[0] as Item)] ?? "put rows";
        const answer = await write(
          step,
          some.map(put => ({ put })),
          () => store.putAll(some),
        );
        if (answer.outcome !== "committed") return answer;
      }
      return { outcome: "committed" };
    },
    query: query =>
      scheduler.call(caller(), {
        step: query.index === undefined ? "query rows" : "query index",
        about: query.partition,
        isWrite: false,
        effect: () => store.query(paged(query)),
      }),
    scan: request =>
      scheduler.call(caller(), {
        step: "scan table",
        about: "",
        isWrite: false,
        effect: () => store.scan(request),
      }),
  };
};
