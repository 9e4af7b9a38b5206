import { type IncomingMessage, request } from "node:http";
import { createBridgeHandler, makeBridge } from "./bridge.ts";

/**
 * The entry point of a container image for Lambda: asks the Runtime API for one invocation after another, so that the
 * image may hold any language's runtime for the handler, or none.
 *
 * Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
 */
const API = process.env.AWS_LAMBDA_RUNTIME_API;
const VERSION = "2018-06-01";

type Answer = { readonly headers: IncomingMessage["headers"]; readonly text: string };

/** Without a time limit: Lambda answers when there is something to do, and stops this process between. */
const ask = (path: string, body?: unknown): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const asked = request(`http://${API}/${VERSION}/runtime/${path}`, { method }, response => {
      let text = "";
      response.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
      response.once("error", reject);
      response.once("end", () => {
        const { statusCode = 0, headers } = response;
        if (statusCode >= 200 && statusCode < 300) resolve({ headers, text });
        else reject(new Error(`The Runtime API answered ${statusCode} to ${path}: ${text}`));
      });
    });
    asked.once("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });

const errorOf = (error: unknown) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, stackTrace: error.stack?.split("\n") ?? [] }
    : { errorType: "Error", errorMessage: String(error), stackTrace: [] };

/** Works on invocations until Lambda ends this process. */
const serve = async (handle: ReturnType<typeof createBridgeHandler>): Promise<never> => {
  for (;;) {
    const { headers, text } = await ask("invocation/next");
    const id = String(headers["lambda-runtime-aws-request-id"]);
    const deadlineMs = Number(headers["lambda-runtime-deadline-ms"]);
    try {
      const context = { getRemainingTimeInMillis: () => deadlineMs - Date.now() };
      await ask(`invocation/${id}/response`, await handle(JSON.parse(text), context));
    } catch (error) {
      await ask(`invocation/${id}/error`, errorOf(error));
    }
  }
};

if (API === undefined || API === "")
  throw new Error(
    "AWS_LAMBDA_RUNTIME_API is not set: Lambda starts this program, or its runtime interface emulator",
  );
const bridge = await makeBridge().catch(async (error: unknown) => {
  await ask("init/error", errorOf(error));
  throw error;
});
await serve(createBridgeHandler(bridge));
