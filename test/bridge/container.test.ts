import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, posix } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { endAll, start, testFolder } from "../support/cli-process.ts";
import { importsOf, ROOT } from "../tidy/sources.ts";
import { freshBucket, messageOf, openWire, put, textsOf, type Wire } from "./bridge-on-wire.ts";

const DOCKERFILE = readFileSync(join(ROOT, "scenarios/monthly-statements/Dockerfile"), "utf8");

let wire: Wire;
beforeAll(async () => {
  wire = await openWire();
});
afterEach(endAll);
afterAll(() => wire.close());

const linesOf = (instruction: string): readonly string[] =>
  [...DOCKERFILE.matchAll(new RegExp(`^${instruction} (.*)$`, "gm"))].map(([, rest = ""]) => rest);

/** Does what the Dockerfile's instructions say, below a folder instead of an image's root. */
const builtImage = (): { readonly root: string; readonly entryPoint: readonly string[] } => {
  const root = testFolder();
  const daybook = join(root, "stage");
  mkdirSync(daybook);
  for (const line of linesOf("COPY")) {
    const words = line.split(" ");
    const from = words[0] === "--from=daybook" ? words.shift() : undefined;
    const to = words.pop() ?? "";
    if (from === undefined && to.startsWith("./"))
      for (const word of words)
        cpSync(join(ROOT, word), join(daybook, to, posix.basename(word).replace("src", "")), {
          recursive: true,
        });
    else if (from === undefined) cpSync(join(ROOT, words[0] ?? ""), join(root, to), { recursive: true });
    else if (words[0] === "/daybook") cpSync(daybook, join(root, to), { recursive: true });
    else {
      mkdirSync(join(root, posix.dirname(to)), { recursive: true });
      symlinkSync(process.execPath, join(root, to));
    }
  }
  // What "npm ci" installs.
  symlinkSync(join(ROOT, "node_modules"), join(root, "opt/bridge/daybook/node_modules"));
  const entryPoint: readonly string[] = JSON.parse(linesOf("ENTRYPOINT")[0] ?? "[]");
  return { root, entryPoint: entryPoint.map(word => join(root, word)) };
};

/** Lambda's Runtime API: hands over these events, and collects what is answered. */
const runtimeApi = async (events: readonly object[]) => {
  const answers: { readonly path: string; readonly body: unknown }[] = [];
  const waiting = [...events];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const path = (request.url ?? "").replace("/2018-06-01/runtime/", "");
    if (path === "invocation/next") {
      const event = waiting.shift();
      if (event === undefined) return; // as Lambda does: no answer until there is an event
      const id = `request-${events.length - waiting.length}`;
      const deadlineMs = String(Date.now() + 60_000);
      response.writeHead(200, {
        "lambda-runtime-aws-request-id": id,
        "lambda-runtime-deadline-ms": deadlineMs,
      });
      response.end(JSON.stringify(event));
      return;
    }
    response.writeHead(202).end();
    answers.push({ path, body: JSON.parse(text) });
    if (answers.length === events.length || path === "init/error") allAnswered.resolve();
  };
  const allAnswered = Promise.withResolvers<void>();
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens
  return {
    address: `127.0.0.1:${port}`,
    answered: allAnswered.promise,
    answers,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const queueEvent = (...messages: readonly { readonly id: string; readonly body: string }[]) => ({
  Records: messages.map(({ id, body }) => ({ messageId: id, body, eventSource: "aws:sqs" })),
});

/** Starts the image with the variables its Dockerfile sets, and those given. */
const started = (api: string, env: Readonly<Record<string, string>> = {}) => {
  const { root, entryPoint } = builtImage();
  const own = [...(linesOf("ENV")[0] ?? "").matchAll(/([A-Z_]+)="([^"]*)"/g)].map(
    ([, name = "", value = ""]) => [name, value],
  );
  const [program = "", ...args] = entryPoint;
  return start(program, args, {
    cwd: join(root, linesOf("WORKDIR")[1] ?? ""),
    env: { ...Object.fromEntries(own), AWS_ENDPOINT_URL: wire.endpoint, AWS_LAMBDA_RUNTIME_API: api, ...env },
  });
};

test("the image's entry point works on invocations by Lambda's Runtime API", async () => {
  const bucket = freshBucket(wire);
  const deposit = '{"EventTimeStamp":1772442000,"TargetAccount":"1","Amount":"2.50","Verified":true}';
  await put(wire, bucket, {
    "2026-03/r1/input.txt": `cash_deposit_r1.event\n2026-03-02 09:00:00\n${deposit}`,
  });
  const failing = { id: "bad", body: "no event" };
  const api = await runtimeApi([
    queueEvent(messageOf(bucket, "2026-03/r1/input.txt"), failing),
    { neither: "nor" },
  ]);
  started(api.address);
  await api.answered;
  api.close();
  expect(api.answers).toEqual([
    { path: "invocation/request-1/response", body: { batchItemFailures: [{ itemIdentifier: "bad" }] } },
    { path: "invocation/request-2/error", body: expect.objectContaining({ errorType: "Error" }) },
  ]);
  expect((await textsOf(wire, bucket))["2026-03/r1/output.txt"]).toBe(
    "1\t2026-03-02 09:00:00\tcash_deposit\t250\tr1\tcash_deposit_r1.event\n",
  );
});

test("a setting that cannot be used is told to Lambda, and ends it", async () => {
  const api = await runtimeApi([{}]);
  const { ended } = started(api.address, { MATCH_KEY: "(" });
  await api.answered;
  expect((await ended).exitCode).toBe(1);
  api.close();
  expect(api.answers).toMatchObject([{ path: "init/error", body: { errorType: "InvalidSetting" } }]);
});

test("the entry point needs no package that the image leaves out", () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const seen = new Set<string>();
  const packages = new Set<string>();
  const waiting = ["src/handlers/bridge-runtime.ts", "src/bridge/jq-worker.ts"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { to, isLocal, isType } of importsOf({ path, text: readFileSync(join(ROOT, path), "utf8") })) {
      if (isLocal && !isType) waiting.push(to);
      else if (!isLocal && !isType && !to.startsWith("node:")) packages.add(to);
    }
  }
  const left = [...packages].filter(
    name =>
      !(
        name
          .split("/")
          .slice(0, name.startsWith("@") ? 2 : 1)
          .join("/") in dependencies
      ),
  );
  expect(packages.size).toBeGreaterThan(3);
  expect(left).toEqual([]);
});
