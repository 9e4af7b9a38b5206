import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";

type Value = string | boolean | number | null;
type Token = { readonly kind: "name" | "text" | "word" | "sign"; readonly value: string };

const TOKEN = /\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([A-Za-z_][A-Za-z0-9_]*)|(>=|[<=(),]))/y;

/** Reads names, texts, words and signs; fails on anything else, so that nothing slips out of a text unseen. */
const tokensOf = (sql: string): readonly Token[] => {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(sql);
    if (found === null) throw new Error(`Expected SQL at ${at}: ${sql.slice(at, at + 40)}`);
    const [, name, text, word, mark] = found;
    if (name !== undefined) tokens.push({ kind: "name", value: name.replaceAll('""', '"') });
    else if (text !== undefined) tokens.push({ kind: "text", value: text.replaceAll("''", "'") });
    else if (word !== undefined) tokens.push({ kind: "word", value: word });
    else tokens.push({ kind: "sign", value: mark ?? "" });
  }
  return tokens;
};

/** A row as Athena would see it: in CSV all is text, the key is encoded and what is absent is empty. */
const rowOf = (record: InventoryRecord, { isText, dt }: { isText: boolean; dt: string }) => {
  const row: Record<string, Value> = {
    bucket: record.bucket,
    key: record.key,
    is_latest: record.isLatest,
    is_delete_marker: record.isDeleteMarker,
    last_modified_date: record.lastModified,
    storage_class: record.storageClass,
    dt,
  };
  if (!isText) return row;
  const texts = Object.entries(row).map(([name, value]) => [name, value === null ? "" : String(value)]);
  return { ...Object.fromEntries(texts), key: encodeURIComponent(record.key).replaceAll("%20", "+") };
};

const FUNCTIONS: Readonly<Record<string, (value: Value) => Value>> = {
  url_decode: value => decodeURIComponent(String(value).replaceAll("+", " ")),
  from_iso8601_timestamp: value => (value === "" || value === null ? null : Date.parse(String(value))),
  try: value => value,
  lower: value => (value === null ? null : String(value).toLowerCase()),
};

/** Whether a row answers the question of a SELECT, by the few words that are used: a conjunction of comparisons. */
export const answers = (
  sql: string,
  record: InventoryRecord,
  how: { readonly isText: boolean; readonly dt: string },
): boolean => {
  const row = rowOf(record, how);
  const tokens = tokensOf(sql);
  let at = tokens.findIndex(({ kind, value }) => kind === "word" && value === "WHERE") + 1;
  const next = (): Token => {
    const token = tokens[at];
    if (token === undefined) throw new Error(`${sql} ends too early`);
    at += 1;
    return token;
  };
  const must = (value: string): void => {
    const token = next();
    if (token.kind === "text" || token.value !== value)
      throw new Error(`Expected ${value}, got ${token.value}`);
  };
  const term = (): Value => {
    const { kind, value } = next();
    if (kind === "text") return value;
    if (kind === "name") {
      if (!(value in row)) throw new Error(`There is no column ${value}`);
      const found = row[value] ?? null;
      // Timestamps are compared as numbers.
      return value === "last_modified_date" && !how.isText && found !== null
        ? Date.parse(String(found))
        : found;
    }
    if (value === "TRUE" || value === "FALSE") return value === "TRUE";
    if (value === "TIMESTAMP") return Date.parse(`${next().value.replace(" ", "T")}Z`);
    const call = FUNCTIONS[value];
    if (call === undefined) throw new Error(`There is no function ${value}`);
    must("(");
    const argument = term();
    must(")");
    return call(argument);
  };
  const comparison = (): boolean => {
    const left = term();
    const ends = tokens[at] === undefined || tokens[at]?.value === "AND";
    if (ends) return left === true;
    const { value: operator } = next();
    if (operator === "IN") return among(left);
    if (operator === "LIKE") return like(left);
    if (operator === "IS") {
      for (const word of ["DISTINCT", "FROM"]) must(word);
      return left !== term();
    }
    const right = term();
    if (left === null || right === null) return false;
    return operator === "=" ? left === right : operator === ">=" ? left >= right : left < right;
  };
  const among = (left: Value): boolean => {
    must("(");
    const all = [term()];
    for (let sign = next(); sign.value === ","; sign = next()) all.push(term());
    return left !== null && all.includes(left);
  };
  const like = (left: Value): boolean => {
    const pattern = String(term());
    must("ESCAPE");
    const mark = String(term());
    return left !== null && patternOf(pattern, mark).test(String(left));
  };
  let isAnswer = comparison();
  while (at < tokens.length) {
    must("AND");
    isAnswer = comparison() && isAnswer;
  }
  return isAnswer;
};

/** LIKE as a regular expression over whole texts. */
const patternOf = (pattern: string, mark: string): RegExp => {
  let source = "";
  const signs = [...pattern];
  for (let i = 0; i < signs.length; i += 1) {
    const each = signs[i] ?? "";
    if (each === mark) {
      i += 1;
      source += quoted(signs[i] ?? "");
    } else if (each === "%") source += ".*";
    else source += each === "_" ? "." : quoted(each);
  }
  return new RegExp(`^${source}$`, "su");
};

const quoted = (sign: string): string => sign.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
