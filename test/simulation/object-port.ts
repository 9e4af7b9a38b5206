import type { ListRequest, ObjectAddress, ObjectStore, PutRequest } from "../../src/ports/object-store.ts";
import { type Counts, count } from "./counts.ts";
import type { Scheduler, Task } from "./scheduler.ts";
import type { Swarm } from "./swarm.ts";
import type { Tape } from "./tape.ts";

type Parts = {
  readonly scheduler: Scheduler;
  readonly tape: Tape;
  readonly swarm: Swarm;
  readonly counts: Counts;
  readonly objects: ObjectStore;
  readonly decisions: string;
  readonly requests: string;
  /** Told after each put that stored something. */
  readonly onStored: (request: PutRequest) => void;
};

/** Objects of the decisions bucket by the folder they lie in: what a put there is for. */
const PUTS: readonly (readonly [prefix: string, step: string])[] = [
  ["dec/", "publish decision"],
  ["epoch/", "write marker"],
  ["live/", "move pointer"],
  ["repaired/", "mark repaired"],
  ["control/", "halt or resume"],
  ["manifest/", "seal manifest"],
  ["snap/", "store snapshot"],
  ["run/", "record run"],
];
const READS: readonly (readonly [prefix: string, step: string])[] = [
  ["dec/", "read decision"],
  ["epoch/", "read marker"],
  ["live/", "read pointer"],
  ["repaired/", "read repaired"],
  ["control/", "read control"],
  ["manifest/", "read manifest"],
  ["snap/", "read snapshot"],
  ["run/", "read run"],
];

const stepIn = (steps: typeof PUTS, key: string): string =>
  steps.find(([prefix]) => key.startsWith(prefix))?.[1] ?? "other object";

/** Keys of a page where listings come in small pages. */
const PAGE_KEYS_MAX = 6;

/** The object store as one task sees it: every call waits for its turn, and may fail or lose its answer. */
export const objectPort = (parts: Parts, caller: () => Task): ObjectStore => {
  const { scheduler, tape, swarm, counts, objects, decisions, requests, onStored } = parts;
  const readStep = ({ bucket, key }: ObjectAddress): string =>
    bucket === decisions ? stepIn(READS, key) : bucket === requests ? "read request" : "read copy";
  const read = <T>(step: string, about: string, effect: () => Promise<T>): Promise<T> =>
    scheduler.call(caller(), { step, about, isWrite: false, effect });
  const write = <T>(step: string, about: string, effect: () => Promise<T>): Promise<T> =>
    scheduler.call(caller(), { step, about, isWrite: true, effect, retried: effect });
  const paged = (request: ListRequest): ListRequest => {
    if (!swarm.smallPages || !scheduler.isCruel) return request;
    count(counts, "F14");
    return { ...request, limit: Math.min(request.limit ?? 1_000, 1 + tape.below(PAGE_KEYS_MAX)) };
  };
  const listStep = (bucket: string, prefix = ""): string =>
    bucket !== decisions
      ? "list requests"
      : prefix.startsWith("dec/")
        ? "collect decisions"
        : stepIn(READS, prefix);
  return {
    put: request => {
      const { bucket, key } = request;
      const step =
        bucket === decisions ? stepIn(PUTS, key) : bucket === requests ? "put request" : "rebuild copy";
      return write(step, key, async () => {
        const answer = await objects.put(request);
        if (answer.outcome === "stored") onStored(request);
        return answer;
      });
    },
    get: (address, range) => read(readStep(address), address.key, () => objects.get(address, range)),
    stream: address => read(readStep(address), address.key, () => objects.stream(address)),
    head: address => read(readStep(address), address.key, () => objects.head(address)),
    copy: request => write("copy request", request.to.key, () => objects.copy(request)),
    delete: address => write("delete request", address.key, () => objects.delete(address)),
    list: request =>
      read(listStep(request.bucket, request.prefix), request.prefix ?? "", () =>
        objects.list(paged(request)),
      ),
    listVersions: request =>
      read(listStep(request.bucket), request.prefix ?? "", () => objects.listVersions(paged(request))),
    getTags: address => read("read tags", address.key, () => objects.getTags(address)),
    putTags: (address, tags) => write("tag request", address.key, () => objects.putTags(address, tags)),
    restore: (address, days, tier) =>
      write("thaw request", address.key, () => objects.restore(address, days, tier)),
  };
};
