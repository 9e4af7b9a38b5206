import { fork } from "node:child_process";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { Bundle } from "../../cdk/functions/bundle.ts";

/** A function's bundle in a process of its own, as Lambda runs it. */
export type FunctionProcess = {
  readonly invoke: (event: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
};

/** Longest that a call may take here. */
const CALL_MS_MAX = 60_000;

/** Loads the bundle and answers one message after the other; written out so that nothing of ours runs beside it. */
const HOST = `
const { handler } = await import(process.argv[1]);
const context = { functionName: "bundle", memoryLimitInMB: "512", awsRequestId: "r", invokedFunctionArn: "arn", getRemainingTimeInMillis: () => 30_000 };
process.on("message", async ({ id, event }) => {
  try { process.send({ id, answer: (await handler(event, context)) ?? null }); }
  catch (error) { process.send({ id, error: String(error?.stack ?? error) }); }
});
process.send({ id: "ready" });
`;

type Said = { readonly id: string; readonly answer?: unknown; readonly error?: string };

/** Starts a bundle with an environment and nothing else of ours. Resolves once it is loaded. */
export const startFunction = async (
  { folder }: Pick<Bundle, "folder">,
  env: Readonly<Record<string, string>>,
): Promise<FunctionProcess> => {
  const child = fork("-", [], {
    execArgv: ["--input-type=module", "--eval", HOST, `${folder}/index.mjs`],
    env: { PATH: process.env.PATH ?? "", POWERTOOLS_SERVICE_NAME: "daybook", ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<string, (said: Said) => void>();
  child.on("message", (said: Said) => waiting.get(said.id)?.(said));
  const ended = new Promise<void>(resolve => child.once("exit", () => resolve()));
  const answerTo = (id: string): Promise<Said> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No answer to ${id}`)), CALL_MS_MAX);
      waiting.set(id, said => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(said);
      });
      void ended.then(() => reject(new Error(`The function ended before it answered ${id}`)));
    });
  let calls = 0;
  await answerTo("ready");
  return {
    invoke: async event => {
      calls += 1;
      const id = String(calls);
      const answer = answerTo(id);
      child.send({ id, event: event as object });
      const said = await answer;
      if (said.error !== undefined) throw new Error(said.error);
      return said.answer;
    },
    stop: async () => {
      child.kill();
      await ended;
    },
  };
};

/** The function as a handler of a queue. */
export const queueHandler =
  ({ invoke }: FunctionProcess) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> =>
    (await invoke(event)) as SQSBatchResponse; // what the handler's type says
