import type { ObjectStore } from "../../ports/object-store.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import { BundleDamaged } from "./errors.ts";
import {
  type BundleManifest,
  type ChainLink,
  decodeLink,
  fileOf,
  parseManifest,
  type StoredFile,
} from "./format.ts";
import { type BundleName, manifestKey } from "./names.ts";

/** What reading a stored bundle needs. */
export type Shelf = { readonly objects: ObjectStore; readonly archiveBucket: string };

/** An object's bytes; `undefined` if it is not there. Throws `ObjectFrozen` for a cold one that is not restored. */
export const readBytes = async (
  { objects, archiveBucket }: Shelf,
  key: string,
): Promise<Uint8Array | undefined> => (await objects.get({ bucket: archiveBucket, key }))?.body;

/** A bundle's manifest; `undefined` where there is no such bundle, or it is not finished. Throws: `BundleDamaged`. */
export const readManifest = async (shelf: Shelf, name: BundleName): Promise<BundleManifest | undefined> => {
  const key = manifestKey(name);
  const bytes = await readBytes(shelf, key);
  if (bytes === undefined) return undefined;
  const manifest = parseManifest(Buffer.from(bytes).toString("utf8"), key);
  if (manifest.day !== name.day || manifest.number !== name.number)
    throw new BundleDamaged(key, `speaks of bundle ${manifest.number} of ${manifest.day}`);
  return manifest;
};

export type StoredLink = { readonly file: StoredFile; readonly link: ChainLink };

/** A link of a bundle's chain; `undefined` if it is not there. Throws: `BundleDamaged`. */
export const readLink = async (shelf: Shelf, key: string): Promise<StoredLink | undefined> => {
  const bytes = await readBytes(shelf, key);
  return bytes && { file: fileOf(key, bytes), link: decodeLink(bytes, key) };
};

/** A file the manifest speaks of, its SHA-256 compared. Throws: `BundleDamaged`; `ObjectFrozen`. */
export const readStored = async (shelf: Shelf, file: StoredFile): Promise<Uint8Array> => {
  const bytes = await readBytes(shelf, file.key);
  if (bytes === undefined) throw new BundleDamaged(file.key, "is not there");
  if (fileOf(file.key, bytes).sha256 !== file.sha256)
    throw new BundleDamaged(file.key, "has other bytes than the manifest says");
  return bytes;
};

/** The keys of a bundle's decisions, in their order; parts that end at `startAfter` or before it are left out. */
export async function* keysInBundle(
  shelf: Shelf,
  manifest: BundleManifest,
  startAfter: string | undefined,
): AsyncGenerator<string> {
  for (const part of manifest.parts) {
    if (startAfter !== undefined && compareUtf8(part.last, startAfter) <= 0) continue;
    const link = decodeLink(await readStored(shelf, part.index), part.index.key);
    if (link !== "end") for (const { key } of link.entries) yield key;
  }
}

/**
 * Whether a key is among those of an ascending sequence. Must be asked in ascending order, so that nothing but one key
 * is held in memory.
 */
export const ascendingLookup = (keys: AsyncGenerator<string>): ((key: string) => Promise<boolean>) => {
  let next: string | undefined;
  let isOver = false;
  return async key => {
    while (!isOver && (next === undefined || compareUtf8(next, key) < 0)) {
      const step = await keys.next();
      isOver = step.done === true;
      next = step.done === true ? undefined : step.value;
    }
    return next === key;
  };
};
