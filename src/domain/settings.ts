/**
 * What an operator may set. Plain JSON, recorded with every decision, so that a decision can be explained later.
 *
 * `autoOpen`: a verified cash deposit that carries a CustomerNumber opens an unknown account.
 * `currencyRequired`: cash requests must list their notes and coins.
 * `keyPrefix`: the one folder, with its slash, that requests lie under; empty for the root of the bucket.
 */
export type Settings = {
  readonly autoOpen: boolean;
  readonly currencyRequired: boolean;
  readonly keyPrefix: string;
};

export const DEFAULT_SETTINGS: Settings = {
  autoOpen: true,
  currencyRequired: true,
  keyPrefix: "",
};

/**
 * Settings out of what an operator gave, the rest by default.
 *
 * Throws: for a name that is no setting, and for a value of another type than the default's.
 */
export const settingsFrom = (given: Readonly<Record<string, unknown>>): Settings => {
  const defaults: Readonly<Record<string, unknown>> = DEFAULT_SETTINGS;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name))
      throw new Error(`${name} is no setting: there are ${Object.keys(defaults).join(", ")}`);
    if (typeof value !== typeof defaults[name])
      throw new Error(`Expected the setting ${name} to be a ${typeof defaults[name]}, got ${typeof value}`);
  }
  return { ...DEFAULT_SETTINGS, ...given };
};
