import { Worker } from "node:worker_threads";
import type { ListedObject } from "../ports/object-store.ts";
import { compareUtf8 } from "../table/utf8-order.ts";
import { GroupFailed } from "./group-failed.ts";
import type { JqAnswer, JqRequest } from "./jq-worker.ts";
import type { BridgeTime } from "./ports.ts";

/** The expression is not one of jq; the message is jq's. */
export class FilterBroken extends Error {
  override readonly name = "FilterBroken";
}

type Limits = { readonly filterMs: number; readonly time: BridgeTime };

/** What jq's process would exit with for an expression that does not compile. Source: jq manual, "Invoking jq". */
const COMPILE_ERROR = 3;
/** Of jq's own words, what is repeated. */
const ERROR_CHARACTERS_MAX = 500;
/** Room for a listing of a hundred thousand objects many times over. */
const HEAP_MIB_MAX = 1_024;

/** Throws: `FilterBroken` for an expression that does not compile. What it does with objects shows when it runs. */
export const checkFilter = async (filter: string, limits: Limits): Promise<void> => {
  const answer = await runJq({ json: "[]", filter }, limits);
  if (answer === "timeout" || "output" in answer) return;
  if (answer.exitCode === COMPILE_ERROR && answer.error.includes("compile error"))
    throw new FilterBroken(shortened(answer.error));
};

/**
 * Whether the filter lets a group run: it stops only on the one output `false`. No output at all lets it run.
 *
 * Throws: `GroupFailed` with FILTER_FAILED for an error of jq or for several outputs, FILTER_TIMEOUT.
 * Source: S3 Event Bridge, `EXECUTION_FILTER_EXPR`; vectors V18-V21 and V24.
 */
export const evaluateFilter = async (
  filter: string,
  objects: readonly ListedObject[],
  limits: Limits,
): Promise<{ readonly isRunning: boolean; readonly value: string }> => {
  const json = JSON.stringify(objects.map(filterObject).sort((a, b) => compareUtf8(a.Key, b.Key)));
  const answer = await runJq({ json, filter }, limits);
  if (answer === "timeout")
    throw new GroupFailed("FILTER_TIMEOUT", `The filter took more than ${limits.filterMs} ms`);
  if ("error" in answer) throw new GroupFailed("FILTER_FAILED", shortened(answer.error));
  const outputs = answer.output.split("\n").filter(line => line !== "");
  if (outputs.length > 1)
    throw new GroupFailed("FILTER_FAILED", `Expected one value of the filter, got ${outputs.length}`);
  const [value = ""] = outputs;
  return { isRunning: value !== "false", value: shortened(value) };
};

/** An object as S3's listing describes it to the filter. Source: Amazon S3 API Reference, "Object"; vector V24. */
const filterObject = ({ key, eTag, lastModified, sizeBytes, storageClass }: ListedObject) => ({
  ETag: `"${eTag}"`,
  Key: key,
  // jq's fromdateiso8601 refuses fractions of a second.
  LastModified: lastModified.replace(/\.\d+Z$/, "Z"),
  Size: sizeBytes,
  StorageClass: storageClass,
});

const shortened = (text: string): string => text.trim().slice(0, ERROR_CHARACTERS_MAX);

/** Runs jq in a thread of its own, which ends with it: nothing of one evaluation is left to the next. */
const runJq = (request: JqRequest, { filterMs, time }: Limits): Promise<JqAnswer | "timeout"> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./jq-worker.ts", import.meta.url), {
      workerData: request,
      env: {},
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    });
    // What a filter says by `debug` is not wanted, and must not fill a pipe.
    worker.stdout.resume();
    worker.stderr.resume();
    const end = (settle: () => void): void => {
      cancel();
      void worker.terminate();
      settle();
    };
    const cancel = time.alarm(filterMs, () => end(() => resolve("timeout")));
    worker.once("message", (answer: JqAnswer) => end(() => resolve(answer)));
    worker.once("error", error => end(() => resolve({ exitCode: undefined, error: String(error) })));
    worker.once("exit", code => end(() => reject(new Error(`jq's thread ended with ${code} and no answer`))));
  });
