import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import type { ManifestLine } from "../manifest/manifest.ts";
import { manifestLines, manifestsUpTo } from "../manifest/read-manifest.ts";

/** What sealed manifests list: the decisions of past epochs that count, and no others do. In memory. */
export type SealedDecisions = {
  readonly byName: ReadonlyMap<string, ManifestLine>;
  /** By the request's key and digest. */
  readonly byContent: ReadonlyMap<string, ManifestLine>;
  /** Names of decisions that count no more, as the manifests say themselves. */
  readonly voids: ReadonlySet<string>;
};

export const contentOf = ({ key, digest }: Pick<ManifestLine, "key" | "digest">): string =>
  `${digest} ${key}`;

/** Throws: `ManifestDamaged`; what S3 throws. */
export const readSealed = async (ledger: AnyLedger): Promise<SealedDecisions> => {
  const byName = new Map<string, ManifestLine>();
  const byContent = new Map<string, ManifestLine>();
  const voids = new Set<string>();
  const place = placeOfLive(ledger);
  for (const manifest of await manifestsUpTo(place, ledger.epoch)) {
    for (const name of [...manifest.void, ...(manifest.rejudged?.void ?? [])]) voids.add(name);
    for await (const line of manifestLines(place, manifest)) {
      byName.set(line.name, line);
      byContent.set(contentOf(line), line);
    }
  }
  return { byName, byContent, voids };
};
