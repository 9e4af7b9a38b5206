import { InvalidQuery } from "./invalid-query.ts";

const ANY = Symbol("any run of characters");
const ONE = Symbol("any one character");

/** Characters, and wildcards between them. */
export type Pattern = readonly (string | typeof ANY | typeof ONE)[];

/**
 * Reads a pattern: `*` stands for any run of characters, `?` for any one, `\*`, `\?` and `\\` for themselves.
 *
 * Throws: `InvalidQuery` for any other backslash, naming its place, counted in characters from 1.
 * Source: filemanager's wildcards (reference, HTTP API, filter rules).
 */
export const parsePattern = (text: string): Pattern => {
  const parts: (string | typeof ANY | typeof ONE)[] = [];
  const chars = [...text];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? "";
    if (char !== "\\") parts.push(char === "*" ? ANY : char === "?" ? ONE : char);
    else {
      at += 1;
      parts.push(escaped(chars[at], at, text, "*?\\"));
    }
  }
  return parts;
};

/** The character behind a backslash, if it is one of `allowed`. Throws: `InvalidQuery`. */
export const escaped = (char: string | undefined, place: number, text: string, allowed: string): string => {
  if (char !== undefined && allowed.includes(char)) return char;
  const choices = [...allowed].map(each => `\\${each}`).join(", ");
  throw new InvalidQuery(
    `The backslash at character ${place} of "${text}" must begin one of ${choices}: write \\\\ for a backslash itself.`,
  );
};

/** The text that a pattern without wildcards stands for; `undefined` for one with wildcards. */
export const literalOf = (pattern: Pattern): string | undefined => {
  const chars = pattern.filter(part => typeof part === "string");
  return chars.length === pattern.length ? chars.join("") : undefined;
};

/**
 * Whether the whole text fits the pattern, from its first to its last character. Characters are Unicode's, not
 * UTF-16 units. `ignoreCase` compares each character in lower case.
 *
 * Takes at most pattern times text steps whatever the wildcards, where a regular expression can take for ever.
 */
export const matches = (pattern: Pattern, text: string, ignoreCase = false): boolean => {
  const fold = (char: string) => (ignoreCase ? char.toLowerCase() : char);
  const chars = [...text];
  let [at, part, runAt, runPart] = [0, 0, 0, -1];
  while (at < chars.length) {
    const wanted = pattern[part];
    if (wanted === ANY) {
      [runAt, runPart] = [at, part];
      part += 1;
    } else if (wanted === ONE || (wanted !== undefined && fold(wanted) === fold(chars[at] ?? ""))) {
      at += 1;
      part += 1;
    } else if (runPart >= 0) {
      // The last run takes one character more; what an earlier run took need never change.
      runAt += 1;
      [at, part] = [runAt, runPart + 1];
    } else return false;
  }
  return pattern.slice(part).every(left => left === ANY);
};
