import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ObjectFrozen, type ObjectStore } from "../../src/ports/object-store.ts";

/** An object store with two versioned buckets, empty and of names of their own. */
export type ContractBuckets = {
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly other: string;
};

/** More pages than any test here fills. */
const PAGES_MAX = 30;

/** Keys that have been broken by encoding somewhere before: in headers, queries, listings or copy sources. */
const ODD_KEYS = [
  "a b+c%20d",
  "a/../b",
  "ä/ö ü.json",
  "dir//double",
  "emoji 😀",
  "line\nbreak",
  "quote'\"&<>",
  "sequence=1&x=y?z#f",
  "~tilde",
  "\uffee",
];

/** What every backend of `ObjectStore` has to do. `make` gives fresh buckets each time. */
export const objectStoreContract = (name: string, make: () => Promise<ContractBuckets>): void => {
  describe(`${name} as an object store`, () => {
    describe("put and get", () => {
      test("stores bytes and gives them back with their facts", async () => {
        const { store, bucket } = await make();
        const body = Uint8Array.from([0, 255, 10, 13, 128]);
        const put = await store.put({
          bucket,
          key: "k",
          body,
          metadata: { note: "one two", "account-sequence": "7" },
          contentType: "application/json",
        });
        const found = await store.get({ bucket, key: "k" });
        expect(found?.body).toEqual(body);
        expect(Buffer.isBuffer(found?.body)).toBe(false);
        expect(found?.facts).toMatchObject({
          bucket,
          key: "k",
          sizeBytes: 5,
          eTag: createHash("md5").update(body).digest("hex"),
          storageClass: "STANDARD",
          metadata: { note: "one two", "account-sequence": "7" },
          contentType: "application/json",
        });
        expect(found?.facts.lastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(put).toEqual({
          outcome: "stored",
          versionId: found?.facts.versionId,
          eTag: found?.facts.eTag,
        });
        expect(await store.head({ bucket, key: "k" })).toEqual(found?.facts);
      });

      test("takes text as UTF-8, and nothing at all", async () => {
        const { store, bucket } = await make();
        await store.put({ bucket, key: "text", body: "grüezi 😀" });
        await store.put({ bucket, key: "nothing", body: "" });
        expect(textOf(await store.get({ bucket, key: "text" }))).toBe("grüezi 😀");
        const nothing = await store.get({ bucket, key: "nothing" });
        expect([nothing?.body.length, nothing?.facts.sizeBytes]).toEqual([0, 0]);
      });

      test.each(ODD_KEYS)("keeps the key %j", async key => {
        const { store, bucket, other } = await make();
        const put = await store.put({ bucket, key, body: key });
        expect(textOf(await store.get({ bucket, key }))).toBe(key);
        expect((await store.list({ bucket })).objects.map(each => each.key)).toEqual([key]);
        expect((await store.listVersions({ bucket })).versions.map(each => each.key)).toEqual([key]);
        const versionId = put.outcome === "stored" ? put.versionId : undefined;
        await store.copy({ from: { bucket, key, versionId }, to: { bucket: other, key } });
        expect(textOf(await store.get({ bucket: other, key }))).toBe(key);
        await store.putTags({ bucket, key }, { tag: "v" });
        expect(await store.getTags({ bucket, key })).toEqual({ tag: "v" });
        await store.delete({ bucket, key });
        expect(await store.get({ bucket, key })).toBeUndefined();
      });

      test("gives ranges with the size of the whole", async () => {
        const { store, bucket } = await make();
        await store.put({ bucket, key: "k", body: "0123456789" });
        const ranged = async (start: number, end: number) => {
          const found = await store.get({ bucket, key: "k" }, { start, end });
          return [textOf(found), found?.facts.sizeBytes];
        };
        expect(await ranged(2, 4)).toEqual(["234", 10]);
        expect(await ranged(8, 99)).toEqual(["89", 10]);
        expect(await ranged(10, 12)).toEqual(["", 10]);
        await store.put({ bucket, key: "k", body: "" });
        expect(await ranged(0, 0)).toEqual(["", 0]);
      });

      test("streams what is large, byte for byte", async () => {
        const { store, bucket } = await make();
        const body = Uint8Array.from({ length: 700_001 }, (_, at) => (at * 31) % 251);
        await store.put({ bucket, key: "k", body });
        const found = await store.stream({ bucket, key: "k" });
        const pieces: Uint8Array[] = [];
        for await (const piece of found?.body ?? []) pieces.push(piece);
        expect(found?.facts.sizeBytes).toBe(body.length);
        expect(Buffer.concat(pieces).equals(body)).toBe(true);
      });

      test("does not share state with the caller", async () => {
        const { store, bucket } = await make();
        const body = Uint8Array.from([1, 2, 3]);
        await store.put({ bucket, key: "k", body });
        body[0] = 9;
        const found = await store.get({ bucket, key: "k" });
        found?.body.fill(7);
        expect((await store.get({ bucket, key: "k" }))?.body).toEqual(Uint8Array.from([1, 2, 3]));
      });
    });

    describe("absence", () => {
      test("is undefined for a key, a version and a deleted object", async () => {
        const { store, bucket } = await make();
        const put = await store.put({ bucket, key: "gone", body: "x" });
        await store.delete({ bucket, key: "gone" });
        const { versions } = await store.listVersions({ bucket });
        const marker = versions.find(each => each.isDeleteMarker)?.versionId;
        const erased = put.outcome === "stored" ? put.versionId : undefined;
        await store.delete({ bucket, key: "gone", versionId: erased });
        for (const address of [
          { bucket, key: "never" },
          { bucket, key: "gone" },
          { bucket, key: "gone", versionId: marker },
          { bucket, key: "gone", versionId: erased },
        ]) {
          expect(await store.get(address)).toBeUndefined();
          expect(await store.get(address, { start: 0, end: 1 })).toBeUndefined();
          expect(await store.head(address)).toBeUndefined();
          expect(await store.stream(address)).toBeUndefined();
          expect(await store.getTags(address)).toBeUndefined();
        }
      });

      test("of a bucket is an error", async () => {
        const { store } = await make();
        const address = { bucket: "no-such-bucket", key: "k" };
        const { bucket } = address;
        await expect(store.head(address)).rejects.toThrow(/bucket/);
        await expect(store.get(address)).rejects.toThrow(/bucket/);
        await expect(store.stream(address)).rejects.toThrow(/bucket/);
        await expect(store.getTags(address)).rejects.toThrow(/bucket/);
        await expect(store.put({ ...address, body: "" })).rejects.toThrow(/bucket/);
        await expect(store.delete(address)).rejects.toThrow(/bucket/);
        await expect(store.list({ bucket })).rejects.toThrow(/bucket/);
        await expect(store.listVersions({ bucket })).rejects.toThrow(/bucket/);
      });

      test("of a copy's source is an error, of a deleted object no obstacle to deleting it again", async () => {
        const { store, bucket } = await make();
        await expect(
          store.copy({ from: { bucket, key: "never" }, to: { bucket, key: "k" } }),
        ).rejects.toThrow();
        await store.delete({ bucket, key: "never" });
        await store.delete({ bucket, key: "never" });
        expect((await store.listVersions({ bucket })).versions).toHaveLength(2);
      });
    });

    describe("conditions", () => {
      test("stores what is absent only once, until it is deleted", async () => {
        const { store, bucket } = await make();
        const put = (body: string) => store.put({ bucket, key: "k", body, ifAbsent: true });
        expect((await put("first")).outcome).toBe("stored");
        expect(await put("second")).toEqual({ outcome: "exists" });
        expect(textOf(await store.get({ bucket, key: "k" }))).toBe("first");
        await store.delete({ bucket, key: "k" });
        expect((await put("third")).outcome).toBe("stored");
        expect((await store.put({ bucket, key: "k", body: "fourth" })).outcome).toBe("stored");
      });

      test("lets exactly one of several racing puts win", async () => {
        const { store, bucket } = await make();
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, at) =>
            store.put({ bucket, key: "k", body: `${at}`, ifAbsent: true }),
          ),
        );
        const winners = outcomes.flatMap(({ outcome }, at) => (outcome === "stored" ? [`${at}`] : []));
        expect(winners).toEqual([textOf(await store.get({ bucket, key: "k" }))]);
        expect((await store.listVersions({ bucket })).versions).toHaveLength(1);
      });

      test("copies onto what is absent only once", async () => {
        const { store, bucket, other } = await make();
        await store.put({ bucket, key: "k", body: "x" });
        const copy = () =>
          store.copy({ from: { bucket, key: "k" }, to: { bucket: other, key: "k" }, ifAbsent: true });
        expect((await copy()).outcome).toBe("stored");
        expect(await copy()).toEqual({ outcome: "exists" });
      });
    });

    describe("copies", () => {
      test("keep metadata, content type and tags unless they are replaced", async () => {
        const { store, bucket, other } = await make();
        const from = { bucket, key: "k" };
        await store.put({
          ...from,
          body: "x",
          metadata: { a: "1" },
          tags: { t: "ä +&=" },
          contentType: "text/plain",
        });
        await store.copy({ from, to: { bucket: other, key: "kept" } });
        await store.copy({
          from,
          to: { bucket: other, key: "replaced" },
          metadata: { b: "2" },
          tags: { u: "w" },
          storageClass: "STANDARD_IA",
        });
        const kept = await store.head({ bucket: other, key: "kept" });
        expect([kept?.metadata, kept?.contentType]).toEqual([{ a: "1" }, "text/plain"]);
        expect(await store.getTags({ bucket: other, key: "kept" })).toEqual({ t: "ä +&=" });
        const replaced = await store.head({ bucket: other, key: "replaced" });
        expect([replaced?.metadata, replaced?.storageClass]).toEqual([{ b: "2" }, "STANDARD_IA"]);
        expect(await store.getTags({ bucket: other, key: "replaced" })).toEqual({ u: "w" });
      });

      test("take the version they are asked for", async () => {
        const { store, bucket, other } = await make();
        const first = await store.put({ bucket, key: "k", body: "first" });
        await store.put({ bucket, key: "k", body: "second" });
        const versionId = first.outcome === "stored" ? first.versionId : undefined;
        await store.copy({ from: { bucket, key: "k", versionId }, to: { bucket: other, key: "k" } });
        expect(textOf(await store.get({ bucket: other, key: "k" }))).toBe("first");
      });
    });

    describe("listings", () => {
      test("give current objects in the order of UTF-8 bytes, by prefix, start and page", async () => {
        const { store, bucket } = await make();
        const keys = ["a", "p/1", "p/10", "p/2", "p/é", "p/\uffee", "p/😀", "q"];
        for (const key of [...keys].reverse()) await store.put({ bucket, key, body: key });
        await store.put({ bucket, key: "p/gone", body: "x" });
        await store.delete({ bucket, key: "p/gone" });
        const listed = async (request: object) => {
          const found: string[] = [];
          await pages(async cursor => {
            const page = await store.list({ bucket, ...request, cursor });
            found.push(...page.objects.map(each => each.key));
            return page.cursor;
          });
          return found;
        };
        expect(await listed({})).toEqual(keys);
        expect(await listed({ prefix: "p/" })).toEqual(keys.slice(1, 7));
        expect(await listed({ prefix: "p/", limit: 2 })).toEqual(keys.slice(1, 7));
        expect(await listed({ startAfter: "p/10", limit: 1 })).toEqual(keys.slice(3));
        expect(await listed({ prefix: "none/" })).toEqual([]);
      });

      test("tell size, hash, time and class", async () => {
        const { store, bucket } = await make();
        await store.put({ bucket, key: "k", body: "hello", storageClass: "STANDARD_IA" });
        const { objects } = await store.list({ bucket });
        expect(objects).toEqual([
          {
            key: "k",
            eTag: "5d41402abc4b2a76b9719d911017c592",
            sizeBytes: 5,
            lastModified: expect.stringMatching(/Z$/),
            storageClass: "STANDARD_IA",
          },
        ]);
      });

      test("give all versions and markers by key, newest first, over pages", async () => {
        const { store, bucket } = await make();
        const ids: string[] = [];
        for (const body of ["1", "2"]) {
          const put = await store.put({ bucket, key: "b c", body });
          ids.unshift(put.outcome === "stored" ? (put.versionId ?? "") : "");
        }
        await store.delete({ bucket, key: "b c" });
        await store.put({ bucket, key: "a", body: "1" });
        for (const limit of [1000, 1, 3]) {
          const found: unknown[] = [];
          await pages(async cursor => {
            const page = await store.listVersions({ bucket, limit, cursor });
            found.push(
              ...page.versions.map(each => [each.key, each.isLatest, each.isDeleteMarker, each.sizeBytes]),
            );
            return page.cursor;
          });
          expect(found).toEqual([
            ["a", true, false, 1],
            ["b c", true, true, undefined],
            ["b c", false, false, 1],
            ["b c", false, false, 1],
          ]);
        }
        const { versions } = await store.listVersions({ bucket, startAfter: "a" });
        expect(versions.filter(each => !each.isDeleteMarker).map(each => each.versionId)).toEqual(ids);
        const old = await store.get({ bucket, key: "b c", versionId: ids[1] });
        expect([textOf(old), old?.facts.versionId]).toEqual(["1", ids[1]]);
      });
    });

    test("replaces the whole set of tags", async () => {
      const { store, bucket } = await make();
      await store.put({ bucket, key: "k", body: "x", tags: { a: "1", b: "two words" } });
      expect(await store.getTags({ bucket, key: "k" })).toEqual({ a: "1", b: "two words" });
      await store.putTags({ bucket, key: "k" }, { c: "=&+ ü" });
      expect(await store.getTags({ bucket, key: "k" })).toEqual({ c: "=&+ ü" });
      await store.putTags({ bucket, key: "k" }, {});
      expect(await store.getTags({ bucket, key: "k" })).toEqual({});
    });

    test("a cold object tells its facts, and is frozen until a restore is over", async () => {
      const { store, bucket, other } = await make();
      const address = { bucket, key: "k" };
      await store.put({ ...address, body: "x", storageClass: "DEEP_ARCHIVE" });
      expect((await store.head(address))?.storageClass).toBe("DEEP_ARCHIVE");
      await expect(store.get(address)).rejects.toThrow(ObjectFrozen);
      await expect(store.stream(address)).rejects.toThrow(ObjectFrozen);
      await expect(store.copy({ from: address, to: { bucket: other, key: "k" } })).rejects.toThrow(
        ObjectFrozen,
      );
      expect(await store.restore(address, 1, "Standard")).toBe("asked");
      expect((await store.head(address))?.restore).toMatchObject({ ongoing: true });
      await expect(store.get(address)).rejects.toThrow(ObjectFrozen);
      expect(await store.restore(address, 1, "Standard")).toBe("ongoing");
      await store.put({ ...address, key: "warm", body: "x" });
      expect(await store.restore({ ...address, key: "warm" }, 1, "Standard")).toBe("warm");
    });
  });
};

const textOf = (found: { readonly body: Uint8Array } | undefined): string | undefined =>
  found && Buffer.from(found.body).toString();

const pages = async (read: (cursor: string | undefined) => Promise<string | undefined>): Promise<void> => {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    cursor = await read(cursor);
    if (cursor === undefined) return;
  }
  throw new Error(`Expected at most ${PAGES_MAX} pages`);
};
