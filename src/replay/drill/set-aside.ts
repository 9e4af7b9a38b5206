import { sha256Hex } from "../../ledger/chain.ts";
import type {
  ListedObject,
  ListRequest,
  ObjectFacts,
  ObjectStore,
  PutOutcome,
  PutRequest,
} from "../../ports/object-store.ts";
import type { Store } from "../../table/store.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";

/** Something that works on what is set aside only tried to change what is real: a defect, and nothing was changed. */
export class RealWrite extends Error {
  override readonly name = "RealWrite";
  constructor(what: string) {
    super(`A drill must not change what is real: ${what}`);
  }
}

const KEYS_MAX = 1_000;

type Kept = { readonly facts: ObjectFacts; readonly body: Uint8Array };

/**
 * An object store over another one: what is put stays here, in memory, and is read from here; everything else is read
 * from the other one, which nothing is ever written to. What only changes objects throws `RealWrite`.
 */
export const setAside = (real: ObjectStore): ObjectStore => {
  const kept = new Map<string, Kept>();
  const nameOf = ({ bucket, key }: { readonly bucket: string; readonly key: string }): string =>
    `${bucket}/${key}`;
  const refuse = async (): Promise<never> => {
    throw new RealWrite("objects are put, and neither copied, deleted, tagged nor restored");
  };
  const put = async (request: PutRequest): Promise<PutOutcome> => {
    const name = nameOf(request);
    const isThere = request.ifAbsent === true && (await real.head(request)) !== undefined;
    if (request.ifAbsent === true && (isThere || kept.has(name))) return { outcome: "exists" };
    const object = keptOf(request);
    kept.set(name, object);
    return { outcome: "stored", eTag: object.facts.eTag };
  };
  return {
    put,
    get: async (address, range) => {
      const mine = kept.get(nameOf(address));
      if (mine === undefined) return real.get(address, range);
      return range === undefined ? mine : { ...mine, body: mine.body.slice(range.start, range.end + 1) };
    },
    stream: async address => {
      const mine = kept.get(nameOf(address));
      return mine === undefined ? real.stream(address) : { ...mine, body: only(mine.body) };
    },
    head: async address => kept.get(nameOf(address))?.facts ?? real.head(address),
    list: request => listBoth(real, [...kept.values()], request),
    listVersions: request => real.listVersions(request),
    getTags: address => real.getTags(address),
    ...{ copy: refuse, delete: refuse, putTags: refuse, restore: refuse },
  };
};

const keptOf = ({ bucket, key, body, metadata = {}, contentType, storageClass }: PutRequest): Kept => {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : Buffer.from(body);
  return {
    body: bytes,
    facts: {
      ...{ bucket, key, metadata, contentType, storageClass: storageClass ?? "STANDARD" },
      eTag: sha256Hex(bytes).slice(0, 32),
      sizeBytes: bytes.byteLength,
      lastModified: "1970-01-01T00:00:00.000Z",
    },
  };
};

async function* only(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

/** One page of both, in order. Its cursor is the last key of the page. */
const listBoth = async (
  real: ObjectStore,
  kept: readonly Kept[],
  { bucket, prefix = "", startAfter = "", cursor = startAfter, limit = KEYS_MAX }: ListRequest,
): ReturnType<ObjectStore["list"]> => {
  const page = await real.list({ bucket, prefix, limit, ...(cursor !== "" && { startAfter: cursor }) });
  const last = page.cursor === undefined ? undefined : page.objects.at(-1)?.key;
  const mine = kept.flatMap(({ facts }): readonly ListedObject[] => {
    const isHere = facts.bucket === bucket && facts.key.startsWith(prefix);
    const isAfter = compareUtf8(facts.key, cursor) > 0;
    return isHere && isAfter && (last === undefined || compareUtf8(facts.key, last) < 0) ? [facts] : [];
  });
  const names = new Set(mine.map(({ key }) => key));
  const both = [...page.objects.filter(({ key }) => !names.has(key)), ...mine].sort((a, b) =>
    compareUtf8(a.key, b.key),
  );
  const objects = both.slice(0, limit);
  const isMore = both.length > limit || last !== undefined;
  return { objects, cursor: isMore ? objects.at(-1)?.key : undefined };
};

/** A table to be read only. */
export const readOnly = (real: Store): Store => {
  const refuse = async (): Promise<never> => {
    throw new RealWrite("the live table is read only");
  };
  return {
    get: keys => real.get(keys),
    query: query => real.query(query),
    scan: request => real.scan(request),
    ...{ write: refuse, transact: refuse, putAll: refuse },
  };
};
