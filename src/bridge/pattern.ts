import { RE2JS } from "re2js";

/** A compiled pattern: whether it is found anywhere in a key. */
export type Pattern = { readonly text: string; matches(key: string): boolean };

/** The pattern cannot be used; the message says why. */
export class InvalidPattern extends Error {
  override readonly name = "InvalidPattern";
}

/**
 * Compiles a pattern of the seed's syntax, which is that of Rust's regex crate: linear in time, searched anywhere in
 * the key, anchored by `^` and `$`.
 *
 * RE2 reads some forms as something else than Rust does, without a word. These are refused: set operations and classes
 * within classes, a `{` that counts nothing, and `\Q`. `\d`, `\w`, `\s` and `\b` know ASCII only here.
 * Throws: `InvalidPattern`.
 */
export const compilePattern = (text: string): Pattern => {
  const odd = oddFormIn(text);
  if (odd !== undefined)
    throw new InvalidPattern(`${odd} means something else in Rust's syntax than here: write it another way`);
  try {
    const compiled = RE2JS.compile(text);
    return { text, matches: key => compiled.matcher(key).find() };
  } catch (error) {
    throw new InvalidPattern(error instanceof Error ? error.message : String(error));
  }
};

const COUNT = /^\{\d+(,\d*)?\}/;
const POSIX_CLASS = /^\[:\^?[a-z]+:\]/;

/** The first form that RE2 and Rust read differently. */
const oddFormIn = (text: string): string | undefined => {
  let isInClass = false;
  for (let at = 0; at < text.length; at += 1) {
    const rest = text.slice(at);
    if (text[at] === "\\") {
      if (/^\\[Q<>]/.test(rest)) return rest.slice(0, 2);
      at += escapeLength(rest) - 1;
    } else if (isInClass) {
      const posix = POSIX_CLASS.exec(rest)?.[0];
      if (posix !== undefined) at += posix.length - 1;
      else if (/^(&&|--|~~)/.test(rest)) return rest.slice(0, 2);
      else if (text[at] === "[") return "[ within [";
      else if (text[at] === "]") isInClass = false;
    } else if (text[at] === "[") {
      isInClass = true;
      // A bracket that comes first is one of the class.
      at += (/^\[\^?\]?/.exec(rest)?.[0].length ?? 1) - 1;
    } else if (text[at] === "{" && !COUNT.test(rest)) return "{ that counts nothing";
  }
  return undefined;
};

/** `\p{Greek}` and `\x{41}` hold braces that count nothing. */
const escapeLength = (rest: string): number => /^\\[pPx]\{[^}]*\}/.exec(rest)?.[0].length ?? 2;
