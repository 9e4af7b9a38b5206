import type { ObjectAddress, PutOutcome } from "../ports/object-store.ts";
import { isAbsent, isConflict, isExisting, portError } from "./s3-errors.ts";

/** Each conflict means that another conditional write of the same key was under way; one is over in milliseconds. */
const CONFLICTS_MAX = 6;
/** Doubles with each conflict, plus as much again at random so that two writers part. */
const CONFLICT_WAIT_MS = 20;

/** Sends, and throws what fails in the port's words. */
export const translated = async <T>(address: ObjectAddress, send: () => Promise<T>): Promise<T> => {
  try {
    return await send();
  } catch (error) {
    throw portError(error, address);
  }
};

/** The same, with `undefined` for what is absent. */
export const presentOrAbsent = async <T>(
  address: ObjectAddress,
  send: () => Promise<T>,
): Promise<T | undefined> => {
  try {
    return await send();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw portError(error, address);
  }
};

/** Sends a put or copy with a condition, again while others write the same key. */
export const conditionally = async (
  address: ObjectAddress,
  send: () => Promise<PutOutcome>,
): Promise<PutOutcome> => {
  for (let conflicts = 1; ; conflicts += 1) {
    try {
      return await send();
    } catch (error) {
      if (isExisting(error)) return { outcome: "exists" };
      if (!isConflict(error) || conflicts === CONFLICTS_MAX) throw portError(error, address);
      await wait(CONFLICT_WAIT_MS * 2 ** conflicts * (1 + Math.random()));
    }
  }
};

const wait = (delayMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, delayMs));
