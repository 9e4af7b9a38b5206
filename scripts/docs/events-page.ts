import { DENOMINATIONS } from "../../src/domain/denominations.ts";
import type { Field, Shape } from "../../src/domain/event-fields.ts";
import { EVENT_TYPES, EVENTS, type EventType } from "../../src/domain/events.ts";
import { KEY_BYTES_MAX } from "../../src/domain/key.ts";
import { AMOUNT_DIGITS_MAX, BALANCE_CENTS_MAX, printCents } from "../../src/domain/money.ts";
import { AHEAD_SECONDS_MAX, REQUEST_BYTES_MAX } from "../../src/domain/parse.ts";
import { REFUSALS, type RefusalCode } from "../../src/domain/refusals.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { tableOf } from "./markdown.ts";

const SHAPES: Readonly<Record<Shape, string>> = {
  seconds: "whole seconds since 1970, UTC; JSON number",
  account: "text, `[A-Za-z0-9-]`, 1 to 64",
  customer: "text, `[A-Za-z0-9-]`, 1 to 64",
  amount: "euro; text such as `123.45`, at most two decimals",
  flag: "`true` or `false`",
  cash: "object: denomination to count of pieces",
  text: "text",
  remote: "text, not empty",
  requestId: "text, `[A-Za-z0-9._-]`, 1 to 128",
};

const REQUIRED = { always: "yes", never: "no", cash: "yes, unless `currencyRequired` is off" } as const;

const requiredText = (field: Field): string =>
  field.ifVerified === true ? `${REQUIRED[field.required]}, if \`Verified\`` : REQUIRED[field.required];

const fieldRow = (field: Field): readonly string[] => [
  `\`${field.name}\``,
  requiredText(field),
  SHAPES[field.shape],
  field.describes,
];

/** A body with every field of a type, as it may be put. */
export const sampleBody = (type: EventType): string =>
  JSON.stringify(Object.fromEntries(EVENTS[type].fields.map(field => [field.name, field.example])));

const codes = (list: readonly RefusalCode[]): string => list.map(code => `\`${code}\``).join(", ");

const sectionOf = (type: EventType): string => {
  const { summary, fields, effects, refusals, registers, settles } = EVENTS[type];
  const original =
    settles && `It refers to a request of the flow \`${settles}\` and waits for it if that is not decided.`;
  const registered = registers && `Its id is registered in the flow \`${registers}\`, whatever the outcome.`;
  return [
    `## ${type}`,
    [summary, registered, original].filter(text => text !== undefined).join(" "),
    `Key: \`${type}_<id>.event\``,
    tableOf(["Field", "Required", "Shape and unit", "Meaning"], fields.map(fieldRow)),
    `\`\`\`json\n${sampleBody(type)}\n\`\`\``,
    tableOf(
      ["When accepted", "ACTUAL", "AVAILABLE"],
      effects.map(({ when, actual, available }) => [when, actual, available]),
    ),
    `Refused besides the codes of any request with ${codes(refusals)}.`,
  ].join("\n\n");
};

/** Codes that no type lists, since any request can be refused with them. */
export const ANY_REQUEST: readonly RefusalCode[] = [
  "BAD_KEY",
  "UNKNOWN_EVENT_TYPE",
  "OBJECT_TOO_LARGE",
  "OBJECT_UNREADABLE",
  "MALFORMED_JSON",
  "DUPLICATE_JSON_KEY",
  "MISSING_FIELD",
  "INVALID_FIELD",
  "BAD_TIMESTAMP",
  "KEY_REUSED",
  "OBJECT_GONE",
];

const INTRODUCTION = `# Events

A request is one JSON object in UTF-8, at most ${REQUEST_BYTES_MAX / 1024} KiB, put into the new-events bucket. Its key names its type and its id:
\`<type>_<id>.event\`, the id being 1 to 128 of \`A-Z a-z 0-9 . _ -\`, at the root of the bucket or in the one folder that the setting
\`keyPrefix\` names, at most ${KEY_BYTES_MAX} bytes. Identity is the key: the first content decided under it stands.

- **ACTUAL** is everything verified. **AVAILABLE** is ACTUAL less the outgoing payments that wait; debits are judged against it. Cash that waits for verification counts in neither.
- Amounts are euro as text with a point, at most ${AMOUNT_DIGITS_MAX} digits before it and two after; a JSON number is refused. No credit lifts a balance above ${printCents(BALANCE_CENTS_MAX)}.
- \`EventTimeStamp\` dates the statement and never orders decisions. It may be ${AHEAD_SECONDS_MAX} seconds ahead of the time S3 stored the object; late is fine.
- A name may occur once in an object. Fields not listed are kept and ignored; \`null\` counts as absent.
- Of several things wrong with a request, the first in the order of the table of codes below is told; a balance over its ceiling is told
  together with the funds.`;

const settingsTable = (): string =>
  tableOf(
    ["Setting", "Default"],
    Object.entries(DEFAULT_SETTINGS).map(([name, value]) => [`\`${name}\``, `\`${JSON.stringify(value)}\``]),
  );

const cashTable = (): string =>
  tableOf(
    ["Denomination", "Euro"],
    [...DENOMINATIONS].map(([name, cents]) => [`\`${name}\``, printCents(cents)]),
  );

const refusalsTable = (): string =>
  tableOf(
    ["Code", "Meaning", "What to do"],
    Object.entries(REFUSALS).map(([code, { means, advice }]) => [`\`${code}\``, means, advice]),
  );

/** The page docs/EVENTS.md, made from the tables the parser reads by. */
export const eventsPage = (): string =>
  `${[
    "<!-- Generated from src/domain by scripts/generate-docs.ts; do not edit. -->",
    INTRODUCTION,
    `Any request can be refused with ${codes(ANY_REQUEST)}.`,
    ...EVENT_TYPES.map(sectionOf),
    "## Settings",
    settingsTable(),
    "## Cash",
    "There are no notes of 2 and 1 euro; their names are kept as other names of the coins.",
    cashTable(),
    "## Refusal codes",
    "A refusal is for good: the object goes to the rejected bucket, and corrected content needs a new id.",
    refusalsTable(),
  ].join("\n\n")}\n`;
