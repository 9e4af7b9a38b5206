/** Longest piece of a request quoted in facts: they are for a glance, the whole text is in the record. */
const QUOTED_CHARACTERS_MAX = 60;
const EXCERPT_CHARACTERS_MAX = 140;

/** A piece of a request fit to be quoted in facts: short, and plain ASCII whatever was sent. */
export const quoted = (value: unknown): string =>
  String(typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing"))
    .slice(0, QUOTED_CHARACTERS_MAX)
    .replace(/[^ -~]/g, "?");

/** The beginning of a text in any language, whole characters only; half a character becomes U+FFFD. */
export const excerpt = (text: string): string =>
  [...text.slice(0, 2 * EXCERPT_CHARACTERS_MAX)]
    .slice(0, EXCERPT_CHARACTERS_MAX)
    .join("")
    .replace(/\p{Surrogate}/gu, "\ufffd");
