import { isDeepStrictEqual } from "node:util";
import { readState, stateWrite } from "../refresh-state.ts";
import { describedState, type ObjectState } from "../state.ts";
import type { TrackingTable } from "../track.ts";
import type { Attributes } from "./attributes.ts";
import { type JsonPatch, patchedAttributes } from "./json-patch.ts";

/** Tries for one key. Events of the key and other patches compete for its state, and each try lost was one won. */
const PATCH_TRIES_MAX = 16;

export type PatchOutcome =
  | { readonly outcome: "patched" | "unchanged"; readonly attributes: Attributes }
  /** Nothing was ever seen under this key. */
  | { readonly outcome: "unknown" }
  /** It is not, or no longer, one of those wanted. */
  | { readonly outcome: "unwanted" }
  /** The patch does not fit these attributes, which are as they were. */
  | { readonly outcome: "refused"; readonly reason: string }
  /** Others kept writing, or an answer was lost: look what is there. */
  | { readonly outcome: "failed"; readonly reason: string };

/**
 * Patches the attributes of a key: all of the patch or nothing, on the attributes as they are when it is written.
 * Everything else of the state stays as it is.
 *
 * `isWanted` is asked about the state that would be patched. Throws: what the store throws.
 */
export const patchAttributes = async (
  table: TrackingTable,
  key: string,
  patch: JsonPatch,
  isWanted: (state: ObjectState) => boolean = () => true,
): Promise<PatchOutcome> => {
  let reason = "";
  for (let tries = 0; tries < PATCH_TRIES_MAX; tries += 1) {
    const previous = await readState(table, key);
    if (previous === undefined) return { outcome: "unknown" };
    if (!isWanted(previous)) return { outcome: "unwanted" };
    const before = previous.attributes ?? {};
    const patched = patchedAttributes(before, patch);
    if (patched.outcome === "refused") return patched;
    const { attributes } = patched;
    if (isDeepStrictEqual(attributes, before)) return { outcome: "unchanged", attributes };
    const written = await table.store.write(
      stateWrite(table.rows, previous, describedState(previous, attributes)),
    );
    if (written.outcome === "committed") return patched;
    if (written.outcome !== "refused") reason = written.reason;
    if (written.outcome !== "unknown") continue;
    // A patch done twice is another patch. Nobody but patches changes attributes, so they tell whether it happened.
    const now = (await readState(table, key))?.attributes ?? {};
    if (isDeepStrictEqual(now, attributes)) return patched;
    if (!isDeepStrictEqual(now, before))
      return { outcome: "failed", reason: `${reason}; it may have been done` };
  }
  return { outcome: "failed", reason: reason || `state changed ${PATCH_TRIES_MAX} times meanwhile` };
};
