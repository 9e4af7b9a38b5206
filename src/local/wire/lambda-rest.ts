import type { LocalCloud } from "../cloud.ts";
import type { LocalEventSource } from "../lambda/event-sources.ts";
import { ACCOUNT_ID, REGION } from "../s3/event-record.ts";
import { type Answer, parsedQuery } from "./http.ts";

/** The path of Lambda's API for event sources; no bucket should be called 2015-03-31. */
const API_PATH = "/2015-03-31/";
const MAPPINGS_PATH = `${API_PATH}event-source-mappings`;

export type LambdaRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly text: string;
};

/** The operation asked for, and what it is answered with. */
export type LambdaAnswer = { readonly operation: string; readonly answer: Answer };

/** Whether a request is for Lambda: they share one port with S3. */
export const isLambdaPath = (path: string): boolean => path.startsWith(API_PATH);

/**
 * Answers `ListEventSourceMappings` and `UpdateEventSourceMapping`, of which only `Enabled` has an effect: the switch
 * of the poller behind it. Everything else is refused with 501.
 *
 * Source: AWS Lambda API Reference, the two operations; a list is one page.
 */
export const lambdaAnswer = (cloud: LocalCloud, request: LambdaRequest): LambdaAnswer => {
  const { method, path } = request;
  const rest = path.startsWith(MAPPINGS_PATH)
    ? path.slice(MAPPINGS_PATH.length).replace(/^\//, "")
    : undefined;
  if (method === "GET" && rest === "")
    return { operation: "ListEventSourceMappings", answer: listed(cloud, request) };
  if (method === "PUT" && rest)
    return { operation: "UpdateEventSourceMapping", answer: updated(cloud, rest, request.text) };
  const message = `The local cloud does not implement ${method} ${path} of Lambda.`;
  return { operation: "NotImplemented", answer: failure(501, "NotImplementedException", message) };
};

const listed = ({ eventSources }: LocalCloud, { query }: LambdaRequest): Answer => {
  const asked = parsedQuery(query);
  const [functionName, queueArn] = [asked.get("FunctionName"), asked.get("EventSourceArn")];
  const found = eventSources
    .all()
    .filter(source => functionName === undefined || nameIn(functionName) === source.functionName)
    .filter(source => queueArn === undefined || queueArn === source.queueArn);
  return json(200, { EventSourceMappings: found.map(shown) });
};

/** A function may be asked for by its name or by its ARN, either with a version behind it. */
const nameIn = (functionName: string): string =>
  functionName.startsWith("arn:") ? (functionName.split(":")[6] ?? "") : (functionName.split(":")[0] ?? "");

const updated = (cloud: LocalCloud, uuid: string, text: string): Answer => {
  const source = cloud.eventSources.get(decodeURIComponent(uuid));
  if (source === undefined)
    return failure(404, "ResourceNotFoundException", "The resource you requested does not exist.");
  const enabled = enabledIn(text);
  if (enabled === undefined)
    return failure(
      400,
      "InvalidParameterValueException",
      "The local cloud changes Enabled of an event source, and nothing else.",
    );
  source.poller.enable(enabled);
  source.changedMs = cloud.clock.now();
  return json(202, shown(source));
};

/** Undefined for what is no JSON, or asks for more or less than `Enabled`. */
const enabledIn = (text: string): boolean | undefined => {
  try {
    const { Enabled, ...others } = JSON.parse(text) as Record<string, unknown>; // checked below
    return typeof Enabled === "boolean" && Object.keys(others).length === 0 ? Enabled : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
};

const shown = ({ uuid, functionName, queueArn, batchSize, changedMs, poller }: LocalEventSource) => ({
  UUID: uuid,
  FunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${functionName}`,
  EventSourceArn: queueArn,
  BatchSize: batchSize,
  FunctionResponseTypes: ["ReportBatchItemFailures"],
  LastModified: changedMs / 1000,
  State: poller.state(),
  StateTransitionReason: "USER_INITIATED",
});

const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

const failure = (status: number, type: string, message: string): Answer => {
  const answer = json(status, { Type: status < 500 ? "User" : "Service", Message: message });
  return { ...answer, headers: { ...answer.headers, "x-amzn-errortype": type } };
};
