import { excerpt } from "../domain/excerpt.ts";
import { secondsOfInstant } from "../domain/instant.ts";
import { type JsonObject, parseJsonObject } from "../domain/json.ts";
import { parseKey } from "../domain/key.ts";
import { AHEAD_SECONDS_MAX } from "../domain/parse.ts";
import { decodeUtf8 } from "../domain/utf8.ts";
import type { DecisionRecord } from "../ledger/domain.ts";

/** What a record tells about its request besides the decision, as far as the request can be read. */
export type Told = {
  /** Type and id of the key; absent for a key that is no request's. */
  readonly named?: { readonly type: string; readonly id: string };
  /** The request as it was sent; absent if it is not text or was not read. */
  readonly rawData?: string;
  /** EventTimeStamp, or where it is unusable the seconds of S3's event time. */
  readonly seconds: number;
  readonly reference?: string;
};

const textOf = (record: DecisionRecord): string | undefined =>
  record.text ?? (record.base64 === undefined ? undefined : decodeUtf8(Buffer.from(record.base64, "base64")));

const bodyOf = (text: string | undefined): JsonObject => {
  const json = text === undefined ? undefined : parseJsonObject(text.replace(/^\ufeff/, ""));
  return json?.ok ? json.value : {};
};

const secondsOf = (body: JsonObject, eventTime: string): number => {
  const stored = secondsOfInstant(eventTime);
  const { EventTimeStamp: told } = body;
  const isUsable = Number.isSafeInteger(told) && Number(told) >= 0;
  return isUsable && Number(told) <= stored + AHEAD_SECONDS_MAX ? Number(told) : stored;
};

/** Reads a record's request leniently: refused requests have lines too. Pure, and stable for a given record. */
export const toldBy = (record: DecisionRecord): Told => {
  const prefix = record.settings.keyPrefix;
  const key = parseKey(record.key, typeof prefix === "string" ? prefix : "");
  const rawData = textOf(record);
  const body = bodyOf(rawData);
  const reference = body.Reference ?? body.Reason;
  return {
    ...(key.ok ? { named: { type: key.type, id: key.id } } : {}),
    ...(rawData === undefined ? {} : { rawData }),
    seconds: secondsOf(body, record.source.eventTime),
    ...(typeof reference === "string" && reference !== "" ? { reference: excerpt(reference) } : {}),
  };
};
