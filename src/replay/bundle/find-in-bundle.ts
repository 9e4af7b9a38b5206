import { sha256Hex } from "../../ledger/chain.ts";
import { decisionName } from "../../ledger/names.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import { BundleDamaged } from "./errors.ts";
import type { IndexEntry, ManifestPart } from "./format.ts";
import { linesOfMember } from "./members.ts";
import { type BundledDecision, bundlesOfDay, readIndex } from "./read-bundle.ts";
import type { Shelf } from "./stored.ts";

export type FoundInBundle = {
  readonly decisions: readonly BundledDecision[];
  /** Asked of S3 for it. */
  readonly requests: number;
};

/** Sorts behind every digest that can follow a name. */
const BEHIND_DIGESTS = "~~";

/**
 * The decisions over one request key in the first of a day's bundles that has any: mostly one; more where the key was
 * used again that day for other content, or in another epoch.
 *
 * Three requests where the day has one bundle: its manifest, the index of the part that may hold the key, and by range
 * the gzip member with the record. Every SHA-256 but the part's own is compared.
 * Throws: `BundleDamaged`; `ObjectFrozen` for a part in a cold class.
 */
export const findInBundle = async (
  shelf: Shelf & { readonly epoch: number },
  day: string,
  requestKey: string,
): Promise<FoundInBundle> => {
  const names = Array.from({ length: shelf.epoch }, (_, before) => decisionName(before + 1, requestKey));
  let requests = 0;
  for await (const manifest of bundlesOfDay(shelf, day)) {
    requests += 1;
    const decisions: BundledDecision[] = [];
    for (const part of manifest.parts.filter(each => names.some(name => mayHold(each, name)))) {
      requests += 1;
      const { entries } = await readIndex(shelf, part);
      const wanted = entries.filter(({ key }) =>
        names.some(name => key === name || key.startsWith(`${name}~`)),
      );
      for (const members of Map.groupBy(wanted, ({ offset }) => offset).values()) {
        requests += 1;
        decisions.push(...(await readMember(shelf, part.key, members)));
      }
    }
    if (decisions.length > 0) return { decisions, requests };
  }
  return { decisions: [], requests: requests + 1 };
};

const mayHold = ({ first, last }: ManifestPart, name: string): boolean =>
  compareUtf8(first, `${name}${BEHIND_DIGESTS}`) <= 0 && compareUtf8(name, last) <= 0;

const readMember = async (
  { objects, archiveBucket }: Shelf,
  part: string,
  entries: readonly IndexEntry[],
): Promise<readonly BundledDecision[]> => {
  const [{ offset, length } = { offset: 0, length: 0 }] = entries;
  const range = { start: offset, end: offset + length - 1 };
  const found = await objects.get({ bucket: archiveBucket, key: part }, range);
  if (found === undefined) throw new BundleDamaged(part, "is not there");
  const lines = linesOfMember(found.body, part, offset);
  return entries.map(({ key, line, sha256 }) => {
    const text = lines[line];
    if (text === undefined || sha256Hex(text) !== sha256)
      throw new BundleDamaged(part, `holds another text for ${key} than its index says`);
    return { key, text: text.toString("utf8") };
  });
};
