import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { isEpochOver } from "../../ledger/publish.ts";
import { repairStream } from "../../ledger/repair.ts";
import { OffTheChain } from "../../ledger/repair-errors.ts";
import type { ManifestPart } from "../manifest/manifest.ts";
import { manifestsUpTo, partLines } from "../manifest/read-manifest.ts";
import { EpochOver } from "../replay/replay-errors.ts";

/** A piece of a replay that one function works through: one part of a sealed manifest. */
export type PieceOfWork = { readonly epoch: number; readonly part: ManifestPart };

/** What a piece came to. `isComplete`: false if it was stopped; what it did is found done by the next try. */
export type RepairedPiece = {
  readonly isComplete: boolean;
  readonly repaired: number;
  readonly alreadyDone: number;
  readonly decisions: number;
  /** Streams that contradict the manifests, left as they are; the first few reasons. */
  readonly offTheChain: number;
  readonly reasons: readonly string[];
};

const REASONS_MAX = 10;

/**
 * The pieces of a replay of the ledger's epoch: together they name every stream that the sealed manifests list, each
 * stream in one piece only, where its first decision is.
 *
 * Throws: `ManifestDamaged`; what S3 throws.
 */
export const piecesOfWork = async (ledger: AnyLedger): Promise<readonly PieceOfWork[]> => {
  const manifests = await manifestsUpTo(placeOfLive(ledger), ledger.epoch);
  return manifests.flatMap(({ parts }) => parts.map(part => ({ epoch: ledger.epoch, part })));
};

/**
 * Repairs the streams of one piece, one after the other: many pieces are worked through at once. Safe to repeat.
 *
 * Throws: `EpochOver` if another restore has begun; `ManifestDamaged`; what the ports throw.
 */
export const repairPiece = async (
  ledger: AnyLedger,
  { epoch, part }: PieceOfWork,
  isStopping: () => boolean,
): Promise<RepairedPiece> => {
  if (epoch !== ledger.epoch || (await isEpochOver(ledger))) throw new EpochOver(epoch);
  const counts = { repaired: 0, alreadyDone: 0, decisions: 0, offTheChain: 0 };
  const reasons: string[] = [];
  for (const { legs } of await partLines(placeOfLive(ledger), part))
    for (const { stream, sequence } of legs) {
      if (sequence !== 1) continue;
      if (isStopping()) return { isComplete: false, ...counts, reasons };
      try {
        const { outcome, decisions } = await repairStream(ledger, stream);
        counts[outcome === "repaired" ? "repaired" : "alreadyDone"] += 1;
        counts.decisions += decisions;
      } catch (error) {
        if (!(error instanceof OffTheChain)) throw error;
        counts.offTheChain += 1;
        if (reasons.length < REASONS_MAX) reasons.push(error.message);
      }
    }
  return { isComplete: true, ...counts, reasons };
};
