import pMap from "p-map";
import type { DecisionRecord } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { collectDecisions } from "../collect.ts";
import type { ManifestLine } from "../manifest/manifest.ts";
import { manifestLines, manifestsUpTo } from "../manifest/read-manifest.ts";
import { readDecision } from "../manifest/valid-decisions.ts";
import { endsOf } from "../restore/chains.ts";

/** Decisions read at once: as many as elsewhere from one prefix. */
const READS_AT_ONCE = 32;

/** A decision that counts, and the line that a manifest has or would have for it. */
export type PastDecision = { readonly line: ManifestLine; readonly record: DecisionRecord };

/** All decisions that count. `own`: lines of the ledger's epoch. `void`: names in it that count for nothing. */
export type History = {
  readonly decisions: readonly PastDecision[];
  readonly own: readonly ManifestLine[];
  readonly void: readonly string[];
};

/**
 * Reads every decision that counts: those that sealed manifests list, and those of the ledger's epoch that stand on whole
 * chains. From S3 alone.
 *
 * Memory: all of them, with their requests, some 2 KB each. Throws: `ManifestDamaged`; what S3 throws.
 */
export const readHistory = async (
  ledger: AnyLedger,
  onProgress: (decisions: number) => void = () => {},
): Promise<History> => {
  const place = placeOfLive(ledger);
  const manifests = await manifestsUpTo(place, ledger.epoch);
  const ends = await endsOf(place, manifests);
  const { valid: own, void: lost } = await collectDecisions(
    place,
    ledger.epoch,
    ends,
    undefined,
    ledger.roles.archive,
  );
  const lines: ManifestLine[] = [];
  for (const manifest of manifests) for await (const line of manifestLines(place, manifest)) lines.push(line);
  lines.push(...own);
  let read = 0;
  const decisions = await pMap(
    lines,
    async line => {
      const record = await readDecision(place, line);
      read += 1;
      onProgress(read);
      return { line, record };
    },
    { concurrency: READS_AT_ONCE },
  );
  return { decisions, own, void: lost };
};
