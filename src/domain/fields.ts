import { sumOfCash } from "./denominations.ts";
import type { Field, Shape } from "./event-fields.ts";
import type { EventDefinition } from "./events.ts";
import { quoted } from "./excerpt.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { REQUEST_ID } from "./key.ts";
import { type AmountCents, parseAmount } from "./money.ts";
import { type Refusal, refusal } from "./refusals.ts";
import type { Settings } from "./settings.ts";

/**
 * An account or customer number. Neither `#` nor `~`, so that no account ever meets another kind of partition
 * (`KEY#…`, `REQ#…`, `~0`).
 */
const NUMBER_TEXT = /^[A-Za-z0-9-]{1,64}$/;

const isText = (value: JsonValue): boolean => typeof value === "string" && value.trim() !== "";
const matches =
  (pattern: RegExp) =>
  (value: JsonValue): boolean =>
    typeof value === "string" && pattern.test(value);

/** Whether a value has its field's shape. Amounts and times have codes of their own and are judged later. */
const HAS_SHAPE: Readonly<Record<Shape, (value: JsonValue) => boolean>> = {
  seconds: () => true,
  amount: () => true,
  account: matches(NUMBER_TEXT),
  customer: matches(NUMBER_TEXT),
  requestId: matches(REQUEST_ID),
  flag: value => typeof value === "boolean",
  cash: isJsonObject,
  text: value => typeof value === "string",
  remote: isText,
};

/** The fields that are read of this body: those that count only if verified fall away otherwise. */
export const fieldsRead = (definition: EventDefinition, body: JsonObject): readonly Field[] =>
  definition.fields.filter(field => field.ifVerified !== true || body.Verified === true);

const isAbsent = (value: JsonValue | undefined): value is null | undefined =>
  value === undefined || value === null;

const isMissing = (field: Field, value: JsonValue | undefined, settings: Settings): boolean => {
  if (field.shape === "seconds" || field.required === "never" || !isAbsent(value)) return false;
  return field.required === "always" || settings.currencyRequired;
};

/** The first field that is missing, else the first out of shape. `null` counts as absent. */
export const checkShapes = (
  fields: readonly Field[],
  body: JsonObject,
  settings: Settings,
): Refusal | undefined => {
  const missing = fields.find(field => isMissing(field, body[field.name], settings));
  if (missing !== undefined) return refusal("MISSING_FIELD", { field: missing.name });
  for (const { name, shape } of fields) {
    const value = body[name];
    if (!isAbsent(value) && !HAS_SHAPE[shape](value))
      return refusal("INVALID_FIELD", { field: name, expected: shape, got: quoted(value) });
  }
  return undefined;
};

/** The first amount that is none. Source: B4.6-15 to 17. */
export const checkAmounts = (fields: readonly Field[], body: JsonObject): Refusal | undefined => {
  for (const { name, shape } of fields) {
    const value = body[name];
    if (shape !== "amount" || isAbsent(value)) continue;
    const amount = parseAmount(value);
    if (!amount.ok) return refusal(amount.code, { field: name, got: quoted(value) });
  }
  return undefined;
};

/** Notes and coins that are unknown, uncountable, or do not add up to Amount. Source: B4.6-18 to 20. */
export const checkCash = (fields: readonly Field[], body: JsonObject): Refusal | undefined => {
  for (const { name, shape } of fields) {
    const heap = body[name];
    if (shape !== "cash" || !isJsonObject(heap)) continue;
    const sum = sumOfCash(heap);
    if (!sum.ok) return refusal(sum.code, { field: name, denomination: quoted(sum.denomination) });
    const amountCents = centsOf(body, "Amount") ?? 0;
    if (sum.cents !== amountCents)
      return refusal("CURRENCY_SUM_MISMATCH", { field: name, amountCents, countedCents: sum.cents });
  }
  return undefined;
};

/** Our accounts named in a body, in the order of its type's fields, each once; ill-formed names are no accounts. */
export const accountsNamed = (definition: EventDefinition, body: JsonObject): readonly string[] => {
  const named = definition.fields
    .filter(field => field.shape === "account")
    .map(field => textOf(body, field.name))
    .filter(text => text !== undefined && NUMBER_TEXT.test(text));
  return [...new Set(named)] as string[];
};

/** A field's text, or undefined where it is absent or anything else. */
export const textOf = (body: JsonObject, name: string): string | undefined => {
  const value = body[name];
  return typeof value === "string" ? value : undefined;
};

/** A field's amount in cents, or undefined where it is absent or no amount. */
export const centsOf = (body: JsonObject, name: string): AmountCents | undefined => {
  const amount = parseAmount(body[name]);
  return amount.ok ? amount.cents : undefined;
};
