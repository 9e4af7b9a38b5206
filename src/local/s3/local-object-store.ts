import { Buffer } from "node:buffer";
import { isoInstant } from "../../ports/clock.ts";
import {
  type ByteRange,
  type CopyRequest,
  type ListedObject,
  type ListedVersion,
  type ListRequest,
  type ObjectAddress,
  type ObjectFacts,
  ObjectFrozen,
  type ObjectStore,
  type PutOutcome,
  type PutRequest,
  type RestoreOutcome,
  type RestoreTier,
  type Tags,
} from "../../ports/object-store.ts";
import { copyObject } from "./copy.ts";
import { listObjects, listVersions } from "./listing.ts";
import { deleteObject, headObject, putObject, readableObject, type Stored, tagObject } from "./objects.ts";
import { restoreObject, runRestores } from "./restore.ts";
import type { S3 } from "./s3.ts";
import { S3Error } from "./s3-error.ts";
import type { Version } from "./s3-types.ts";

/** Answers that mean "nothing there", whatever was asked for. */
const ABSENCES: ReadonlySet<string> = new Set(["NoSuchKey", "NoSuchVersion", "MethodNotAllowed"]);
const FROZEN: ReadonlySet<string> = new Set(["InvalidObjectState", "ObjectNotInActiveTierError"]);
/** Pieces of a streamed body: small enough that a reader that counts on arrival in pieces is tested. */
const STREAM_PIECE_BYTES = 64 * 1024;

/** The object store port straight on the model: same rules as the wire, no HTTP. For tests and simulations. */
export class LocalObjectStore implements ObjectStore {
  readonly #s3: S3;

  constructor(s3: S3) {
    this.#s3 = s3;
  }

  async put(request: PutRequest): Promise<PutOutcome> {
    const { bucket, key, metadata, tags, storageClass, contentType } = request;
    return storedOrExists(() =>
      putObject(this.#s3, {
        bucket,
        key,
        metadata: metadata === undefined ? {} : lowerCased(metadata),
        tags,
        storageClass,
        // A copy: the caller may use its buffer again.
        body: Buffer.from(request.body),
        headers: contentType === undefined ? {} : { "content-type": contentType },
        conditions: request.ifAbsent ? { ifNoneMatch: "*" } : {},
      }),
    );
  }

  async get(
    address: ObjectAddress,
    range?: ByteRange,
  ): Promise<{ readonly facts: ObjectFacts; readonly body: Uint8Array } | undefined> {
    const found = this.#readable(address);
    if (found === undefined) return undefined;
    const { body } = found.version;
    const end = range === undefined ? body.sizeBytes : Math.min(range.end + 1, body.sizeBytes);
    return {
      facts: factsOf(address.bucket, found),
      body: new Uint8Array(body.read(Math.min(range?.start ?? 0, end), end)),
    };
  }

  async stream(
    address: ObjectAddress,
  ): Promise<{ readonly facts: ObjectFacts; readonly body: AsyncIterable<Uint8Array> } | undefined> {
    const found = this.#readable(address);
    if (found === undefined) return undefined;
    return { facts: factsOf(address.bucket, found), body: pieces(found.version) };
  }

  async head(address: ObjectAddress): Promise<ObjectFacts | undefined> {
    runRestores(this.#s3);
    const found = absentOr(() => headObject(this.#s3, address));
    return found === undefined ? undefined : factsOf(address.bucket, found);
  }

  async copy(request: CopyRequest): Promise<PutOutcome> {
    runRestores(this.#s3);
    const { from, to, metadata, tags, storageClass } = request;
    return thawed(from, () =>
      storedOrExists(() =>
        copyObject(this.#s3, {
          from,
          to,
          tags,
          storageClass,
          replaced: metadata === undefined ? undefined : { metadata: lowerCased(metadata), headers: {} },
          conditions: request.ifAbsent ? { ifNoneMatch: "*" } : {},
        }),
      ),
    );
  }

  async delete(address: ObjectAddress): Promise<void> {
    deleteObject(this.#s3, address);
  }

  async list(
    request: ListRequest,
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly cursor?: string | undefined }> {
    const { bucket, prefix, limit } = request;
    const page = listObjects(this.#s3, {
      bucket,
      prefix,
      limit,
      after: request.cursor ?? request.startAfter,
    });
    return { objects: page.objects.map(listed), cursor: page.next };
  }

  async listVersions(
    request: ListRequest,
  ): Promise<{ readonly versions: readonly ListedVersion[]; readonly cursor?: string | undefined }> {
    const { bucket, prefix, limit } = request;
    const page = listVersions(this.#s3, {
      bucket,
      prefix,
      limit,
      ...(request.cursor === undefined ? { after: request.startAfter } : readCursor(request.cursor)),
    });
    return {
      versions: page.versions.map(({ version, isLatest }) => listedVersion(version, isLatest)),
      cursor: page.next === undefined ? undefined : JSON.stringify([page.next.name, page.next.versionId]),
    };
  }

  async getTags(address: ObjectAddress): Promise<Tags | undefined> {
    return absentOr(() => headObject(this.#s3, address))?.version.tags;
  }

  async putTags(address: ObjectAddress, tags: Tags): Promise<void> {
    tagObject(this.#s3, address, tags, "Put");
  }

  async restore(address: ObjectAddress, days: number, tier: RestoreTier): Promise<RestoreOutcome> {
    try {
      restoreObject(this.#s3, { ...address, days, tier });
      return "asked";
    } catch (error) {
      if (error instanceof S3Error && error.code === "RestoreAlreadyInProgress") return "ongoing";
      if (error instanceof S3Error && error.code === "InvalidObjectState") return "warm";
      throw error;
    }
  }

  #readable(address: ObjectAddress): Stored | undefined {
    runRestores(this.#s3);
    return thawed(address, () => absentOr(() => readableObject(this.#s3, address)));
  }
}

const absentOr = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof S3Error && ABSENCES.has(error.code)) return undefined;
    throw error;
  }
};

const thawed = <T>(address: ObjectAddress, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (error instanceof S3Error && FROZEN.has(error.code)) throw new ObjectFrozen(address);
    throw error;
  }
};

const storedOrExists = (store: () => Stored): PutOutcome => {
  try {
    const { version, versionId } = store();
    return { outcome: "stored", versionId, eTag: version.eTag };
  } catch (error) {
    if (error instanceof S3Error && error.code === "PreconditionFailed") return { outcome: "exists" };
    throw error;
  }
};

const lowerCased = (metadata: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));

const factsOf = (bucket: string, { version, versionId }: Stored): ObjectFacts => ({
  bucket,
  key: version.key,
  versionId,
  eTag: version.eTag,
  sizeBytes: version.body.sizeBytes,
  lastModified: isoInstant(version.lastModifiedMs),
  storageClass: version.storageClass,
  metadata: version.metadata,
  contentType: version.headers["content-type"] ?? "binary/octet-stream",
  restore: restoreFacts(version),
});

const restoreFacts = ({ restore }: Version): ObjectFacts["restore"] => {
  if (restore === undefined) return undefined;
  return restore.completed
    ? { ongoing: false, expiresAt: isoInstant(restore.expiresAtMs) }
    : { ongoing: true };
};

const listed = (version: Version): ListedObject => ({
  key: version.key,
  eTag: version.eTag,
  sizeBytes: version.body.sizeBytes,
  lastModified: isoInstant(version.lastModifiedMs),
  storageClass: version.storageClass,
});

const listedVersion = (version: Version, isLatest: boolean): ListedVersion => {
  const { key, versionId, isDeleteMarker } = version;
  const facts = {
    key,
    versionId,
    isLatest,
    isDeleteMarker,
    lastModified: isoInstant(version.lastModifiedMs),
  };
  if (isDeleteMarker) return facts;
  return {
    ...facts,
    eTag: version.eTag,
    sizeBytes: version.body.sizeBytes,
    storageClass: version.storageClass,
  };
};

const readCursor = (cursor: string): { after: string; afterVersionId: string | undefined } => {
  const [after, afterVersionId] = JSON.parse(cursor) as [string, string?]; // written by listVersions
  return { after, afterVersionId };
};

async function* pieces({ body }: Version): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.sizeBytes; start += STREAM_PIECE_BYTES) {
    yield new Uint8Array(body.read(start, Math.min(start + STREAM_PIECE_BYTES, body.sizeBytes)));
  }
}
