import { Buffer } from "node:buffer";
import { constants } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectFacts, ObjectStore } from "../ports/object-store.ts";
import type { PartUploads, StoredPart } from "../ports/part-uploads.ts";
import { byteBudget } from "./byte-budget.ts";
import { contentTypeOf } from "./content-type.ts";
import type { OutputFile } from "./find-outputs.ts";
import { GroupFailed } from "./group-failed.ts";
import { DEPTH_MARK, DIGEST_MARK, RUN_MARK } from "./lineage.ts";
import { mapAll } from "./map-all.ts";

export type UploadTarget = {
  readonly objects: ObjectStore;
  readonly parts: PartUploads;
  readonly root: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly runId: string;
  readonly depth: number;
};

/** Above this, in parts: S3 advises it from 100 MB on, and takes no more than 5 GB at once. */
const PART_BYTES = 16 * 1024 * 1024;
const IN_PARTS_FROM_BYTES = 4 * PART_BYTES;
/** S3 takes 10,000. */
const PARTS_MAX = 9_000;
const PARTS_AT_ONCE = 4;
const FILES_AT_ONCE = 8;
/** Of all groups of this process: a small function has 128 MB. One body that is larger goes alone. */
export const HELD_BYTES_MAX = 4 * PART_BYTES;
const held = byteBudget(HELD_BYTES_MAX);
const KEY_BYTES_MAX = 1_024;

/**
 * Stores outputs, whose keys are the prefix and the path. What S3 holds already under a key is not stored again, and so
 * triggers nothing; a run that failed in the middle goes on where it was. Memory: `HELD_BYTES_MAX` of bodies.
 *
 * Returns: the keys that were stored.
 * Throws:  `GroupFailed` with KEY_TOO_LONG before anything is stored; what S3 throws, with some stored.
 * Source:  vectors V15, V49 and V55.
 */
export const upload = async (
  target: UploadTarget,
  files: readonly OutputFile[],
): Promise<readonly string[]> => {
  for (const { path } of files) keyOf(target, path);
  const stored = await mapAll(files, FILES_AT_ONCE, async file => {
    const key = keyOf(target, file.path);
    const there = await target.objects.head({ bucket: target.bucket, key });
    if (there !== undefined && holdsSame(there, file)) return undefined;
    await (file.sizeBytes < IN_PARTS_FROM_BYTES
      ? putWhole(target, key, file)
      : putInParts(target, key, file));
    return key;
  });
  return stored.filter(key => key !== undefined);
};

const keyOf = ({ prefix }: UploadTarget, path: string): string => {
  const key = `${prefix}${path}`;
  if (Buffer.byteLength(key) <= KEY_BYTES_MAX) return key;
  throw new GroupFailed("KEY_TOO_LONG", `A key has at most ${KEY_BYTES_MAX} bytes: ${key}`);
};

/** An ETag of 32 digits is an MD5, unless a key of KMS encrypts: then it differs, and the object is stored again. */
const holdsSame = (there: ObjectFacts, file: OutputFile): boolean =>
  there.sizeBytes === file.sizeBytes &&
  (/^[0-9a-f]{32}$/.test(there.eTag) ? there.eTag === file.md5 : there.metadata[DIGEST_MARK] === file.sha256);

/** An input that was changed keeps what was said of it. */
const headersOf = ({ runId, depth }: UploadTarget, { path, pulled, sha256 }: OutputFile) => {
  const contentType = pulled?.contentType ?? contentTypeOf(path);
  return {
    metadata: {
      ...pulled?.metadata,
      [RUN_MARK]: runId,
      [DEPTH_MARK]: String(depth),
      [DIGEST_MARK]: sha256,
    },
    ...(contentType !== undefined && { contentType }),
  };
};

const FOLLOWING_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW;

const putWhole = async (target: UploadTarget, key: string, file: OutputFile): Promise<void> => {
  const { objects, root, bucket } = target;
  await held.within(file.sizeBytes, async () => {
    const body = await readFile(join(root, file.path), { flag: FOLLOWING_NO_LINK as unknown as string }); // takes numbers
    await objects.put({ bucket, key, body, ...headersOf(target, file) });
  });
};

const putInParts = async (target: UploadTarget, key: string, file: OutputFile): Promise<void> => {
  const { parts, root, bucket } = target;
  const opened = await open(join(root, file.path), FOLLOWING_NO_LINK);
  try {
    const begun = await parts.begin({ bucket, key, ...headersOf(target, file) });
    try {
      const stored = await mapAll(rangesOf(file.sizeBytes), PARTS_AT_ONCE, range =>
        held.within(range.bytes, () => putPart(opened, range, body => parts.put(begun, range.number, body))),
      );
      await parts.complete(begun, stored);
    } catch (error) {
      await parts.abort(begun);
      throw error;
    }
  } finally {
    await opened.close();
  }
};

type PartRange = { readonly number: number; readonly start: number; readonly bytes: number };

/** The parts of a file: of equal size, the last excepted. */
export const rangesOf = (sizeBytes: number): readonly PartRange[] => {
  const bytes = Math.max(PART_BYTES, Math.ceil(sizeBytes / PARTS_MAX));
  return Array.from({ length: Math.ceil(sizeBytes / bytes) }, (_, at) => ({
    number: at + 1,
    start: at * bytes,
    bytes: Math.min(bytes, sizeBytes - at * bytes),
  }));
};

const putPart = async (
  file: FileHandle,
  { start, bytes }: PartRange,
  store: (body: Uint8Array) => Promise<StoredPart>,
): Promise<StoredPart> => {
  const body = Buffer.allocUnsafe(bytes);
  const { bytesRead } = await file.read(body, 0, bytes, start);
  if (bytesRead !== bytes) throw new Error(`Expected ${bytes} bytes at ${start}, got ${bytesRead}`);
  return await store(body);
};
