import pMap from "p-map";
import { decisionPrefix } from "../ledger/names.ts";
import { parseRecord } from "../ledger/record.ts";
import { type BundledLine, bundledLines } from "./collect-bundled.ts";
import { lineOf } from "./manifest/line-of.ts";
import type { ManifestLine, ManifestPlace } from "./manifest/manifest.ts";

/** Decisions read at once from one prefix. */
const READS_AT_ONCE = 32;
/** 10 million decisions of one epoch, which all lie in memory here, some 500 bytes each. */
const PAGES_MAX = 10_000;
/**
 * Listings of an epoch. Whatever a listing shows had its predecessors published before, so the next one shows those; a
 * third is for what came in between, which nobody was told of.
 */
const LISTINGS_MAX = 3;

/** Where a stream stood at the end of what is sealed already. */
export type StreamEnd = { readonly sequence: number; readonly hash: string };

/** What was found of an epoch. `valid`: on whole chains from the sealed past on. `void`: all others, by name. */
export type Collection = { readonly valid: readonly ManifestLine[]; readonly void: readonly string[] };

/**
 * All decisions of an epoch, once its marker is written and all survivors are published: lists until nothing lacks its
 * predecessor, since a listing of several pages is no snapshot.
 *
 * `past`: where the sealed streams stood. `epoch`: the one that is sealed. `archiveBucket`: where bundles are; a decision
 * that a bundle holds is not read if the listing shows an object of the same bytes, by its ETag. An object that S3 has
 * encrypted under a key of its own, or that came in parts, has another ETag, and is read. Throws: what S3 throws.
 */
export const collectDecisions = async (
  place: ManifestPlace,
  epoch: number,
  past: ReadonlyMap<string, StreamEnd>,
  onProgress: (decisions: number) => void = () => {},
  archiveBucket?: string,
): Promise<Collection> => {
  const found = new Map<string, ManifestLine>();
  const { objects } = place;
  const bundled = archiveBucket === undefined ? NONE : await bundledLines({ objects, archiveBucket }, epoch);
  for (let listings = 1; ; listings += 1) {
    await addListed(place, epoch, { found, bundled }, onProgress);
    const collection = onChains([...found.values()], past);
    if (collection.void.length === 0 || listings === LISTINGS_MAX) return collection;
  }
};

const NONE: ReadonlyMap<string, BundledLine> = new Map();

const addListed = async (
  { objects, bucket }: ManifestPlace,
  epoch: number,
  {
    found,
    bundled,
  }: { readonly found: Map<string, ManifestLine>; readonly bundled: ReadonlyMap<string, BundledLine> },
  onProgress: (decisions: number) => void,
): Promise<void> => {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await objects.list({ bucket, prefix: decisionPrefix(epoch), cursor });
    for (const { key, eTag } of listed.objects) {
      const same = bundled.get(key);
      if (same?.eTag === eTag) found.set(key, same.line);
    }
    await pMap(
      listed.objects.filter(({ key }) => !found.has(key)),
      async ({ key }) => {
        const got = await objects.get({ bucket, key });
        if (got === undefined)
          throw new Error(`s3://${bucket}/${key} was listed and is gone: decisions must never be deleted.`);
        const text = Buffer.from(got.body).toString("utf8");
        found.set(key, lineOf(key, text, parseRecord(text, key)));
      },
      { concurrency: READS_AT_ONCE },
    );
    onProgress(found.size);
    cursor = listed.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX} pages of decisions in epoch ${epoch}: restore in parts.`);
};

/** Keeps what stands on a whole chain with every leg; what is dropped may break other chains, so until none is. Pure. */
export const onChains = (
  lines: readonly ManifestLine[],
  past: ReadonlyMap<string, StreamEnd>,
): Collection => {
  const byStream = new Map<string, { line: ManifestLine; leg: ManifestLine["legs"][number] }[]>();
  for (const line of lines) for (const leg of line.legs) addTo(byStream, leg.stream, { line, leg });
  for (const links of byStream.values()) links.sort((a, b) => a.leg.sequence - b.leg.sequence);
  const dropped = new Set<ManifestLine>();
  // Ends: each turn but the last drops at least one.
  for (let before = -1; before !== dropped.size; ) {
    before = dropped.size;
    for (const [stream, links] of byStream) {
      let at = past.get(stream);
      for (const { line, leg } of links) {
        const follows = leg.sequence === (at?.sequence ?? 0) + 1 && isAfter(leg.prevHash, at);
        if (dropped.has(line) || !follows) dropped.add(line);
        else at = leg;
      }
    }
  }
  return {
    valid: lines.filter(line => !dropped.has(line)),
    void: [...dropped].map(({ name }) => name).sort(),
  };
};

/** The first leg of a stream follows on nothing: its previous hash is all zeros. */
const isAfter = (prevHash: string, at: StreamEnd | undefined): boolean =>
  at === undefined ? /^0{64}$/.test(prevHash) : prevHash === at.hash;

const addTo = <T>(groups: Map<string, T[]>, name: string, each: T): void => {
  const group = groups.get(name);
  if (group) group.push(each);
  else groups.set(name, [each]);
};
