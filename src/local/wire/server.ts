import type { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { LocalCloud } from "../cloud.ts";
import { runRestores } from "../s3/restore.ts";
import { S3Error } from "../s3/s3-error.ts";
import { SnsError } from "../sns/sns.ts";
import { SqsError } from "../sqs/sqs-error.ts";
import { CONTROL_PATH, controlAnswer } from "./control.ts";
import { type Answer, header, parsedQuery, readBody, send } from "./http.ts";
import { isLambdaPath, lambdaAnswer } from "./lambda-rest.ts";
import { pointInTimeAnswer } from "./point-in-time.ts";
import { s3Answer, s3ErrorAnswer } from "./s3-wire.ts";
import { SNS_HANDLERS, snsDocument, snsErrorDocument } from "./sns-query.ts";
import { SQS_HANDLERS } from "./sqs-json.ts";

/** A cloud that answers HTTP. */
export type Listening = {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, for AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  /** Requests answered so far, by operation, e.g. `s3:PutObject`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly close: () => Promise<void>;
};

/** Only this machine: requests are not authenticated, signatures are not looked at. */
const LOOPBACK = "127.0.0.1";
/** A client that sends its headers this slowly is broken. */
const HEADERS_TIMEOUT_MS = 20_000;
/** Room for the largest body over a slow loopback, and for the longest long poll (20 s). */
const REQUEST_TIMEOUT_MS = 300_000;
/** Longer than the pause between two requests of a pooled client, so that connections are reused. */
const KEEP_ALIVE_MS = 65_000;
/** Keys, metadata (2 KB) and a signature fit several times. */
const HEADERS_BYTES_MAX = 32 * 1024;

type Context = {
  readonly cloud: LocalCloud;
  readonly counts: Map<string, number>;
  endpoint: string;
};

/** Serves a cloud on 127.0.0.1. Signatures are not verified. */
export const listen = async (cloud: LocalCloud, port: number): Promise<Listening> => {
  const context: Context = { cloud, counts: new Map(), endpoint: "" };
  const server = createServer({ maxHeaderSize: HEADERS_BYTES_MAX }, (request, response) => {
    void respond(context, request, response);
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.on("clientError", refuse);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const { port: bound } = server.address() as AddressInfo; // a TCP server that listens
  context.endpoint = `http://${LOOPBACK}:${bound}`;
  return { port: bound, endpoint: context.endpoint, counts: context.counts, close: () => closed(server) };
};

const refuse = (_error: Error, socket: Socket): void => {
  if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  else socket.destroy();
};

const closed = (server: Server): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const respond = async (
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  let answer: Answer;
  try {
    answer = await answerTo(context, request, response);
  } catch (error) {
    answer = failureAnswer(context, request, error);
  }
  try {
    send(response, answer, request.method === "HEAD");
  } catch (error) {
    // A header that cannot be written, or a client that is gone. Other requests go on.
    context.cloud.log.warn("A response could not be written.", { error: String(error) });
    response.destroy();
  }
};

const failureAnswer = ({ cloud }: Context, request: IncomingMessage, error: unknown): Answer => {
  const path = request.url ?? "";
  if (error instanceof S3Error) {
    const answer = s3ErrorAnswer(cloud.s3, error, path);
    // The body was not read to its end, so the connection cannot be used again.
    return { ...answer, headers: { ...answer.headers, connection: "close" } };
  }
  cloud.log.error("A request failed in the local cloud.", { path, error: String(error) });
  return s3ErrorAnswer(cloud.s3, new S3Error("InternalError", String(error)), path);
};

const answerTo = async (
  context: Context,
  http: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> => {
  const { cloud } = context;
  const url = http.url ?? "/";
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const raw = await readBody(http);
  if (path.startsWith(CONTROL_PATH)) {
    const asked = { method: http.method ?? "GET", path, text: raw.toString() };
    return await controlled(context, { ...asked, query: mark < 0 ? "" : url.slice(mark + 1) });
  }
  runRestores(cloud.s3);
  const target = header(http, "x-amz-target");
  if (target?.startsWith("AmazonSQS.") === true)
    return sqsAnswer(context, target.slice("AmazonSQS.".length), { raw, gone: goneSignal(response) });
  if (isForm(http)) return snsAnswer(context, new URLSearchParams(raw.toString()));
  if (isLambdaPath(path)) {
    const query = mark < 0 ? "" : url.slice(mark + 1);
    const asked = { method: http.method ?? "GET", path, query, text: raw.toString() };
    const { operation, answer } = lambdaAnswer(cloud, asked);
    count(context, `lambda:${operation}`);
    return answer;
  }
  const { operation, answer } = s3Answer(cloud.s3, {
    http,
    path,
    query: mark < 0 ? parsedQuery("") : parsedQuery(url.slice(mark + 1)),
    raw,
  });
  count(context, `s3:${operation}`);
  return answer;
};

type Controlled = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly text: string;
};

const controlled = async ({ cloud, counts }: Context, request: Controlled): Promise<Answer> => {
  const { pointInTime } = cloud;
  if (request.path === `${CONTROL_PATH}point-in-time`) return await pointInTimeAnswer(pointInTime, request);
  const isMove = request.method === "POST" && request.path === `${CONTROL_PATH}clock`;
  // What was written before the clock moves is seen with the time before, what is written after the answer with that
  // after.
  if (isMove) await pointInTime?.caughtUp();
  const answer = controlAnswer(cloud, request, counts);
  if (isMove) await pointInTime?.caughtUp();
  return answer;
};

const isForm = (http: IncomingMessage): boolean =>
  http.method === "POST" &&
  header(http, "content-type")?.startsWith("application/x-www-form-urlencoded") === true;

const count = ({ counts }: Context, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

/** Aborts when the connection ends before its answer is written; of use only to what waits. */
const goneSignal = (response: ServerResponse): AbortSignal => {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  response.once("close", () => gone.abort());
  return gone.signal;
};

const JSON_TYPE = { "content-type": "application/x-amz-json-1.0" };

const sqsAnswer = async (
  context: Context,
  operation: string,
  { raw, gone }: { readonly raw: Buffer; readonly gone: AbortSignal },
): Promise<Answer> => {
  count(context, `sqs:${operation}`);
  const handler = SQS_HANDLERS.get(operation);
  if (handler === undefined) {
    return sqsFailure(501, "UnsupportedOperation", `The local cloud does not implement ${operation}.`);
  }
  try {
    const input = JSON.parse(raw.length === 0 ? "{}" : raw.toString()) as Record<string, unknown>; // read with checks
    const output = await handler({ sqs: context.cloud.sqs, endpoint: context.endpoint, gone }, input);
    return { status: 200, headers: JSON_TYPE, body: JSON.stringify(output) };
  } catch (error) {
    if (error instanceof SyntaxError)
      return sqsFailure(400, "SerializationException", "The request is no JSON.");
    if (!(error instanceof SqsError)) throw error;
    const answer = sqsFailure(400, error.code, error.message);
    return { ...answer, headers: { ...answer.headers, "x-amzn-query-error": `${error.queryCode};Sender` } };
  }
};

const sqsFailure = (status: number, code: string, message: string): Answer => ({
  status,
  headers: JSON_TYPE,
  body: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message }),
});

const XML_TYPE = { "content-type": "text/xml" };
const SNS_STATUS = { NotFound: 404, InvalidParameter: 400 } as const;

const snsAnswer = (context: Context, form: URLSearchParams): Answer => {
  const action = form.get("Action") ?? "";
  count(context, `sns:${action}`);
  const requestId = `local-${[...context.counts.values()].reduce((sum, one) => sum + one, 0)}`;
  const handler = SNS_HANDLERS.get(action);
  if (handler === undefined) {
    const body = snsErrorDocument(
      "NotImplemented",
      `The local cloud does not implement ${action}.`,
      requestId,
    );
    return { status: 501, headers: XML_TYPE, body };
  }
  try {
    const result = handler(context.cloud.sns, form);
    return { status: 200, headers: XML_TYPE, body: snsDocument(action, result, requestId) };
  } catch (error) {
    if (!(error instanceof SnsError)) throw error;
    return {
      status: SNS_STATUS[error.code],
      headers: XML_TYPE,
      body: snsErrorDocument(error.code, error.message, requestId),
    };
  }
};
