import type { AnyLedger } from "../../ledger/ledger.ts";
import { markRepaired } from "../../ledger/live.ts";
import { isEpochOver } from "../../ledger/publish.ts";
import { EpochOver } from "../replay/replay-errors.ts";

/**
 * Writes down that no stream waits for its repair, so that deadlines pass again; for whoever has seen every piece
 * repaired. Returns: the epoch. Throws: `EpochOver`; what S3 throws.
 */
export const finishReplay = async (ledger: AnyLedger): Promise<number> => {
  if (await isEpochOver(ledger)) throw new EpochOver(ledger.epoch);
  await markRepaired(ledger);
  return ledger.epoch;
};
