import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type {
  ByteRange,
  CopyRequest,
  ListedObject,
  ListedVersion,
  ListRequest,
  ObjectAddress,
  ObjectFacts,
  ObjectStore,
  PutOutcome,
  PutRequest,
  RestoreOutcome,
  RestoreTier,
  Tags,
} from "../ports/object-store.ts";
import { conditionally, presentOrAbsent, translated } from "./s3-calls.ts";
import { BucketMissing, isAbsent, isBeyondEnd, isRestoring, isWarm } from "./s3-errors.ts";
import { decodedKey, factsOf, listedMarker, listedObject, listedVersion, unquoted } from "./s3-facts.ts";
import { copySource, merged, readCursor, tagQuery, target } from "./s3-requests.ts";

/**
 * S3 behind the port.
 *
 * The SDK retries a put whose answer was lost. If the first try had stored the object, the retry of a conditional
 * put meets it and answers `exists`: a caller that must know reads the object and compares its content with its own.
 * Times from `get`, `stream` and `head` end at whole seconds (they travel as HTTP dates), those of listings do not.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  /** HEAD answers a plain 404 for a missing bucket too; a bucket that answered once is not asked for again. */
  readonly #seenBuckets = new Set<string>();

  constructor(client: S3Client) {
    this.#client = client;
  }

  async put(request: PutRequest): Promise<PutOutcome> {
    const body = typeof request.body === "string" ? Buffer.from(request.body) : request.body;
    return await conditionally(request, async () => {
      const { VersionId, ETag } = await this.#client.send(
        new PutObjectCommand({
          Bucket: request.bucket,
          Key: request.key,
          Body: body,
          // Said here because the SDK takes a body of no bytes for a stream of unknown length, and warns.
          ContentLength: body.byteLength,
          IfNoneMatch: request.ifAbsent === true ? "*" : undefined,
          Metadata: request.metadata && { ...request.metadata },
          Tagging: request.tags && tagQuery(request.tags),
          StorageClass: request.storageClass,
          ContentType: request.contentType,
        }),
      );
      return { outcome: "stored", versionId: VersionId, eTag: unquoted(ETag) };
    });
  }

  async copy(request: CopyRequest): Promise<PutOutcome> {
    const { from, to, metadata, tags } = request;
    return await conditionally(from, async () => {
      const { VersionId, CopyObjectResult } = await this.#client.send(
        new CopyObjectCommand({
          Bucket: to.bucket,
          Key: to.key,
          CopySource: copySource(from),
          IfNoneMatch: request.ifAbsent === true ? "*" : undefined,
          ...(metadata && { Metadata: { ...metadata }, MetadataDirective: "REPLACE" }),
          ...(tags && { Tagging: tagQuery(tags), TaggingDirective: "REPLACE" }),
          StorageClass: request.storageClass,
        }),
      );
      return { outcome: "stored", versionId: VersionId, eTag: unquoted(CopyObjectResult?.ETag) };
    });
  }

  async get(
    address: ObjectAddress,
    range?: ByteRange,
  ): Promise<{ readonly facts: ObjectFacts; readonly body: Uint8Array } | undefined> {
    try {
      const found = await this.#open(address, range);
      return found && { facts: found.facts, body: await found.body.transformToByteArray() };
    } catch (error) {
      if (range === undefined || !isBeyondEnd(error)) throw error;
      const facts = await this.head(address);
      return facts && { facts, body: new Uint8Array() };
    }
  }

  async stream(
    address: ObjectAddress,
  ): Promise<{ readonly facts: ObjectFacts; readonly body: AsyncIterable<Uint8Array> } | undefined> {
    const found = await this.#open(address);
    // On Node the body is a stream of buffers; the SDK's type also covers browsers.
    return found && { facts: found.facts, body: found.body as unknown as AsyncIterable<Uint8Array> };
  }

  async head(address: ObjectAddress): Promise<ObjectFacts | undefined> {
    const answer = await presentOrAbsent(address, () =>
      this.#client.send(new HeadObjectCommand(target(address))),
    );
    if (answer === undefined) await this.#expectBucket(address.bucket);
    else this.#seenBuckets.add(address.bucket);
    return answer && factsOf(address, answer);
  }

  async delete(address: ObjectAddress): Promise<void> {
    await translated(address, () => this.#client.send(new DeleteObjectCommand(target(address))));
  }

  async list(
    request: ListRequest,
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly cursor?: string | undefined }> {
    const { Contents = [], NextContinuationToken } = await translated({ ...request, key: "" }, () =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: request.bucket,
          Prefix: request.prefix,
          StartAfter: request.startAfter,
          ContinuationToken: request.cursor,
          MaxKeys: request.limit,
          EncodingType: "url",
        }),
      ),
    );
    return { objects: Contents.map(listedObject), cursor: NextContinuationToken };
  }

  async listVersions(
    request: ListRequest,
  ): Promise<{ readonly versions: readonly ListedVersion[]; readonly cursor?: string | undefined }> {
    const [keyMarker, versionMarker] = readCursor(request);
    const page = await translated({ ...request, key: "" }, () =>
      this.#client.send(
        new ListObjectVersionsCommand({
          Bucket: request.bucket,
          Prefix: request.prefix,
          KeyMarker: keyMarker,
          VersionIdMarker: versionMarker,
          MaxKeys: request.limit,
          EncodingType: "url",
        }),
      ),
    );
    const versions = merged(
      (page.Versions ?? []).map(listedVersion),
      (page.DeleteMarkers ?? []).map(listedMarker),
    );
    if (page.IsTruncated !== true) return { versions };
    return { versions, cursor: JSON.stringify([decodedKey(page.NextKeyMarker), page.NextVersionIdMarker]) };
  }

  async getTags(address: ObjectAddress): Promise<Tags | undefined> {
    const answer = await presentOrAbsent(address, () =>
      this.#client.send(new GetObjectTaggingCommand(target(address))),
    );
    return (
      answer && Object.fromEntries((answer.TagSet ?? []).map(({ Key = "", Value = "" }) => [Key, Value]))
    );
  }

  async putTags(address: ObjectAddress, tags: Tags): Promise<void> {
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await translated(address, () =>
      this.#client.send(new PutObjectTaggingCommand({ ...target(address), Tagging: { TagSet } })),
    );
  }

  async restore(address: ObjectAddress, days: number, tier: RestoreTier): Promise<RestoreOutcome> {
    const RestoreRequest = { Days: days, GlacierJobParameters: { Tier: tier } };
    try {
      await this.#client.send(new RestoreObjectCommand({ ...target(address), RestoreRequest }));
      return "asked";
    } catch (error) {
      if (isRestoring(error)) return "ongoing";
      if (isWarm(error)) return "warm";
      throw error;
    }
  }

  async #open(address: ObjectAddress, range?: ByteRange) {
    const answer = await presentOrAbsent(address, () =>
      this.#client.send(
        new GetObjectCommand({
          ...target(address),
          ...(range !== undefined && { Range: `bytes=${range.start}-${range.end}` }),
        }),
      ),
    );
    if (answer?.Body === undefined) return undefined;
    this.#seenBuckets.add(address.bucket);
    return { facts: factsOf(address, answer), body: answer.Body };
  }

  async #expectBucket(bucket: string): Promise<void> {
    if (this.#seenBuckets.has(bucket)) return;
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: bucket }));
    } catch (cause) {
      throw isAbsent(cause) ? new BucketMissing(bucket, { cause }) : cause;
    }
    this.#seenBuckets.add(bucket);
  }
}
