import { InvalidSetting } from "./settings.ts";

/** The environment, usually `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A variable's text; blank counts as unset. */
export const textIn = (env: Env, variable: string): string | undefined => {
  const value = env[variable]?.trim();
  return value === "" ? undefined : value;
};

/** Throws: `InvalidSetting` for anything but a whole number within the bounds. */
export const integerIn = (
  env: Env,
  variable: string,
  { ifUnset, min, max }: { readonly ifUnset: number; readonly min: number; readonly max: number },
): number => {
  const text = textIn(env, variable);
  if (text === undefined) return ifUnset;
  const value = Number(text);
  if (!/^-?\d{1,15}$/.test(text) || value < min || value > max)
    throw new InvalidSetting(variable, `expected a whole number from ${min} to ${max}, got "${text}"`);
  return value;
};

/** Throws: `InvalidSetting` for anything but `true` and `false`. */
export const flagIn = (env: Env, variable: string): boolean =>
  choiceIn(env, variable, ["false", "true"]) === "true";

/** One of several; the first if unset. Throws: `InvalidSetting`. */
export const choiceIn = <C extends string>(env: Env, variable: string, choices: readonly [C, ...C[]]): C => {
  const text = textIn(env, variable);
  if (text === undefined) return choices[0];
  const found = choices.find(choice => choice === text);
  if (found === undefined)
    throw new InvalidSetting(variable, `expected ${choices.join(" or ")}, got "${text}"`);
  return found;
};

/** Items between commas, or a JSON array where an item holds a comma. Throws: `InvalidSetting` for an empty item. */
export const listIn = (env: Env, variable: string): readonly string[] => {
  const text = textIn(env, variable);
  if (text === undefined) return [];
  const items = jsonItems(text) ?? text.split(",").map(item => item.trim());
  if (items.includes(""))
    throw new InvalidSetting(variable, "an empty item, which would match everything: take the comma out");
  return items;
};

/** A class such as `[ab]c` begins with a bracket too, so what is no array of texts is no error. */
const jsonItems = (text: string): readonly string[] | undefined => {
  if (!text.startsWith("[")) return undefined;
  try {
    const items: unknown = JSON.parse(text);
    return Array.isArray(items) && items.every(item => typeof item === "string") ? items : undefined;
  } catch {
    return undefined;
  }
};

/** A name for a variable of the handler's environment. Throws: `InvalidSetting`. */
export const variableNameIn = (env: Env, variable: string, ifUnset: string): string => {
  const name = textIn(env, variable) ?? ifUnset;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new InvalidSetting(variable, `expected the name of a variable, got "${name}"`);
  return name;
};
