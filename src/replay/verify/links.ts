import { pMapIterable } from "p-map";
import { legHash, sha256Hex } from "../../ledger/chain.ts";
import type { DecisionRecord, Domain, Leg } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { decisionPrefix } from "../../ledger/names.ts";
import { nameOfRecord } from "../../ledger/publish.ts";
import { parseRecord, requestBytes } from "../../ledger/record.ts";
import type { ManifestLine } from "../manifest/manifest.ts";
import { manifestLines, manifestsUpTo } from "../manifest/read-manifest.ts";
import type { Difference } from "./difference.ts";
import { placesInTable } from "./unreadable.ts";

/** Decisions read at once: as many as elsewhere from one prefix. */
const READS_AT_ONCE = 32;
/** 10 million decisions of one epoch, of which each leg lies in memory here, some 600 bytes each (measured). */
const PAGES_MAX = 10_000;

/** One decision's place on a stream, as S3 tells it; of its decision only what a chain needs. */
export type Link = {
  readonly sequence: number;
  readonly hash: string;
  /** Absent where only the table tells of the place. */
  readonly prevHash?: string | undefined;
  /** The decision's object. */
  readonly name: string;
  /** Absent if the decision is lost or does not bear out its hash: the place is known, what happened there is not. */
  readonly leg?: Leg | undefined;
};

/** What S3 says of all streams. `links`: by stream, in no order. */
export type Links = {
  readonly links: ReadonlyMap<string, Link[]>;
  readonly decisions: number;
  /** Objects that are missing, or not what was published. */
  readonly faults: readonly Difference[];
};

type Found = {
  readonly name: string;
  readonly text: string | undefined;
  readonly line?: ManifestLine | undefined;
};

/**
 * Reads every decision that counts: those that the sealed manifests list, then those of the live epoch. Each is compared
 * with its own hash, its name, its request's digest, and with what was sealed of it.
 *
 * `only`: keeps this stream and no other. Memory: see `PAGES_MAX`; no request, no text is kept.
 * Throws: `ManifestDamaged`; what S3 throws.
 */
export const readLinks = async (
  ledger: AnyLedger,
  { only, onProgress }: { readonly only?: string; readonly onProgress?: (decisions: number) => void } = {},
): Promise<Links> => {
  const links = new Map<string, Link[]>();
  const faults: Difference[] = [];
  let decisions = 0;
  for await (const found of foundDecisions(ledger)) {
    const { places, fault } = await placesIn(ledger, found);
    for (const { stream, ...link } of places) {
      if (only !== undefined && stream !== only) continue;
      if (fault !== undefined) faults.push({ stream, sequence: link.sequence, ...fault });
      const chain = links.get(stream);
      if (chain) chain.push(link);
      else links.set(stream, [link]);
    }
    if (places.length === 0 && fault !== undefined && only === undefined)
      faults.push({ stream: found.name, sequence: 0, ...fault });
    decisions += 1;
    onProgress?.(decisions);
  }
  return { links, decisions, faults };
};

async function* foundDecisions(ledger: AnyLedger): AsyncGenerator<Found> {
  const place = placeOfLive(ledger);
  const read = async (name: string): Promise<string | undefined> => {
    const found = await place.objects.get({ bucket: place.bucket, key: name });
    return found && Buffer.from(found.body).toString("utf8");
  };
  const options = { concurrency: READS_AT_ONCE };
  for (const manifest of await manifestsUpTo(place, ledger.epoch))
    yield* pMapIterable(
      manifestLines(place, manifest),
      async line => ({ name: line.name, text: await read(line.name), line }),
      options,
    );
  yield* pMapIterable(liveNames(ledger), async name => ({ name, text: await read(name) }), options);
}

/** Names of the decisions of the live epoch. A listing of several pages is no snapshot. */
async function* liveNames({ objects, decisionsBucket: bucket, epoch }: AnyLedger): AsyncGenerator<string> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await objects.list({ bucket, prefix: decisionPrefix(epoch), cursor });
    for (const { key } of listed.objects) yield key;
    cursor = listed.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX} pages of decisions in s3://${bucket}: compare with a snapshot.`);
}

type Fault = Pick<Difference, "what" | "expected" | "found">;
type Places = { readonly places: readonly (Link & { readonly stream: string })[]; readonly fault?: Fault };

const placesIn = async (ledger: AnyLedger, { name, text, line }: Found): Promise<Places> => {
  const record = text === undefined ? undefined : recordIn(text, name);
  const fault = faultOf(ledger.domain, { name, text, line }, record);
  if (fault === undefined && record !== undefined)
    return { places: record.legs.map(leg => ({ ...placeOf(leg), name, leg })) };
  const legs = line?.legs ?? (await placesInTable(ledger, name));
  const places = (legs.length > 0 ? legs : (record?.legs ?? [])).map(each => ({ ...placeOf(each), name }));
  return { places, ...(fault && { fault }) };
};

type Place = Pick<Leg, "stream" | "sequence" | "hash"> & { readonly prevHash?: string };

const placeOf = ({ stream, sequence, hash, prevHash }: Place) => ({ stream, sequence, hash, prevHash });

const recordIn = (text: string, name: string): DecisionRecord | undefined => {
  try {
    return parseRecord(text, name);
  } catch {
    return undefined;
  }
};

type AnyDomain = Pick<Domain<never, unknown, unknown, unknown>, "canonicalFields">;

/** What is wrong with a decision by itself; undefined if nothing is. */
export const faultOf = (
  domain: AnyDomain,
  { name, text, line }: Found,
  record: DecisionRecord | undefined,
): Fault | undefined => {
  if (text === undefined) return { what: "decision-missing", expected: name, found: "nothing" };
  const changed = (expected: string, found: string): Fault => ({ what: "decision-changed", expected, found });
  if (line !== undefined && sha256Hex(text) !== line.sha256)
    return changed(`${name} with the SHA-256 ${line.sha256}`, sha256Hex(text));
  if (record === undefined) return changed(`the record ${name}`, JSON.stringify(text.slice(0, 80)));
  const must = nameOf(record);
  if (must !== name) return changed(name, String(must));
  const bytes = requestBytes(record);
  if (bytes !== undefined && sha256Hex(bytes) !== record.digest)
    return changed(`over a request with the digest ${record.digest}`, `over ${sha256Hex(bytes)}`);
  const other = record.legs
    .map(leg => [leg.hash, hashOf(domain, record, leg)])
    .find(([is, must]) => is !== must);
  return other && changed(`as its hash ${other[0]} says`, `one with the hash ${other[1]}`);
};

/** Whatever lies there may lack anything; then it is no decision of this name. */
const nameOf = (record: DecisionRecord): string | undefined => {
  try {
    return nameOfRecord(record);
  } catch {
    return undefined;
  }
};

const hashOf = (domain: AnyDomain, record: DecisionRecord, leg: Leg): string => {
  const { key, digest, outcome, code = "" } = record;
  try {
    return legHash({ ...leg, key, digest, outcome, code, changeFields: domain.canonicalFields(leg.change) });
  } catch {
    return "of nothing that can be read";
  }
};
