import { pMapIterable } from "p-map";
import { sha256Hex } from "../../ledger/chain.ts";
import type { DecisionRecord } from "../../ledger/domain.ts";
import { publishedDecisions } from "../../ledger/fold.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { parseRecord } from "../../ledger/record.ts";
import { ManifestDamaged, type ManifestLine, type ManifestPlace } from "./manifest.ts";
import { manifestLines, manifestsUpTo } from "./read-manifest.ts";

/** Decisions read at once: as many as elsewhere from one prefix. */
const READS_AT_ONCE = 32;
/** Of a decision that is gone; one that was changed is not overwritten. */
const MAKE_AGAIN = ', or have it made again by "daybook replay --source events"';

/**
 * Every decision that counts: those that the sealed manifests list, in no particular order, then those published in the
 * live epoch. What was published in an epoch after it was sealed counts for nothing.
 *
 * Source: ruling 34. Throws: `ManifestDamaged`; what S3 throws.
 */
export async function* validDecisions<Change>(
  ledger: Pick<AnyLedger, "objects" | "decisionsBucket" | "epoch">,
): AsyncGenerator<DecisionRecord<Change>> {
  const { objects, decisionsBucket: bucket, epoch } = ledger;
  yield* sealedDecisions<Change>({ objects, bucket }, epoch);
  yield* publishedDecisions<Change>(objects, bucket, epoch);
}

async function* sealedDecisions<Change>(
  place: ManifestPlace,
  epoch: number,
): AsyncGenerator<DecisionRecord<Change>> {
  for (const manifest of await manifestsUpTo(place, epoch))
    yield* pMapIterable(manifestLines(place, manifest), line => readDecision<Change>(place, line), {
      concurrency: READS_AT_ONCE,
    });
}

/** The decision of a line, with its bytes compared. Throws: `ManifestDamaged`; what S3 throws. */
export const readDecision = async <Change>(
  { objects, bucket }: ManifestPlace,
  { name, sha256 }: Pick<ManifestLine, "name" | "sha256">,
): Promise<DecisionRecord<Change>> => {
  const found = await objects.get({ bucket, key: name });
  if (found === undefined) throw missingDecision(bucket, name);
  if (sha256Hex(found.body) !== sha256)
    throw new ManifestDamaged(bucket, name, "has other bytes than were sealed");
  return parseRecord<Change>(Buffer.from(found.body).toString("utf8"), name);
};

/** What is said of a sealed decision whose object is gone. */
export const missingDecision = (bucket: string, name: string): ManifestDamaged =>
  new ManifestDamaged(bucket, name, "is sealed and missing", MAKE_AGAIN);
