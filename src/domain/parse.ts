import type { HoldKind } from "./account.ts";
import { EVENTS, type EventType } from "./events.ts";
import { quoted } from "./excerpt.ts";
import { accountsNamed, checkAmounts, checkCash, checkShapes, fieldsRead } from "./fields.ts";
import { secondsOfInstant } from "./instant.ts";
import { type JsonObject, type JsonValue, parseJsonObject } from "./json.ts";
import { parseKey } from "./key.ts";
import { type BankFacts, type Refusal, type RefusalCode, refusal } from "./refusals.ts";
import { type BankRequest, requestOf } from "./request.ts";
import type { Settings } from "./settings.ts";
import { decodeUtf8 } from "./utf8.ts";

/** A request as it lies in S3. `bytes` is absent for an object nobody read because of its size. */
export type RequestBytes = {
  readonly key: string;
  readonly bytes: Uint8Array | undefined;
  readonly sizeBytes: number;
  /** ISO instant at which S3 stored it: the only "now" there is. */
  readonly eventTime: string;
};

/** The name of a deposit or payment that waits, or of the one a follow-up refers to. */
export type OriginalName = { readonly flow: HoldKind; readonly id: string };

/** What can be said of a request without any account. */
export type ParsedRequest = {
  readonly streams: readonly string[];
  readonly registers?: OriginalName;
} & (
  | {
      readonly valid: true;
      readonly request: BankRequest;
      readonly original?: OriginalName;
      /** EventTimeStamp, seconds since the epoch. */
      readonly timestamp: number;
    }
  | { readonly valid: false; readonly code: RefusalCode; readonly facts: BankFacts }
);

/** Requests are some hundred bytes; 64 KiB is what a decision record can carry along (rulings 8 and 9). */
export const REQUEST_BYTES_MAX = 65_536;
/** How far a channel's clock may run ahead of S3's (B4.6-33). */
export const AHEAD_SECONDS_MAX = 300;

const bodyOf = (object: RequestBytes): { readonly body: JsonObject } | Refusal => {
  const { bytes, sizeBytes } = object;
  if (Math.max(sizeBytes, bytes?.length ?? 0) > REQUEST_BYTES_MAX)
    return refusal("OBJECT_TOO_LARGE", { sizeBytes, limitBytes: REQUEST_BYTES_MAX });
  if (bytes === undefined) return refusal("OBJECT_UNREADABLE", { sizeBytes });
  const text = decodeUtf8(bytes);
  if (text === undefined) return refusal("MALFORMED_JSON", { why: "not UTF-8" });
  const json = parseJsonObject(text);
  return json.ok ? { body: json.value } : refusal(json.code, { why: json.why });
};

/** Whole seconds not before 1970 and not ahead of S3; milliseconds are millennia ahead. */
const checkTimestamp = (value: JsonValue | undefined, eventTime: string): Refusal | undefined => {
  const isSeconds = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (isSeconds && value <= secondsOfInstant(eventTime) + AHEAD_SECONDS_MAX) return undefined;
  return refusal("BAD_TIMESTAMP", { got: quoted(value), eventTime });
};

/** Everything wrong with a body by itself, first things first (ruling 8). */
const checkBody = (
  type: EventType,
  body: JsonObject,
  eventTime: string,
  settings: Settings,
): Refusal | undefined => {
  const fields = fieldsRead(EVENTS[type], body);
  return (
    checkShapes(fields, body, settings) ??
    checkAmounts(fields, body) ??
    checkCash(fields, body) ??
    checkTimestamp(body.EventTimeStamp, eventTime) ??
    (type === "inter_account_transfer" && body.SourceAccount === body.TargetAccount
      ? refusal("SAME_ACCOUNT_TRANSFER")
      : undefined)
  );
};

const refused = (
  { code, facts }: Refusal,
  known: Pick<ParsedRequest, "streams" | "registers">,
): ParsedRequest => ({
  ...known,
  valid: false,
  code,
  facts,
});

/**
 * Reads a request without any account: key, size, JSON, fields, amounts, cash, time.
 *
 * Returns: the request with the accounts it names, or the first refusal of ruling 8's order. What it registers
 *          comes from the key alone, so that a refused original is known to its follow-ups.
 * Throws:  only if `eventTime` is no instant. Never for any key or bytes.
 * Source:  B4.6-15 to 20, 33, 37, 38; rulings 3, 7, 8, 18.
 */
export const parse = (object: RequestBytes, settings: Settings): ParsedRequest => {
  const key = parseKey(object.key, settings.keyPrefix);
  if (!key.ok) return refused(refusal(key.code), { streams: [] });
  const definition = EVENTS[key.type];
  const registers = definition.registers && {
    registers: { flow: definition.registers, id: key.id },
  };
  const read = bodyOf(object);
  if (!("body" in read)) return refused(read, { streams: [], ...registers });
  const known = { streams: accountsNamed(definition, read.body), ...registers };
  const wrong = checkBody(key.type, read.body, object.eventTime, settings);
  if (wrong !== undefined) return refused(wrong, known);
  const request = requestOf(key.type, key.id, read.body);
  return {
    ...known,
    valid: true,
    request,
    ...(definition.settles && "originalId" in request
      ? { original: { flow: definition.settles, id: request.originalId } }
      : {}),
    timestamp: Number(read.body.EventTimeStamp),
  };
};
