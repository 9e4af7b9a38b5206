import type { ObjectFacts } from "../../ports/object-store.ts";

/** Classes whose objects must be restored before they can be read. */
const COLD_CLASSES: readonly string[] = ["GLACIER", "DEEP_ARCHIVE"];

/**
 * Why an object cannot be read at an instant, as the end of a sentence; `undefined` if it can.
 *
 * `accessTier`: the archive tier that S3 told of, for an object in Intelligent-Tiering: a HEAD does not tell it to us.
 * Source: Amazon S3 User Guide, "Working with archived objects".
 */
export const unreadable = (
  { storageClass, restore }: Pick<ObjectFacts, "storageClass" | "restore">,
  accessTier: string | undefined,
  now: string,
): string | undefined => {
  const isCold = COLD_CLASSES.includes(storageClass) || accessTier !== undefined;
  if (!isCold) return undefined;
  if (restore?.ongoing === true) return "its restore is not completed yet";
  const isRestored = restore !== undefined && (restore.expiresAt === undefined || restore.expiresAt > now);
  return isRestored ? undefined : `it is in ${accessTier ?? storageClass}, and has no readable copy`;
};
