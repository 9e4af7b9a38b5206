import type { ObjectStore } from "../../../src/ports/object-store.ts";

export class Crash extends Error {
  override readonly name = "Crash";
}

/** Told of each call before it happens and after it happened; may throw, may wait. */
export type CallHook = (call: {
  readonly number: number;
  readonly when: "before" | "after";
}) => Promise<void> | void;

const CALLS = [
  "put",
  "get",
  "stream",
  "head",
  "copy",
  "delete",
  "list",
  "listVersions",
  "getTags",
  "putTags",
  "restore",
] as const;

/** The object store with a hook around every call. */
export const hooked = (objects: ObjectStore, hook: CallHook): ObjectStore => {
  let number = 0;
  const around =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      number += 1;
      const own = number;
      await hook({ number: own, when: "before" });
      const answer = await call(...args);
      await hook({ number: own, when: "after" });
      return answer;
    };
  const bound = CALLS.map(name => {
    const call = objects[name].bind(objects) as (...args: unknown[]) => Promise<unknown>;
    return [name, around(call)] as const;
  });
  // Every method of the port, each as it was but for the hook.
  return Object.fromEntries(bound) as unknown as ObjectStore;
};

/** Dies at one call, before or after it happened; every later call of the dead process fails too. */
export const crashing = (
  objects: ObjectStore,
  at: { readonly number: number; readonly when: "before" | "after" },
): ObjectStore => {
  let isDead = false;
  return hooked(objects, ({ number, when }) => {
    if (number === at.number && when === at.when) isDead = true;
    if (isDead) throw new Crash(`at call ${at.number}`);
  });
};
