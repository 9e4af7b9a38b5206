import type { ObjectStore } from "../../src/ports/object-store.ts";

/** The same store, but for what it does when something is put. */
export const withPut = (objects: ObjectStore, put: ObjectStore["put"]): ObjectStore =>
  new Proxy(objects, {
    get: (target, name: keyof ObjectStore) => (name === "put" ? put : target[name].bind(target)),
  });
