import type { CatalogueEntry } from "../../ledger/entities.ts";
import type { StreamEnd } from "../collect.ts";
import type { Manifest, ManifestLine, ManifestPlace } from "../manifest/manifest.ts";
import { manifestLines } from "../manifest/read-manifest.ts";

/** A head of the restored table, as far as the restore compares it. */
export type FoundHead = StreamEnd & {
  readonly epoch: number;
  readonly parkedCount: number;
  /** What is open in its state, by the projection's names. */
  readonly open: readonly string[];
  /** Of its newest decision. */
  readonly prevHash: string;
};

/** A stream over all sealed decisions. `entries`: those that the table may lack, by sequence. */
export type Chain = {
  end: CatalogueEntry;
  readonly entries: Map<number, CatalogueEntry & { readonly key: string }>;
  /** The sealed hashes where the table's head stands, and before it. */
  atHead?: string;
  beforeHead?: string;
};

export type Chains = {
  readonly streams: ReadonlyMap<string, Chain>;
  /** Every decision with a leg among the entries, by name. */
  readonly lines: ReadonlyMap<string, ManifestLine>;
};

/** Where every stream stands at the end of these manifests. Memory: one entry a stream. Throws: `ManifestDamaged`. */
export const endsOf = async (
  place: ManifestPlace,
  manifests: readonly Manifest[],
): Promise<ReadonlyMap<string, StreamEnd>> => {
  const ends = new Map<string, StreamEnd>();
  for (const manifest of manifests)
    for await (const { legs } of manifestLines(place, manifest))
      for (const { stream, sequence, hash } of legs)
        if (sequence > (ends.get(stream)?.sequence ?? 0)) ends.set(stream, { sequence, hash });
  return ends;
};

/**
 * Compares the restored heads with all sealed decisions, and picks what the table may lack: what is decided since
 * `reach`, what lies above a head, and all of the streams in `whole`.
 *
 * Memory: two hashes a stream and what is picked. Throws: `ManifestDamaged`; what S3 throws.
 */
export const readChains = async (
  place: ManifestPlace,
  manifests: readonly Manifest[],
  heads: ReadonlyMap<string, FoundHead>,
  { reach, whole }: { readonly reach: string; readonly whole: ReadonlySet<string> },
): Promise<Chains> => {
  const streams = new Map<string, Chain>();
  const lines = new Map<string, ManifestLine>();
  for (const manifest of manifests) {
    for await (const line of manifestLines(place, manifest)) {
      for (const { stream, sequence, hash } of line.legs) {
        const entry = { sequence, hash, name: line.name, key: line.key };
        const chain: Chain = streams.get(stream) ?? { end: entry, entries: new Map() };
        streams.set(stream, chain);
        if (sequence >= chain.end.sequence) chain.end = entry;
        const at = heads.get(stream)?.sequence ?? 0;
        if (sequence === at) chain.atHead = hash;
        if (sequence === at - 1) chain.beforeHead = hash;
        if (sequence <= at && line.decidedAt < reach && !whole.has(stream)) continue;
        chain.entries.set(sequence, entry);
        lines.set(line.name, line);
      }
    }
  }
  return { streams, lines };
};

/** The streams that need a repair, with their catalogues: always with the newest decision, which the head shows. */
export function* catalogued({ streams }: Chains): Generator<{
  readonly stream: string;
  readonly entries: readonly CatalogueEntry[];
}> {
  for (const [stream, { end, entries }] of streams) {
    if (entries.size === 0) continue;
    const all = new Map<number, CatalogueEntry>([...entries, [end.sequence, end]]);
    const plain = [...all.values()].map(({ sequence, hash, name }) => ({ sequence, hash, name }));
    yield { stream, entries: plain.sort((a, b) => a.sequence - b.sequence) };
  }
}
