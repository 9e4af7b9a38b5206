import pMap, { pMapIterable } from "p-map";
import { readCatalogue } from "../../ledger/catalogue.ts";
import type { Facts } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { isEpochOver, publishPredecessor, UnrepairedStream } from "../../ledger/publish.ts";
import type { HeadRow } from "../../ledger/reading.ts";
import { mayNeedRepair } from "../../ledger/repair.ts";
import { isoInstant } from "../../ports/clock.ts";
import { GET_KEYS_MAX } from "../../table/store.ts";
import { inBatches } from "./in-batches.ts";
import { listedHeads } from "./listed-heads.ts";
import type { SnapshotManifest } from "./manifest.ts";
import { PART_TEXT_BYTES, partWriter } from "./part-writer.ts";
import { putOnce } from "./put-once.ts";
import { manifestKey, snapshotId } from "./snapshot-keys.ts";
import { lineOfHead, lineText, type SnapshotLine } from "./snapshot-line.ts";

/** Batches of heads read at once, and of each the decisions asked about in S3 at once: 64 calls, of 128 sockets. */
const BATCHES_AT_ONCE = 4;
const PUBLISHED_AT_ONCE = 16;

export type SnapshotTaken =
  | { readonly outcome: "taken"; readonly manifest: SnapshotManifest }
  /** A restore has begun, or is not repaired yet. What was stored so far has no manifest and counts for nothing. */
  | { readonly outcome: "refused"; readonly reason: string };

export type SnapshotOptions = {
  /** Told how many streams are done. How many there will be nobody knows before the end. */
  readonly onProgress?: ((streams: number) => void) | undefined;
  /** Default: `PART_TEXT_BYTES`. */
  readonly partTextBytes?: number;
};

/**
 * Writes down where every stream stands, while traffic goes on: parts first, the manifest last.
 *
 * Of each stream its head is read consistently and its newest decision is made sure to be published, so that each line
 * is a place in the published chain. Streams are read one after the other: a request that touches two may be in the line
 * of one and not yet in the other's, which is why each line carries its own sequence. A stream that began a moment
 * ago may be missing (see `listedHeads`).
 * Throws: `SplitBrain`; what the ports throw.
 */
export const takeSnapshot = async (
  ledger: AnyLedger,
  { onProgress, partTextBytes = PART_TEXT_BYTES }: SnapshotOptions = {},
): Promise<SnapshotTaken> => {
  const takenAt = isoInstant(ledger.clock.now());
  const id = snapshotId(takenAt, ledger.random);
  const place = { objects: ledger.objects, bucket: ledger.decisionsBucket };
  const writer = partWriter(place, id, partTextBytes);
  const totals = new Map<string, bigint>();
  let streams = 0;
  try {
    for await (const lines of linesInOrder(ledger)) {
      for (const line of lines) {
        await writer.add(lineText(line));
        addUp(totals, line.after);
      }
      streams += lines.length;
      onProgress?.(streams);
    }
  } catch (error) {
    if (error instanceof UnrepairedStream) return { outcome: "refused", reason: error.message };
    throw error;
  }
  const { parts, digest } = await writer.end();
  // After all that was published: either we see the marker, or the restore sees what our lines rest on.
  if (await isEpochOver(ledger))
    return { outcome: "refused", reason: `Epoch ${ledger.epoch} is over: a restore has begun.` };
  const manifest: SnapshotManifest = {
    id,
    takenAt,
    epoch: ledger.epoch,
    rules: ledger.domain.rules,
    streams,
    totals: Object.fromEntries([...totals].map(([name, sum]) => [name, String(sum)])),
    parts,
    digest,
  };
  const body = Buffer.from(`${JSON.stringify(manifest)}\n`);
  const key = manifestKey(id);
  await putOnce(ledger.objects, { bucket: place.bucket, key, body, contentType: "application/json" });
  return { outcome: "taken", manifest };
};

const linesInOrder = (ledger: AnyLedger): AsyncIterable<readonly SnapshotLine[]> =>
  pMapIterable(inBatches(listedHeads(ledger), GET_KEYS_MAX), listed => publishedLines(ledger, listed), {
    concurrency: BATCHES_AT_ONCE,
  });

const publishedLines = async (
  ledger: AnyLedger,
  listed: readonly HeadRow[],
): Promise<readonly SnapshotLine[]> => {
  const { head } = ledger.rows;
  const items = await ledger.store.get(listed.map(({ stream }) => head.key({ stream })));
  const heads = items.flatMap(item => (item ? [head.read(item)] : []));
  await pMap(
    heads,
    async each => {
      if (mayNeedRepair(ledger, each) && (await readCatalogue(ledger, each.stream)))
        throw new UnrepairedStream(each.stream, ledger.epoch);
      await publishPredecessor(ledger, each);
    },
    { concurrency: PUBLISHED_AT_ONCE },
  );
  return heads.map(each => lineOfHead(each, state => ledger.domain.postImage(state)));
};

const addUp = (totals: Map<string, bigint>, after: Facts): void => {
  for (const [name, value] of Object.entries(after))
    if (Number.isSafeInteger(value)) totals.set(name, (totals.get(name) ?? 0n) + BigInt(Number(value)));
};
