import { parentPort, workerData } from "node:worker_threads";
// @ts-expect-error The package has no types; its default export is a promise of what is described below.
import jqWeb from "jq-web";

/** The part of jq-web that is used. */
type Jq = { raw(json: string, filter: string, flags: readonly string[]): string | undefined };

/** What the worker is given. */
export type JqRequest = { readonly json: string; readonly filter: string };

/** What it answers: jq's output, or how jq failed. */
export type JqAnswer =
  | { readonly output: string }
  | { readonly exitCode: number | undefined; readonly error: string };

const answerOf = (jq: Jq, { json, filter }: JqRequest): JqAnswer => {
  try {
    return { output: jq.raw(json, filter, ["-c"]) ?? "" };
  } catch (error) {
    const { exitCode, stderr } = error as { readonly exitCode?: number; readonly stderr?: string }; // jq-web's own
    return { exitCode, error: stderr ?? String(error) };
  }
};

const request = workerData as JqRequest; // given by runJq
parentPort?.postMessage(answerOf(await (jqWeb as Promise<Jq>), request));
