import { pMapIterable } from "p-map";
import { sha256Hex } from "../../ledger/chain.ts";
import { BundleDamaged } from "./errors.ts";
import { READS_AT_ONCE, readDecision } from "./find-decisions.ts";
import { fileOf, type IndexEntry, type PartIndex } from "./format.ts";
import { byMember, packMember } from "./members.ts";
import type { BundlePlace } from "./place.ts";

/**
 * Makes a part again from its index, for one whose maker stopped between the two.
 *
 * Throws: `BundleDamaged` naming the index, if a decision is not the one it lists, or if this machine's compressor
 *         gives other bytes than that of the machine which wrote the index (they may differ by version and processor).
 */
export const repackPart = async (
  place: BundlePlace,
  index: PartIndex,
  indexKey: string,
): Promise<Uint8Array> => {
  const members: Buffer[] = [];
  for (const entries of byMember(index.entries))
    members.push(packMember(await textsOf(place, entries, indexKey)));
  const bytes = Buffer.concat(members);
  if (fileOf(index.part.key, bytes).sha256 === index.part.sha256) return bytes;
  throw new BundleDamaged(
    indexKey,
    `lists a part that was never stored, and this machine compresses it to other bytes than the one that began it: run the command there, or delete ${indexKey} and run it again`,
  );
};

const textsOf = async (
  place: BundlePlace,
  entries: readonly IndexEntry[],
  indexKey: string,
): Promise<readonly Buffer[]> => {
  const texts: Buffer[] = [];
  const reading = pMapIterable(entries, ({ key }) => readDecision(place, key), {
    concurrency: READS_AT_ONCE,
  });
  for await (const decision of reading) {
    const entry = entries[texts.length];
    if (decision === undefined || sha256Hex(decision.text) !== entry?.sha256)
      throw new BundleDamaged(indexKey, `lists ${entry?.key} with another content than it has`);
    texts.push(decision.text);
  }
  return texts;
};
