import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import type { Listening } from "../../src/local/wire/server.ts";
import { type AwsClients, awsClients } from "./aws-clients.ts";

const Bucket = "objects";
const cloud = createLocalCloud({ clock: systemClock, random: seededRandom(1) });
let server: Listening;
let aws: AwsClients;

beforeAll(async () => {
  server = await cloud.listen();
  aws = awsClients(server.endpoint);
  await aws.s3.send(new CreateBucketCommand({ Bucket }));
  await aws.s3.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
});

afterAll(async () => {
  aws.destroy();
  await cloud.close();
});

const put = (Key: string, Body: string, more = {}) =>
  aws.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string, more = {}) => {
  const answer = await aws.s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: await answer.Body?.transformToString() };
};

describe("objects over the wire", () => {
  test("gives back what was put: bytes, metadata, content type, ETag, version and tag count", async () => {
    const stored = await put("a b/é+%.json", '{"x":1}', {
      ContentType: "application/json",
      Metadata: { Origin: "till 4", number: "7" },
      Tagging: "colour=dark%20blue&size=1",
    });
    expect(stored.ETag).toBe(`"${createHash("md5").update('{"x":1}').digest("hex")}"`);
    const found = await get("a b/é+%.json");
    expect(found.text).toBe('{"x":1}');
    expect(found.ContentType).toBe("application/json");
    expect(found.Metadata).toEqual({ origin: "till 4", number: "7" });
    expect(found.VersionId).toBe(stored.VersionId);
    expect(found.TagCount).toBe(2);
    expect(found.LastModified?.getTime()).toBeGreaterThan(Date.parse("2020-01-01"));
  });

  test("takes a stream, which the SDK sends in aws-chunked framing with a checksum behind it", async () => {
    const text = "line\n".repeat(50_000);
    const pieces = text.match(/.{1,9999}/gs) ?? [];
    await aws.s3.send(
      new PutObjectCommand({
        Bucket,
        Key: "stream",
        Body: Readable.from(pieces.map(piece => Buffer.from(piece))),
        ContentLength: text.length,
      }),
    );
    const found = await get("stream");
    expect(found.text).toBe(text);
    expect(found.ContentEncoding).toBeUndefined();
  });

  test("stores once with If-None-Match: *, and again only over a delete marker", async () => {
    const first = await put("once", "1", { IfNoneMatch: "*" });
    await expect(put("once", "2", { IfNoneMatch: "*" })).rejects.toMatchObject({
      name: "PreconditionFailed",
      $metadata: { httpStatusCode: 412 },
    });
    expect((await get("once")).text).toBe("1");
    await aws.s3.send(new DeleteObjectCommand({ Bucket, Key: "once" }));
    const second = await put("once", "3", { IfNoneMatch: "*" });
    expect(second.VersionId).not.toBe(first.VersionId);
  });

  test("stores with If-Match only over the object of that ETag", async () => {
    const { ETag } = await put("swap", "1");
    await put("swap", "2", { IfMatch: ETag });
    await expect(put("swap", "3", { IfMatch: ETag })).rejects.toMatchObject({ name: "PreconditionFailed" });
    await expect(put("swap-absent", "3", { IfMatch: ETag })).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test.each(["CRC32", "CRC32C", "SHA1", "SHA256"] as const)(
    "keeps and gives back a %s checksum",
    async algorithm => {
      const key = `checksum-${algorithm}`;
      const stored = await put(key, "some bytes", { ChecksumAlgorithm: algorithm });
      const value = stored[`Checksum${algorithm}`];
      expect(value).toMatch(/^[A-Za-z0-9+/]+=*$/);
      const head = await aws.s3.send(new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: "ENABLED" }));
      expect(head[`Checksum${algorithm}`]).toBe(value);
    },
  );

  test("refuses bytes that do not have the checksum or the MD5 they came with", async () => {
    await expect(put("bad", "bytes", { ChecksumSHA256: "x".repeat(43).concat("=") })).rejects.toMatchObject({
      name: "BadDigest",
    });
    await expect(put("bad", "bytes", { ContentMD5: `${"A".repeat(22)}==` })).rejects.toMatchObject({
      name: "BadDigest",
    });
    await expect(put("bad", "bytes", { ContentMD5: "no" })).rejects.toMatchObject({ name: "InvalidDigest" });
    await expect(get("bad")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("reads ranges", async () => {
    await put("range", "0123456789");
    const middle = await get("range", { Range: "bytes=2-4" });
    expect([middle.text, middle.ContentRange, middle.$metadata.httpStatusCode]).toEqual([
      "234",
      "bytes 2-4/10",
      206,
    ]);
    expect((await get("range", { Range: "bytes=-3" })).text).toBe("789");
    expect((await get("range", { Range: "bytes=8-99" })).text).toBe("89");
    await expect(get("range", { Range: "bytes=10-" })).rejects.toMatchObject({ name: "InvalidRange" });
  });

  test("keeps old versions behind new ones and behind a delete marker", async () => {
    const one = await put("versions", "1");
    const two = await put("versions", "2");
    const marker = await aws.s3.send(new DeleteObjectCommand({ Bucket, Key: "versions" }));
    expect(marker.DeleteMarker).toBe(true);
    await expect(get("versions")).rejects.toMatchObject({ name: "NoSuchKey" });
    await expect(get("versions", { VersionId: marker.VersionId })).rejects.toMatchObject({
      name: "MethodNotAllowed",
      $metadata: { httpStatusCode: 405 },
    });
    expect((await get("versions", { VersionId: one.VersionId })).text).toBe("1");
    const removed = await aws.s3.send(
      new DeleteObjectCommand({ Bucket, Key: "versions", VersionId: marker.VersionId }),
    );
    expect(removed.DeleteMarker).toBe(true);
    expect((await get("versions")).VersionId).toBe(two.VersionId);
    await expect(get("versions", { VersionId: "nothing" })).rejects.toMatchObject({ name: "NoSuchVersion" });
  });

  test("copies keys with any characters, versions, metadata and tags", async () => {
    const source = "copy of/ü 1+2 %41?.json";
    const old = await put(source, "old", { Metadata: { a: "1" }, Tagging: "t=1", ContentType: "text/x" });
    await put(source, "new");
    const CopySource = `${Bucket}/${encodeURIComponent(source)}?versionId=${old.VersionId}`;
    const copied = await aws.s3.send(new CopyObjectCommand({ Bucket, Key: "copied", CopySource }));
    expect(copied.CopySourceVersionId).toBe(old.VersionId);
    const found = await get("copied");
    expect([found.text, found.Metadata, found.ContentType, found.TagCount]).toEqual([
      "old",
      { a: "1" },
      "text/x",
      1,
    ]);
    await aws.s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: "copied",
        CopySource: encodeURIComponent(`${Bucket}/copied`),
        MetadataDirective: "REPLACE",
        Metadata: { b: "2" },
        TaggingDirective: "REPLACE",
        Tagging: "u=2",
        StorageClass: "STANDARD_IA",
      }),
    );
    const again = await get("copied");
    expect([again.Metadata, again.StorageClass]).toEqual([{ b: "2" }, "STANDARD_IA"]);
    await expect(
      aws.s3.send(new CopyObjectCommand({ Bucket, Key: "copied", CopySource, IfNoneMatch: "*" })),
    ).rejects.toMatchObject({ name: "PreconditionFailed" });
    await expect(
      aws.s3.send(new CopyObjectCommand({ Bucket, Key: "absent", CopySource: `${Bucket}/not-there` })),
    ).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("replaces and removes tags", async () => {
    await put("tags", "x", { Tagging: "a=1" });
    const TagSet = [{ Key: "b & c", Value: "<2>" }];
    await aws.s3.send(new PutObjectTaggingCommand({ Bucket, Key: "tags", Tagging: { TagSet } }));
    const read = await aws.s3.send(new GetObjectTaggingCommand({ Bucket, Key: "tags" }));
    expect(read.TagSet).toEqual(TagSet);
    await aws.s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: "tags" }));
    expect((await aws.s3.send(new GetObjectTaggingCommand({ Bucket, Key: "tags" }))).TagSet).toEqual([]);
  });

  test("deletes in batches, each object for itself", async () => {
    const { VersionId } = await put("batch/1", "x");
    await put("batch/2", "y");
    const answer = await aws.s3.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [{ Key: "batch/1", VersionId }, { Key: "batch/2" }] },
      }),
    );
    expect(answer.Deleted).toHaveLength(2);
    expect(answer.Deleted?.[1]?.DeleteMarker).toBe(true);
    await expect(get("batch/1")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("lists every key once over pages, with prefix, delimiter and any characters", async () => {
    const keys = ["l/a", "l/b c", "l/d/1", "l/d/2", "l/é&<>\"'", "l/\u{1f600}", "l/\uffee", "l/z"];
    await Promise.all(keys.map(key => put(key, key)));
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await aws.s3.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: "l/",
          MaxKeys: 3,
          ContinuationToken,
          EncodingType: "url",
        }),
      );
      found.push(...(page.Contents ?? []).map(({ Key = "" }) => decodeURIComponent(Key)));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(found).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    const folded = await aws.s3.send(new ListObjectsV2Command({ Bucket, Prefix: "l/", Delimiter: "/" }));
    expect(folded.CommonPrefixes).toEqual([{ Prefix: "l/d/" }]);
    expect(folded.Contents).toHaveLength(keys.length - 2);
  });

  test("lists versions and delete markers over pages, newest first within a key", async () => {
    for (const body of ["1", "2", "3"]) await put("v/a", body);
    await aws.s3.send(new DeleteObjectCommand({ Bucket, Key: "v/a" }));
    await put("v/b", "1");
    const found: string[] = [];
    let [KeyMarker, VersionIdMarker]: (string | undefined)[] = [];
    do {
      const page: ListObjectVersionsCommandOutput = await aws.s3.send(
        new ListObjectVersionsCommand({ Bucket, Prefix: "v/", MaxKeys: 2, KeyMarker, VersionIdMarker }),
      );
      found.push(...(page.DeleteMarkers ?? []).map(({ Key, IsLatest }) => `${Key} marker ${IsLatest}`));
      found.push(...(page.Versions ?? []).map(({ Key, IsLatest, Size }) => `${Key} ${Size} ${IsLatest}`));
      [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
    } while (KeyMarker !== undefined);
    expect(found).toEqual(["v/a marker true", "v/a 1 false", "v/a 1 false", "v/a 1 false", "v/b 1 true"]);
  });
});
