import { isFields } from "../narrow.ts";
import type { Attributes } from "./attributes.ts";
import { InvalidQuery } from "./invalid-query.ts";
import { escaped, matches, type Pattern, parsePattern } from "./pattern.ts";

/** One condition on attributes: the names that lead to a value, and the pattern of its text. */
export type AttributeTest = { readonly path: readonly string[]; readonly pattern: Pattern };

/**
 * Reads `a.b=pattern`: the value under `b` under `a`.
 *
 * In names `\.`, `\=` and `\\` stand for themselves, everything else is itself, wildcards too. The pattern begins
 * behind the first plain `=`. Throws: `InvalidQuery`.
 */
export const parseAttributeTest = (text: string): AttributeTest => {
  const path: string[] = [""];
  const chars = [...text];
  for (let at = 0; at < chars.length; at += 1) {
    let char = chars[at] ?? "";
    if (char === "=") return { path: named(path, text), pattern: parsePattern(chars.slice(at + 1).join("")) };
    if (char === ".") path.push("");
    else {
      if (char === "\\") {
        at += 1;
        char = escaped(chars[at], at, text, ".=\\");
      }
      path.push((path.pop() ?? "") + char);
    }
  }
  throw new InvalidQuery(`Expected an attribute as name=value or outer.inner=value, got "${text}".`);
};

const named = (path: readonly string[], text: string): readonly string[] => {
  if (path.includes(""))
    throw new InvalidQuery(`Expected a name around every dot and before the = in "${text}".`);
  return path;
};

/**
 * Whether a value at the path fits. Text is compared itself, numbers, `true`, `false` and `null` by their JSON text, so
 * that `n=1` finds 1 and "1". Of an array any element may fit, or the one that a name such as `0` counts to.
 */
export const attributeFits = (
  attributes: Attributes | undefined,
  { path, pattern }: AttributeTest,
  ignoreCase: boolean,
): boolean =>
  valuesAt(attributes, path).some(value => {
    if (typeof value === "object" && value !== null) return false;
    return value !== undefined && matches(pattern, String(value), ignoreCase);
  });

const valuesAt = (value: unknown, path: readonly string[]): readonly unknown[] => {
  const [name, ...rest] = path;
  if (Array.isArray(value)) {
    const elements = value.flatMap(each => valuesAt(each, path));
    return name !== undefined && Object.hasOwn(value, name) && name !== "length"
      ? [...elements, ...valuesAt(value[Number(name)], rest)]
      : elements;
  }
  if (name === undefined) return [value];
  return isFields(value) && Object.hasOwn(value, name) ? valuesAt(value[name], rest) : [];
};
