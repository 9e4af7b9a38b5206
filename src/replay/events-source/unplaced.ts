import pMap from "p-map";
import { candidateOf } from "../../ledger/candidate.ts";
import { type Candidate, inCanonicalOrder } from "../../ledger/canonical-order.ts";
import { findRequest } from "../../ledger/found-request.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { NULL_VERSION, type Observation } from "../../tracking/observation.ts";
import type { Report } from "../inventory/open-report.ts";
import { type KnownDecision, toldOf } from "./known-decision.ts";
import { versionsShown } from "./versions-shown.ts";

const READS_AT_ONCE = 32;

export type Unplaced = {
  readonly candidates: readonly Candidate<unknown>[];
  /** Versions in the requests' bucket, and those of them that were read. */
  readonly requests: number;
  readonly reads: number;
  readonly rows: number;
  readonly pages: number;
};

/**
 * The requests of which no decision is known, in canonical order. A version that a decision names as its source is
 * passed over unread; of any other the content tells.
 *
 * Throws: as `versionsShown`.
 */
export const findUnplaced = async (
  ledger: AnyLedger,
  known: readonly KnownDecision[],
  reports: readonly Report[],
): Promise<Unplaced> => {
  const { objects, roles } = ledger;
  const sources = new Set<string>();
  const contents = new Set<string>();
  for (const decision of known) {
    const { key, digest } = toldOf(decision);
    const { source } = "placed" in decision ? decision.placed : decision.record;
    sources.add(sourceText(source.bucket, key, source.versionId ?? NULL_VERSION));
    contents.add(contentText(key, digest));
  }
  const { keys, rows, pages } = await versionsShown(objects, roles.requests, reports);
  const versions = keys.flatMap(each => each.versions);
  // The null version may have been overwritten since: only its content tells.
  const unknown = versions.filter(
    ({ bucket, key, versionId }) =>
      versionId === NULL_VERSION || !sources.has(sourceText(bucket, key, versionId)),
  );
  const read = await pMap(unknown, seen => findRequest(objects, seen), { concurrency: READS_AT_ONCE });
  const candidates = new Map<string, Candidate<unknown>>();
  for (const found of read) {
    if (found === undefined) continue;
    const content = contentText(found.seen.key, found.digest);
    if (!contents.has(content) && !candidates.has(content))
      candidates.set(content, candidateOf(ledger, found));
  }
  return {
    candidates: inCanonicalOrder([...candidates.values()]),
    ...{ requests: versions.length, reads: unknown.length, rows, pages },
  };
};

const sourceText = (bucket: string, key: string, versionId: string): string =>
  JSON.stringify([bucket, key, versionId]);

const contentText = (key: Observation["key"], digest: string): string => `${digest} ${key}`;
