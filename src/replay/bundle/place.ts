import type { Clock } from "../../ports/clock.ts";
import type { ListedObject, ObjectStore } from "../../ports/object-store.ts";

/** Where bundles are made from and kept. */
export type BundlePlace = {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly decisionsBucket: string;
  /** Bundles, and copies of accepted requests. */
  readonly archiveBucket: string;
  /** Copies of refused requests. */
  readonly rejectedBucket: string;
  /** Of the present table: decisions of it and of all before it are bundled. */
  readonly epoch: number;
};

/** A listing of a thousand keys each: a thousand million objects, more than any one prefix here gathers. */
const PAGES_MAX = 1_000_000;

/** All objects under a prefix, in the order of their keys' UTF-8 bytes. */
export async function* objectsUnder(
  objects: ObjectStore,
  { bucket, prefix, startAfter }: { bucket: string; prefix: string; startAfter?: string | undefined },
): AsyncGenerator<ListedObject> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await objects.list({
      bucket,
      prefix,
      cursor,
      ...(startAfter !== undefined && { startAfter }),
    });
    yield* found.objects;
    cursor = found.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX} pages of s3://${bucket}/${prefix}`);
}
