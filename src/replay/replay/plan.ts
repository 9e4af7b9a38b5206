import { readCatalogue } from "../../ledger/catalogue.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { PUTS_PER_REQUEST_MAX } from "../../table/store.ts";
import { manifestsUpTo } from "../manifest/read-manifest.ts";
import { sealedStreams } from "./work-list.ts";

/** What a replay would do. Requests are estimates, without retries, crawl and reconcile. */
export type ReplayPlan = {
  readonly epoch: number;
  /** Sealed in all manifests together. */
  readonly sealed: number;
  /** Streams to repair, and those that lack nothing. */
  readonly toRepair: number;
  readonly alreadyDone: number;
  /** Decisions to read from S3. */
  readonly decisions: number;
  readonly requests: { readonly s3: number; readonly table: number };
};

/** A line and a transaction, or one of them. */
const ROWS_PER_LEG = 2;
/** Of any stream: its catalogue, its head. */
const READS_PER_STREAM = 2;
/** Of one to repair: catalogue and head again, what is parked; passing rows, the head. */
const MORE_PER_REPAIR = 6;

/** Counts what is left to repair. Changes nothing. Throws: `ManifestDamaged`; what the ports throw. */
export const planReplay = async (
  ledger: AnyLedger,
  onProgress: (lines: number, total: number) => void = () => {},
): Promise<ReplayPlan> => {
  const place = placeOfLive(ledger);
  const manifests = await manifestsUpTo(place, ledger.epoch);
  const sealed = manifests.reduce((sum, each) => sum + each.decisions, 0);
  const parts = manifests.reduce((sum, each) => sum + each.parts.length + 1, 0);
  let [lines, toRepair, alreadyDone, decisions, table] = [0, 0, 0, 0, 0];
  const onLine = (): void => {
    lines += 1;
  };
  for await (const stream of sealedStreams(place, manifests, onLine)) {
    onProgress(lines, sealed);
    const catalogue = await readCatalogue(ledger, stream);
    table += READS_PER_STREAM;
    if (catalogue === undefined) {
      alreadyDone += 1;
      continue;
    }
    const { entries, rows } = catalogue;
    toRepair += 1;
    decisions += entries.length;
    table +=
      MORE_PER_REPAIR + rows.length + Math.ceil((entries.length * ROWS_PER_LEG) / PUTS_PER_REQUEST_MAX);
  }
  const requests = { s3: parts + decisions, table };
  return { epoch: ledger.epoch, sealed, toRepair, alreadyDone, decisions, requests };
};
