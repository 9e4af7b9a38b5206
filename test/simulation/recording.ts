import type { MemoryStore } from "../../src/local/memory-store.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Item, Store } from "../../src/table/store.ts";

/** One call that a model answered in a history, whatever became of the answer on its way. */
export type Recorded = {
  readonly atMs: number;
  /** A table's name, or `s3`. */
  readonly of: string;
  readonly call: string;
  readonly args: readonly unknown[];
  /** Absent where the model threw. */
  readonly answer?: unknown;
};

export type Recorder = {
  readonly calls: Recorded[];
  readonly now: () => number;
};

type Method = (...args: unknown[]) => Promise<unknown>;

const recording = <T extends object>(target: T, of: string, { calls, now }: Recorder): T =>
  new Proxy(target, {
    get: (model, name: string & keyof T) => {
      const member: unknown = model[name];
      if (typeof member !== "function") return member;
      const method = member.bind(model) as Method;
      // What the simulation looks at past every port is no call of a service.
      if (name === "snapshot" || name === "restore" || name === "asOf") return method;
      return async (...args: unknown[]) => {
        const call = { atMs: now(), of, call: name, args };
        try {
          const answer = await method(...args);
          calls.push({ ...call, answer });
          return answer;
        } catch (error) {
          calls.push(call);
          throw error;
        }
      };
    },
  });

export const recordedObjects = (objects: ObjectStore, recorder: Recorder | undefined): ObjectStore =>
  recorder === undefined ? objects : recording(objects, "s3", recorder);

export const recordedStore = (store: MemoryStore, table: string, recorder: Recorder | undefined): Store =>
  recorder === undefined ? store : recording(store, table, recorder);

/** A table comes to be, with these items. */
export const recordTable = (recorder: Recorder | undefined, table: string, items: readonly Item[]): void =>
  void recorder?.calls.push({ atMs: recorder.now(), of: table, call: "made", args: [items] });

/** The lifecycle of all buckets is run. */
export const recordLifecycle = (recorder: Recorder | undefined): void =>
  void recorder?.calls.push({ atMs: recorder.now(), of: "s3", call: "lifecycle", args: [] });
