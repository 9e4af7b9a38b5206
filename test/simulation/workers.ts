import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type BatchEnd, joined, noHistories } from "./batch-end.ts";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));
/** Histories handed out at a time: short enough that a progress bar moves. */
const PIECE = 5;
/** Most objects die young. Compiling and collecting in further threads would only take time from the other worker. */
export const FLAGS = ["--max-semi-space-size=64", "--no-concurrent-recompilation", "--no-parallel-scavenge"];

type Answer = { readonly end?: BatchEnd; readonly error?: string; readonly seeds?: readonly number[] };

export type Work = {
  readonly seeds: readonly number[];
  readonly processes: number;
  readonly mutant?: string | undefined;
  /** Told after each piece. Answers whether to go on. */
  readonly onProgress?: (so: BatchEnd) => boolean;
};

/** Runs histories in several processes. Throws: what a history throws that is no broken promise. */
export const runInProcesses = async ({
  seeds,
  processes,
  mutant,
  onProgress = () => true,
}: Work): Promise<BatchEnd> => {
  let all = noHistories();
  let next = 0;
  let isOver = false;
  const workOne = (worker: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveMore = (): void => {
        const piece = isOver ? [] : seeds.slice(next, next + PIECE);
        next += piece.length;
        if (piece.length > 0) worker.send(piece);
        else {
          worker.disconnect();
          resolve();
        }
      };
      worker.on("message", ({ end, error, seeds: failed }: Answer) => {
        if (error !== undefined) {
          reject(new Error(`A history of seeds ${failed?.[0]} to ${failed?.at(-1)} threw ${error}`));
          return;
        }
        if (end !== undefined) {
          all = joined(all, end);
          if (!onProgress(all)) isOver = true;
        }
        giveMore();
      });
      worker.on("exit", code => (code === 0 ? resolve() : reject(new Error(`A worker ended with ${code}.`))));
    });
  const workers = Array.from({ length: processes }, () =>
    fork(WORKER, mutant === undefined ? [] : [mutant], { execArgv: FLAGS }),
  );
  try {
    await Promise.all(workers.map(workOne));
  } finally {
    for (const worker of workers) worker.kill();
  }
  return all;
};
