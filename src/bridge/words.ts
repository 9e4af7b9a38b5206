/** The quotes of a command do not end. */
export class UnclosedQuote extends Error {
  override readonly name = "UnclosedQuote";
}

/**
 * Splits a command into its words as a shell would: quotes and backslashes count. Nothing else does: no variables, no
 * pipes, no patterns of files. Source: S3 Event Bridge, which splits `HANDLER_COMMAND` so.
 * Throws: `UnclosedQuote`.
 */
export const wordsOf = (text: string): readonly string[] => {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const each = text[at] ?? "";
    if (quote === undefined && /\s/.test(each)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (each === quote) quote = undefined;
    else if (quote === undefined && (each === "'" || each === '"')) {
      quote = each;
      word ??= "";
    } else if (each === "\\" && quote !== "'" && isEscape(quote, text[at + 1])) {
      at += 1;
      word = (word ?? "") + (text[at] === "\n" ? "" : text[at]);
    } else word = (word ?? "") + each;
  }
  if (quote !== undefined) throw new UnclosedQuote(`a quote ${quote} without its end`);
  return word === undefined ? words : [...words, word];
};

/** Within double quotes a backslash is one, but before these. Source: POSIX, "Double-Quotes". */
const isEscape = (quote: string | undefined, next: string | undefined): boolean =>
  next !== undefined && (quote === undefined || '$`"\\\n'.includes(next));
