import type { Manifest, ManifestPlace } from "../manifest/manifest.ts";
import { manifestLines } from "../manifest/read-manifest.ts";

/**
 * Every stream of these manifests, once: where its first decision is listed. A chain has no gap, so each stream has one
 * decision of sequence 1; nothing need be remembered to tell them apart.
 *
 * `onLine`: told of each line that was read. Memory: one part. Throws: `ManifestDamaged`; what S3 throws.
 */
export async function* sealedStreams(
  place: ManifestPlace,
  manifests: readonly Manifest[],
  onLine: () => void = () => {},
): AsyncGenerator<string> {
  for (const manifest of manifests)
    for await (const { legs } of manifestLines(place, manifest)) {
      onLine();
      for (const { stream, sequence } of legs) if (sequence === 1) yield stream;
    }
}
