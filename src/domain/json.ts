/** A JSON value as read; objects have no prototype, so that no name in them is special. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonValue };

export type JsonOutcome =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly code: "MALFORMED_JSON" | "DUPLICATE_JSON_KEY"; readonly why: string };

/** Requests are flat; more nesting than this is a mistake or an attack on the stack. */
const DEPTH_MAX = 16;

const SPACE = /[ \t\n\r]*/y;
/** No white space has a higher code than a blank. */
const SPACE_CODE_MAX = 0x20;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\p{Cc}]+/uy;
const HEX = /[0-9a-fA-F]{4}/y;
const WORDS = { true: true, false: false, null: null } as const;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Leaves the recursion at once; caught by `parseJsonObject` and never seen outside this file. */
class Stop extends Error {
  readonly code: "MALFORMED_JSON" | "DUPLICATE_JSON_KEY";
  constructor(code: "MALFORMED_JSON" | "DUPLICATE_JSON_KEY", why: string) {
    super(why);
    this.code = code;
  }
}

type Scanner = { readonly text: string; at: number };

const malformed = (scanner: Scanner, expected: string): Stop =>
  new Stop("MALFORMED_JSON", `expected ${expected} at character ${scanner.at + 1}`);

const take = (scanner: Scanner, pattern: RegExp): string | undefined => {
  pattern.lastIndex = scanner.at;
  const found = pattern.exec(scanner.text)?.[0];
  scanner.at += found?.length ?? 0;
  return found;
};

const takeChar = (scanner: Scanner, character: string): boolean => {
  if (scanner.text.charCodeAt(scanner.at) <= SPACE_CODE_MAX) take(scanner, SPACE);
  if (scanner.text[scanner.at] !== character) return false;
  scanner.at += 1;
  return true;
};

const need = (scanner: Scanner, character: string): void => {
  if (!takeChar(scanner, character)) throw malformed(scanner, `'${character}'`);
};

const escaped = (scanner: Scanner): string => {
  const letter = scanner.text[scanner.at] ?? "";
  scanner.at += 1;
  const plain = ESCAPES[letter];
  if (plain !== undefined) return plain;
  const hex = letter === "u" ? take(scanner, HEX) : undefined;
  if (hex === undefined) throw malformed(scanner, "an escape sequence");
  return String.fromCharCode(Number.parseInt(hex, 16));
};

/** The rest of a string, its opening quote being read. */
const stringRest = (scanner: Scanner): string => {
  let text = "";
  for (;;) {
    text += take(scanner, PLAIN) ?? "";
    const next = scanner.text[scanner.at];
    // U+007F to U+009F count as control characters in Unicode, but not in JSON.
    if (next !== undefined && next >= "\u007f" && next <= "\u009f") text += next;
    else if (next !== '"' && next !== "\\") throw malformed(scanner, "the end of a string");
    scanner.at += 1;
    if (next === '"') return text;
    if (next === "\\") text += escaped(scanner);
  }
};

const objectRest = (scanner: Scanner, depth: number): JsonObject => {
  const object: { [name: string]: JsonValue } = Object.create(null);
  if (takeChar(scanner, "}")) return object;
  do {
    need(scanner, '"');
    const name = stringRest(scanner);
    if (name in object)
      throw new Stop("DUPLICATE_JSON_KEY", `a name occurs twice at character ${scanner.at}`);
    need(scanner, ":");
    object[name] = value(scanner, depth + 1);
  } while (takeChar(scanner, ","));
  need(scanner, "}");
  return object;
};

const arrayRest = (scanner: Scanner, depth: number): readonly JsonValue[] => {
  const array: JsonValue[] = [];
  if (takeChar(scanner, "]")) return array;
  do array.push(value(scanner, depth + 1));
  while (takeChar(scanner, ","));
  need(scanner, "]");
  return array;
};

const word = (scanner: Scanner): boolean | null | undefined => {
  for (const [text, meaning] of Object.entries(WORDS)) {
    if (scanner.text.startsWith(text, scanner.at)) {
      scanner.at += text.length;
      return meaning;
    }
  }
  return undefined;
};

const value = (scanner: Scanner, depth: number): JsonValue => {
  if (depth > DEPTH_MAX) throw malformed(scanner, `at most ${DEPTH_MAX} levels`);
  if (takeChar(scanner, "{")) return objectRest(scanner, depth);
  if (takeChar(scanner, "[")) return arrayRest(scanner, depth);
  if (takeChar(scanner, '"')) return stringRest(scanner);
  const meaning = word(scanner);
  if (meaning !== undefined) return meaning;
  const number = take(scanner, NUMBER);
  if (number === undefined) throw malformed(scanner, "a value");
  return Number(number);
};

/**
 * A JSON object out of text, each name at most once at every depth.
 *
 * Shape:   JSON text (RFC 8259), white space around it allowed, at most 16 levels.
 * Returns: the object; MALFORMED_JSON for text that is not JSON or not an object; DUPLICATE_JSON_KEY where a
 *          platform parser would silently keep the last of two values. Never throws; linear in the length.
 * Source:  B2-3 (a repeated SourceAccount lost our own account number), edge case B4.6-37.
 */
export const parseJsonObject = (text: string): JsonOutcome => {
  const scanner: Scanner = { text, at: 0 };
  try {
    need(scanner, "{");
    const object = objectRest(scanner, 1);
    take(scanner, SPACE);
    if (scanner.at < text.length) throw malformed(scanner, "the end");
    return { ok: true, value: object };
  } catch (problem) {
    if (problem instanceof Stop) return { ok: false, code: problem.code, why: problem.message };
    throw problem;
  }
};

/** Whether a value is an object, not a list and not null. */
export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
