import { pMapIterable } from "p-map";
import { sha256Hex } from "../../ledger/chain.ts";
import { parseRecord, requestBytes } from "../../ledger/record.ts";
import { isRequestKept } from "./copies.ts";
import { BundleDamaged } from "./errors.ts";
import { READS_AT_ONCE } from "./find-decisions.ts";
import {
  type BundleManifest,
  fileOf,
  type IndexEntry,
  type ManifestPart,
  manifestOf,
  manifestPart,
  manifestText,
  type PartIndex,
  type StoredFile,
} from "./format.ts";
import { byMember, linesOfMember } from "./members.ts";
import { type BundleName, indexKey, manifestKey, partKey, partPrefix } from "./names.ts";
import { type BundlePlace, objectsUnder } from "./place.ts";
import { readBytes, readLink, readManifest } from "./stored.ts";

/** One thing that is not as it should be: of which object, of which decision in it, and what. */
export type BundleDifference = {
  readonly object: string;
  readonly decision?: string;
  readonly what: string;
};

export type BundleVerdict = BundleName & {
  /** Decisions whose line in the bundle is the one its index names. */
  readonly records: number;
  /** Decisions that carry no bytes of their request. */
  readonly unread: number;
  /** Whether the decisions' own objects were read and compared too. */
  readonly isAgainstOriginals: boolean;
  /** The first `DIFFERENCES_MAX`. */
  readonly differences: readonly BundleDifference[];
  readonly differenceCount: number;
};

/** More say nothing new, and a bundle of a million decisions may be missing altogether. */
const DIFFERENCES_MAX = 1_000;

export type VerifyOptions = {
  /** Compare with the decisions' own objects as they lie in S3 now, a request each. Default true. */
  readonly originals?: boolean;
};

type Check = {
  readonly place: BundlePlace;
  readonly name: BundleName;
  readonly originals: boolean;
  readonly differ: (difference: BundleDifference) => void;
  readonly sums: { records: number; unread: number };
};

/**
 * Compares all that is stored of a bundle: manifest, indices and parts with each other, each record with its SHA-256,
 * its request's bytes with their digest, and each record with the decision's own object. Holds one part in memory.
 *
 * Any byte that was changed, and any object that is missing, is a difference that names the object, and the decision
 * where one record is concerned. A decision without bytes of its request must have the request somewhere.
 * Throws: `ObjectFrozen` for a part in a cold class; what the object store throws.
 */
export const verifyBundle = async (
  place: BundlePlace,
  name: BundleName,
  { originals = true }: VerifyOptions = {},
): Promise<BundleVerdict> => {
  const differences: BundleDifference[] = [];
  let differenceCount = 0;
  const differ = (difference: BundleDifference): void => {
    differenceCount += 1;
    if (differences.length < DIFFERENCES_MAX) differences.push(difference);
  };
  const sums = { records: 0, unread: 0 };
  const check: Check = { place, name, originals, differ, sums };
  const manifest = await damageTold(check, manifestKey(name), () => readManifest(place, name));
  if (manifest !== undefined) {
    await checkParts(check, manifest);
    await checkStrays(check, manifest);
  }
  return {
    day: name.day,
    number: name.number,
    ...sums,
    isAgainstOriginals: originals,
    differences,
    differenceCount,
  };
};

/** What reading gives; undefined, and a difference, where the object is not there or damaged. */
const damageTold = async <T>(
  { differ }: Check,
  object: string,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> => {
  try {
    const found = await read();
    if (found === undefined) differ({ object, what: "is not there" });
    return found;
  } catch (error) {
    if (!(error instanceof BundleDamaged)) throw error;
    differ({ object: error.key, what: error.reason });
    return undefined;
  }
};

const checkParts = async (check: Check, manifest: BundleManifest): Promise<void> => {
  const { place, name, differ } = check;
  const parts: ManifestPart[] = [];
  for (const [before, told] of manifest.parts.entries()) {
    const index = await checkIndex(check, before + 1, told.index);
    if (index === undefined) continue;
    parts.push(manifestPart(index.file, index.link));
    await checkPart(check, partKey(name, before + 1), index.link);
  }
  const end = await damageTold(check, indexKey(name, manifest.parts.length + 1), () =>
    readLink(place, indexKey(name, manifest.parts.length + 1)),
  );
  if (end === undefined || parts.length < manifest.parts.length) return;
  if (end.link !== "end" || end.file.sha256 !== manifest.end.sha256) {
    differ({ object: end.file.key, what: "has other bytes than the manifest says" });
    return;
  }
  const stored = await readBytes(place, manifestKey(name));
  if (
    stored === undefined ||
    Buffer.from(stored).toString("utf8") !== manifestText(manifestOf(name, parts, end.file))
  )
    differ({ object: manifestKey(name), what: "says other things than the indices of its parts" });
};

/** Whoever reads the folder as a table reads every object in it. */
const checkStrays = async ({ place, name, differ }: Check, manifest: BundleManifest): Promise<void> => {
  const known = new Set(manifest.parts.map((_, before) => partKey(name, before + 1)));
  const listing = { bucket: place.archiveBucket, prefix: partPrefix(name) };
  for await (const { key } of objectsUnder(place.objects, listing))
    if (!known.has(key)) differ({ object: key, what: "is no part of the bundle" });
};

type CheckedIndex = { readonly file: StoredFile; readonly link: PartIndex };

/** The index, if it is the one the manifest means; else the part is left, as nothing tells what it should hold. */
const checkIndex = async (
  check: Check,
  part: number,
  told: StoredFile,
): Promise<CheckedIndex | undefined> => {
  const { place, name, differ } = check;
  const key = indexKey(name, part);
  const stored = await damageTold(check, key, () => readLink(place, key));
  if (stored === undefined) return undefined;
  const { file, link } = stored;
  if (link !== "end" && file.sha256 === told.sha256) return { file, link };
  differ({ object: key, what: "has other bytes than the manifest says" });
  return undefined;
};

const checkPart = async (check: Check, key: string, index: PartIndex): Promise<void> => {
  const { place, differ, sums } = check;
  const bytes = await damageTold(check, key, () => readBytes(place, key));
  if (bytes === undefined) return;
  const before = sums.records;
  for (const entries of byMember(index.entries)) await checkMember(check, key, bytes, entries);
  const isEveryRecordRight = sums.records - before === index.entries.length;
  if (fileOf(key, bytes).sha256 !== index.part.sha256 && isEveryRecordRight)
    differ({ object: key, what: "has other bytes than its index says, though every record in it is right" });
  if (check.originals) await checkOriginals(check, index.entries);
};

const checkMember = async (
  { place, differ, sums }: Check,
  part: string,
  bytes: Uint8Array,
  entries: readonly IndexEntry[],
): Promise<void> => {
  const [{ offset, length } = { offset: 0, length: 0 }] = entries;
  const lines = linesOrDamage(bytes.subarray(offset, offset + length), part, offset);
  for (const { key: decision, line, sha256 } of entries) {
    const text = lines instanceof BundleDamaged ? undefined : lines[line];
    if (text === undefined || sha256Hex(text) !== sha256) {
      const what =
        lines instanceof BundleDamaged ? lines.reason : `has another text at byte ${offset}, line ${line}`;
      differ({ object: part, decision, what });
      continue;
    }
    sums.records += 1;
    const record = parseRecord(text.toString("utf8"), decision);
    const request = requestBytes(record);
    if (request !== undefined) {
      if (sha256Hex(request) !== record.digest)
        differ({ object: part, decision, what: "carries other bytes of the request than were decided" });
      continue;
    }
    sums.unread += 1;
    if (!(await isRequestKept(place, record)))
      differ({
        object: part,
        decision,
        what: "carries no bytes of its request, and the request is in no bucket",
      });
  }
};

const linesOrDamage = (
  member: Uint8Array,
  part: string,
  offset: number,
): readonly Buffer[] | BundleDamaged => {
  try {
    return linesOfMember(member, part, offset);
  } catch (error) {
    if (error instanceof BundleDamaged) return error;
    throw error;
  }
};

const checkOriginals = async ({ place, differ }: Check, entries: readonly IndexEntry[]): Promise<void> => {
  const checking = pMapIterable(
    entries,
    async ({ key, sha256 }) => {
      const original = await place.objects.get({ bucket: place.decisionsBucket, key });
      const what =
        original === undefined
          ? "is not there"
          : sha256Hex(original.body) === sha256
            ? undefined
            : "has another text than in the bundle";
      return what === undefined ? undefined : { object: key, decision: key, what };
    },
    { concurrency: READS_AT_ONCE },
  );
  for await (const difference of checking) if (difference !== undefined) differ(difference);
};
