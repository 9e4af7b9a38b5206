import type { Context } from "aws-lambda";
import { type App, cloudApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { finishReplay } from "../replay/fan-out/finish.ts";
import { type PieceOfWork, piecesOfWork, type RepairedPiece, repairPiece } from "../replay/fan-out/parts.ts";

/** Left of the function's time when no other stream is begun: one of many decisions takes a while. */
const RESERVE_MS = 120_000;

/** What the state machine asks for. `rounds`: how often this piece was called for before. */
export type ReplayEvent =
  | { readonly step: "list" }
  | { readonly step: "repair"; readonly piece: PieceOfWork; readonly rounds?: number }
  | { readonly step: "finish" };

export type ReplayAnswer =
  | { readonly pieces: readonly PieceOfWork[] }
  | (RepairedPiece & { readonly rounds: number })
  | { readonly epoch: number };

/** Streams contradict the manifests: a machine that goes on would only hide them. */
export class StreamsOffTheChain extends Error {
  override readonly name = "StreamsOffTheChain";
  constructor({ offTheChain, reasons }: RepairedPiece) {
    super(`${offTheChain} streams are not repaired: ${reasons.join(" ")}`);
  }
}

/**
 * The Lambda function behind the fan-out of a replay: lists its pieces, repairs one, writes down that all are repaired.
 * Each may be called again. Throws: `StreamsOffTheChain`, `EpochOver`, `ManifestDamaged`; what the ports throw.
 */
export const createReplayHandler =
  ({ ledger }: App) =>
  async (event: ReplayEvent, remainingMs: () => number): Promise<ReplayAnswer> => {
    if (event.step === "list") return { pieces: await piecesOfWork(ledger) };
    if (event.step === "finish") return { epoch: await finishReplay(ledger) };
    const repaired = await repairPiece(ledger, event.piece, () => remainingMs() < RESERVE_MS);
    if (repaired.isComplete && repaired.offTheChain > 0) throw new StreamsOffTheChain(repaired);
    return { ...repaired, rounds: (event.rounds ?? 0) + 1 };
  };

const telemetry = createTelemetry();
const clients = createClients(process.env);

/** Lambda's entry point. Each call asks anew which table is live. */
export const handler = async (event: ReplayEvent, context: Context): Promise<ReplayAnswer> =>
  telemetry.around(context, async () => {
    const app = await cloudApp(clients, process.env, undefined, telemetry.log);
    return createReplayHandler(app)(event, () => context.getRemainingTimeInMillis());
  });
