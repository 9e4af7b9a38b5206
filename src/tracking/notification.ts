import { type Fields, fieldsAt, isFields, jsonAt, textAt, UnexpectedShape } from "./narrow.ts";
import type { Observation } from "./observation.ts";
import { observationOfEventBridge, observationOfRecord } from "./s3-record.ts";

export type Notification =
  | { readonly outcome: "observations"; readonly observations: readonly Observation[] }
  /** S3 tries out a configuration that was just made: to be acknowledged, not looked at. */
  | { readonly outcome: "test" }
  /** `reason` names the path, what was expected there and what was found. */
  | { readonly outcome: "unparseable"; readonly reason: string };

/** Deepest wrapping there is: Lambda's SQS event, the SNS envelope, the S3 event; one more for a relay between. */
const WRAPPINGS_MAX = 4;

type Found = { readonly observations: readonly Observation[]; readonly isTest: boolean };

const NOTHING: Found = { observations: [], isTest: false };
const TEST_EVENT: Found = { observations: [], isTest: true };

/**
 * Reads the body of a message that tells of S3 events, however it is wrapped: S3 itself (direct or raw delivery),
 * S3 in an SNS envelope, either of them in the event Lambda gets from SQS or SNS, or EventBridge's form.
 *
 * Returns: every observation in the message, in its order, unknown event names as kind `ignored`; or that it is a
 *          test event; or why it cannot be read. One record that cannot be read makes its whole message unparseable:
 *          the message is what can be given back.
 * Source:  Amazon S3 User Guide, "Event message structure"; Amazon SNS Developer Guide, "Fanout to Amazon SQS queues".
 */
export const parseNotification = (body: string): Notification => {
  try {
    const found = unwrapText(body, "body", WRAPPINGS_MAX);
    if (found.isTest && found.observations.length === 0) return { outcome: "test" };
    return { outcome: "observations", observations: found.observations };
  } catch (error) {
    if (error instanceof UnexpectedShape) return { outcome: "unparseable", reason: error.message };
    throw error;
  }
};

const unwrapText = (text: string, path: string, wrappingsLeft: number): Found => {
  if (wrappingsLeft === 0) throw new UnexpectedShape(path, `at most ${WRAPPINGS_MAX} wrappings`, text);
  return unwrap(fieldsAt(jsonAt(text, path), path), path, wrappingsLeft - 1);
};

const unwrap = (value: Fields, path: string, wrappingsLeft: number): Found => {
  if (value.Event === "s3:TestEvent") return TEST_EVENT;
  if (Array.isArray(value.Records)) return unwrapRecords(value.Records, `${path}.Records`, wrappingsLeft);
  if (typeof value.Message === "string") return unwrapText(value.Message, `${path}.Message`, wrappingsLeft);
  if (value["detail-type"] !== undefined) return foundOf(observationOfEventBridge(value, path));
  throw new UnexpectedShape(path, "Records, Message, detail-type or a test event", value);
};

const unwrapRecords = (records: readonly unknown[], path: string, wrappingsLeft: number): Found => {
  const found = records.map((record, index) =>
    unwrapRecord(fieldsAt(record, `${path}[${index}]`), `${path}[${index}]`, wrappingsLeft),
  );
  return {
    observations: found.flatMap(({ observations }) => observations),
    isTest: found.some(({ isTest }) => isTest),
  };
};

const unwrapRecord = (record: Fields, path: string, wrappingsLeft: number): Found => {
  if (typeof record.body === "string") return unwrapText(record.body, `${path}.body`, wrappingsLeft);
  if (isFields(record.Sns))
    return unwrapText(
      textAt(record.Sns.Message, `${path}.Sns.Message`),
      `${path}.Sns.Message`,
      wrappingsLeft,
    );
  return foundOf(observationOfRecord(record, path));
};

const foundOf = (observation: Observation | undefined): Found =>
  observation === undefined ? NOTHING : { observations: [observation], isTest: false };
