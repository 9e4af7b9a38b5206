import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startDynamoDbLocal } from "../../../src/local/dynamodb-local.ts";
import { addCounts, type Counts } from "../counts.ts";
import { FLAGS } from "../workers.ts";
import type { Conformed, Difference } from "./conform.ts";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));
/** Histories that a worker has under way, so that it has work while it waits for an answer. */
const AT_ONCE = 2;

export type ConformanceEnd = {
  readonly histories: number;
  readonly calls: number;
  readonly kinds: Counts;
  readonly differing: readonly { readonly seed: number; readonly differences: readonly Difference[] }[];
};

type Answer = { readonly seed: number; readonly end?: Conformed; readonly error?: string };
type Work = {
  readonly seeds: readonly number[];
  readonly processes: number;
  readonly onProgress: (so: ConformanceEnd) => void;
};

/**
 * Makes the calls of these seeds' histories again of DynamoDB Local and over the wire, in several processes.
 * Throws: JavaMissing; what a history throws that is no difference.
 */
export const conformInProcesses = async ({ seeds, processes, onProgress }: Work): Promise<ConformanceEnd> => {
  const dynamodb = await startDynamoDbLocal();
  let all: ConformanceEnd = { histories: 0, calls: 0, kinds: {}, differing: [] };
  const add = (seed: number, { calls, kinds: more, differences }: Conformed): void => {
    const kinds = { ...all.kinds };
    addCounts(kinds, more);
    const differing = differences.length === 0 ? all.differing : [...all.differing, { seed, differences }];
    all = { histories: all.histories + 1, calls: all.calls + calls, kinds, differing };
    onProgress(all);
  };
  const left = [...seeds];
  const workers = Array.from({ length: processes }, () =>
    fork(WORKER, [dynamodb.endpoint], { execArgv: FLAGS }),
  );
  try {
    await Promise.all(workers.map(worker => workOne(worker, left, add)));
  } finally {
    for (const worker of workers) worker.kill();
    await dynamodb.stop();
  }
  return all;
};

const workOne = (
  worker: ChildProcess,
  left: number[],
  add: (seed: number, end: Conformed) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    let underWay = 0;
    const giveMore = (): void => {
      for (; underWay < AT_ONCE && left.length > 0; underWay += 1) worker.send(left.shift() as number);
      if (underWay > 0) return;
      worker.disconnect();
      resolve();
    };
    worker.on("message", ({ seed, end, error }: Answer) => {
      underWay -= 1;
      if (end === undefined) {
        reject(new Error(`The history of seed ${seed} threw ${error}`));
        return;
      }
      add(seed, end);
      giveMore();
    });
    worker.on("exit", code => reject(new Error(`A worker ended with ${code}.`)));
    giveMore();
  });
