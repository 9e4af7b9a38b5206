import { sha256Hex } from "../../ledger/chain.ts";
import type { ObjectStore, PutRequest } from "../../ports/object-store.ts";

/**
 * Stores an object that nobody wrote before. One that is there with the same bytes is our own, of a try whose answer was
 * lost.
 *
 * Throws: if other bytes are there; what the object store throws.
 */
export const putOnce = async (
  objects: ObjectStore,
  request: Omit<PutRequest, "ifAbsent" | "body"> & { readonly body: Uint8Array },
): Promise<void> => {
  const { outcome } = await objects.put({ ...request, ifAbsent: true });
  if (outcome === "stored") return;
  const found = await objects.get(request);
  if (found === undefined || sha256Hex(found.body) !== sha256Hex(request.body))
    throw new Error(`s3://${request.bucket}/${request.key} was there before, with other content.`);
};
