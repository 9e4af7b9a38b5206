import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ObjectFacts, ObjectStore } from "../ports/object-store.ts";
import { GroupFailed } from "./group-failed.ts";
import type { LocalFile, LocalPaths } from "./local-paths.ts";
import { mapAll } from "./map-all.ts";
import type { RunFolder } from "./run-folder.ts";
import { type Signature, signatureOf, stampOf } from "./signature.ts";

/** An object that is in the folder. */
export type PulledFile = LocalFile & {
  readonly signature: Signature;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
};

/** An object is not any more what the listing said: everything is listed anew. */
export class ListingStale extends Error {
  override readonly name = "ListingStale";
}

/**
 * Puts objects into the folder, each as its listing described it, a bounded number at once.
 *
 * Throws: `ListingStale` where one was overwritten or deleted since; `ObjectFrozen`; what S3 throws.
 */
export const pull = async (
  objects: ObjectStore,
  folder: RunFolder,
  { bucket, paths, atOnce }: { readonly bucket: string; readonly paths: LocalPaths; readonly atOnce: number },
): Promise<readonly PulledFile[]> => {
  const directories = new Set([...paths.directories, ...paths.files.map(({ path }) => dirname(path))]);
  // Sorted, a folder comes before what lies in it.
  for (const directory of [...directories].sort())
    await mkdir(join(folder.root, directory), { recursive: true });
  for (const directory of directories) await checkInside(folder, join(folder.root, directory));
  return await mapAll(paths.files, atOnce, file => pullFile(objects, folder, { ...file, bucket }));
};

/** The keys were checked; this is the second lock on the door: the file system's own word on where a folder is. */
const checkInside = async ({ root }: RunFolder, path: string): Promise<void> => {
  const real = await realpath(path);
  if (real !== root && !real.startsWith(`${root}/`))
    throw new GroupFailed("UNSAFE_KEY", `${path} leads to ${real}, outside the folder`);
};

const pullFile = async (
  objects: ObjectStore,
  { root }: RunFolder,
  { object, path, bucket }: LocalFile & { readonly bucket: string },
): Promise<PulledFile> => {
  const found = await objects.stream({ bucket, key: object.key });
  if (found === undefined) throw new ListingStale(`s3://${bucket}/${object.key} is gone since it was listed`);
  if (found.facts.eTag !== object.eTag) {
    await discard(found.body);
    throw new ListingStale(`s3://${bucket}/${object.key} was overwritten since it was listed`);
  }
  // Exclusive: nothing is there yet, and no link is followed.
  const file = await open(join(root, path), "wx");
  try {
    return { object, path, ...(await store(file, found)) };
  } finally {
    await file.close();
  }
};

const store = async (
  file: FileHandle,
  { facts, body }: { readonly facts: ObjectFacts; readonly body: AsyncIterable<Uint8Array> },
): Promise<Omit<PulledFile, "object" | "path">> => {
  const hash = createHash("sha256");
  for await (const chunk of body) {
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  const signature = signatureOf(hash, stampOf(await file.stat({ bigint: true })));
  return { signature, metadata: facts.metadata, contentType: facts.contentType };
};

/** A body that nobody reads would keep its connection. */
const discard = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const _ of body) return;
};
