import type { ObjectStore } from "../../ports/object-store.ts";
import { FileChanged } from "./errors.ts";
import type { Source, Sources } from "./source.ts";

/** Pieces an object is streamed in. Each is a request of its own: S3 closes a connection that is read too slowly. */
const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * An object of S3, read in ranges. Its ETag is compared at every request, so that what is read is what was checked
 * before, without the right to read versions.
 *
 * Returns: undefined if there is no such object.
 */
export const openObject = async (
  objects: ObjectStore,
  address: { readonly bucket: string; readonly key: string },
): Promise<Source | undefined> => {
  const name = `s3://${address.bucket}/${address.key}`;
  const facts = await objects.head(address);
  if (facts === undefined) return undefined;
  const { sizeBytes } = facts;
  const read = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
    if (start === end) return new Uint8Array();
    const found = await objects.get(address, { start, end: end - 1 });
    if (found?.facts.eTag !== facts.eTag || found.body.byteLength !== end - start)
      throw new FileChanged(name);
    return new Uint8Array(found.body.buffer as ArrayBuffer, found.body.byteOffset, end - start);
  };
  return {
    name,
    sizeBytes,
    read,
    async *stream() {
      for (let start = 0; start < sizeBytes; start += PIECE_BYTES)
        yield await read(start, Math.min(start + PIECE_BYTES, sizeBytes));
    },
  };
};

/** The data files of a report in S3: their keys are taken as the manifest lists them. */
export const objectsIn = (objects: ObjectStore, bucket: string): Sources => ({
  nameOf: key => `s3://${bucket}/${key}`,
  open: key => openObject(objects, { bucket, key }),
});
