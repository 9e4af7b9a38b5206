import type { AnyLedger } from "../../ledger/ledger.ts";
import type { SnapshotManifest } from "../snapshot/manifest.ts";
import { snapshotLines } from "../snapshot/snapshot-lines.ts";
import type { Difference } from "./difference.ts";
import { differencesInTable } from "./differences.ts";

/**
 * Compares the table with a snapshot, whose parts are read and checked on the way. Memory: one part.
 *
 * Yields: the differences of each batch of streams. Throws: `SnapshotDamaged`; what the ports throw.
 */
export const verifySnapshot = (
  ledger: AnyLedger,
  manifest: SnapshotManifest,
): AsyncIterable<{ readonly streams: number; readonly differences: readonly Difference[] }> =>
  differencesInTable(
    ledger,
    snapshotLines({ objects: ledger.objects, bucket: ledger.decisionsBucket }, manifest),
  );
