import { eventOfDetail, plainEventName } from "../tracking/event-names.ts";
import { plainETag } from "../tracking/observation.ts";
import { normaliseSequencer } from "../tracking/sequencer.ts";
import type { Trigger } from "./group.ts";

/** What one message tells of. */
export type MessageRead = {
  readonly triggers: readonly Trigger[];
  /** Records that name no bucket or no key. */
  readonly skipped: number;
  /** Keys that are not form-encoded as they should be, and are taken as they came. */
  readonly badEscapes: number;
};

/** The message is no event of S3, in none of its wrappings. */
export type MessageUnreadable = { readonly unreadable: string };

/** Lambda's event, the SNS envelope, the S3 event; one more for a relay between. */
const WRAPPINGS_MAX = 4;

type Fields = Readonly<Record<string, unknown>>;
type Found = { readonly trigger: Omit<Trigger, "messageId">; readonly isBadEscape: boolean } | "skipped";

/**
 * Reads a message however S3's event is wrapped in it: S3 itself, S3 in SNS, either in the event that Lambda gets from
 * SQS or SNS, or EventBridge. A record without bucket or key is skipped and counted; a test event tells of nothing.
 *
 * It is more tolerant than tracking's reader, which gives back a message as soon as one record is odd: here a record
 * only starts work, and what is stored is asked of S3.
 * Source: Amazon S3 User Guide, "Event message structure"; vectors V40-V42 and V54.
 */
export const readMessage = (message: {
  readonly id: string;
  readonly body: string;
}): MessageRead | MessageUnreadable => {
  const found = readText(message.body, WRAPPINGS_MAX);
  if (typeof found === "string") return { unreadable: found };
  const triggers = found.flatMap(each =>
    each === "skipped" ? [] : [{ ...each.trigger, messageId: message.id }],
  );
  return {
    triggers,
    skipped: found.filter(each => each === "skipped").length,
    badEscapes: found.filter(each => each !== "skipped" && each.isBadEscape).length,
  };
};

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Text: why it cannot be read. */
const readText = (text: string, wrappingsLeft: number): readonly Found[] | string => {
  if (wrappingsLeft === 0) return `more than ${WRAPPINGS_MAX} wrappings`;
  try {
    return read(fieldsOf(JSON.parse(text)), wrappingsLeft - 1);
  } catch {
    return "no JSON";
  }
};

const read = (value: Fields | undefined, wrappingsLeft: number): readonly Found[] | string => {
  if (value === undefined) return "no JSON object";
  if (value.Event === "s3:TestEvent") return [];
  if (Array.isArray(value.Records)) return joined(value.Records.map(each => readRecord(each, wrappingsLeft)));
  if (typeof value.Message === "string") return readText(value.Message, wrappingsLeft);
  if (value["detail-type"] !== undefined) return [ofEventBridge(value)];
  return "neither Records, Message, detail-type nor a test event";
};

const joined = (found: readonly (readonly Found[] | string)[]): readonly Found[] | string =>
  found.find(each => typeof each === "string") ?? found.flatMap(each => each as readonly Found[]); // no text is left

const readRecord = (value: unknown, wrappingsLeft: number): readonly Found[] | string => {
  const record = fieldsOf(value);
  if (typeof record?.body === "string") return readText(record.body, wrappingsLeft);
  const sns = fieldsOf(record?.Sns);
  if (typeof sns?.Message === "string") return readText(sns.Message, wrappingsLeft);
  return [ofRecord(record ?? {})];
};

const ofRecord = (record: Fields): Found => {
  const s3 = fieldsOf(record.s3);
  const object = fieldsOf(s3?.object);
  const bucket = textOf(fieldsOf(s3?.bucket)?.name);
  const encoded = textOf(object?.key);
  if (bucket === undefined || encoded === undefined) return "skipped";
  const { key, isBadEscape } = formDecoded(encoded);
  const trigger = {
    bucket,
    key,
    eventName: plainEventName(textOf(record.eventName) ?? ""),
    ...identityOf(object?.versionId, object?.eTag, object?.sequencer),
  };
  return { trigger, isBadEscape };
};

const ofEventBridge = (envelope: Fields): Found => {
  const detail = fieldsOf(envelope.detail);
  const object = fieldsOf(detail?.object);
  const bucket = textOf(fieldsOf(detail?.bucket)?.name);
  const key = textOf(object?.key);
  if (bucket === undefined || key === undefined) return "skipped";
  const eventName = eventOfDetail({
    type: textOf(envelope["detail-type"]) ?? "",
    reason: textOf(detail?.reason),
    deletionType: textOf(detail?.["deletion-type"]),
  });
  const identity = identityOf(object?.["version-id"], object?.etag, object?.sequencer);
  return { trigger: { bucket, key, eventName, ...identity }, isBadEscape: false };
};

const identityOf = (
  versionId: unknown,
  eTag: unknown,
  sequencer: unknown,
): Pick<Trigger, "versionId" | "eTag" | "sequencer"> => {
  const [version, tag, digits] = [textOf(versionId), textOf(eTag), textOf(sequencer)];
  const normalised = digits && normaliseSequencer(digits);
  return {
    ...(version && { versionId: version }),
    ...(tag && { eTag: plainETag(tag) }),
    ...(normalised && { sequencer: normalised }),
  };
};

/** A space is `+`, a plus `%2B`. Source: Amazon S3 User Guide, "Event message structure". */
const formDecoded = (encoded: string): { readonly key: string; readonly isBadEscape: boolean } => {
  try {
    return { key: decodeURIComponent(encoded.replaceAll("+", " ")), isBadEscape: false };
  } catch {
    return { key: encoded, isBadEscape: true };
  }
};
