/** Everything about a deployment that its owner may choose; each is a context value of the same name. */
export type Settings = {
  /** In front of every name. */
  readonly prefix: string;
  /** new-events and decisions take only writes with `If-None-Match: *`. */
  readonly requireIfNoneMatch: boolean;
  /** Days after which a placed request leaves new-events. */
  readonly placedExpireDays: number;
  readonly placedNoncurrentDays: number;
  /** Days after which parts of bundles go cold. */
  readonly bundleColdDays: number;
  /** Days after which a copy whose verified bundle holds it expires; 0: never. */
  readonly bundledExpireDays: number;
  /** Days after which every copy goes cold by itself; 0: never, since that costs more than it saves. */
  readonly copyColdDays: number;
  readonly inventoryFrequency: "Daily" | "Weekly";
  readonly inventoryKeepDays: number;
  /** Days of point-in-time recovery, 1 to 35. */
  readonly recoveryDays: number;
  /** Weekly backups beside it are kept for so many days; 0: none are made. */
  readonly backupKeepDays: number;
  /** Batches at the same time, 2 to 1,000. */
  readonly projectConcurrency: number;
  readonly placeConcurrency: number;
  readonly repairConcurrency: number;
  /** Days that log groups keep lines. */
  readonly logDays: number;
  /** Minutes after which an undecided request is an alarm. */
  readonly undecidedMinutes: number;
  /** Who is told of alarms and asked for approvals; empty: whoever subscribes to the topic. */
  readonly operatorEmail: string;
  readonly parkedDays: number;
  readonly currencyRequired: boolean;
  readonly autoOpen: boolean;
  /** Whether tables and buckets stay when their stack is deleted. */
  readonly retain: boolean;
  /** Image of a bridge, `repository:tag` in this account's registry; empty: no bridge is deployed. */
  readonly bridgeImage: string;
  /** The bucket that the bridge watches: archive, rejected or newEvents. */
  readonly bridgeSource: string;
};

/** Lab 4's where it had one: requests leave after a day, bundles go cold after three. */
export const DEFAULTS: Settings = {
  prefix: "daybook",
  requireIfNoneMatch: true,
  placedExpireDays: 1,
  placedNoncurrentDays: 7,
  bundleColdDays: 3,
  bundledExpireDays: 0,
  copyColdDays: 0,
  inventoryFrequency: "Daily",
  inventoryKeepDays: 90,
  recoveryDays: 35,
  backupKeepDays: 90,
  projectConcurrency: 20,
  placeConcurrency: 20,
  repairConcurrency: 10,
  logDays: 90,
  undecidedMinutes: 15,
  operatorEmail: "",
  parkedDays: 30,
  currencyRequired: true,
  autoOpen: true,
  retain: true,
  bridgeImage: "",
  bridgeSource: "archive",
};

/** A context value cannot be used. */
export class InvalidSetting extends Error {
  override readonly name = "InvalidSetting";
  constructor(name: string, rule: string, got: unknown) {
    super(`Expected the context value ${name} to be ${rule}, got ${JSON.stringify(got)}.`);
  }
}

/** Bounds of the numbers; the others are days from 0 to ten years. */
const BOUNDS: Readonly<Partial<Record<keyof Settings, readonly [number, number]>>> = {
  placedExpireDays: [1, 3_650],
  placedNoncurrentDays: [1, 3_650],
  inventoryKeepDays: [3, 3_650],
  recoveryDays: [1, 35],
  projectConcurrency: [2, 1_000],
  placeConcurrency: [2, 1_000],
  repairConcurrency: [1, 1_000],
  undecidedMinutes: [1, 1_440],
  parkedDays: [1, 3_650],
};

const ANY_DAYS = [0, 3_650] as const;

/** Days that CloudWatch Logs keeps lines; no others. Source: Amazon CloudWatch Logs API Reference, PutRetentionPolicy. */
export const LOG_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/**
 * The settings in the context: `-c prefix=mybank`, or cdk.json. Values of the command line are text.
 *
 * `contextOf`: asks for a context value by name; undefined where there is none. Throws: `InvalidSetting`.
 */
export const settingsFrom = (contextOf: (name: string) => unknown): Settings => {
  const entries = Object.entries(DEFAULTS).map(([name, standard]) => {
    const value = contextOf(name);
    return [name, value === undefined ? standard : read(name as keyof Settings, standard, value)];
  });
  const settings = Object.fromEntries(entries) as Settings; // one entry for each name
  // The longest name of a bucket is 49 letters longer where a Region has the longest name; S3 takes 63.
  if (!/^[a-z][a-z0-9-]{0,13}$/.test(settings.prefix))
    throw new InvalidSetting("prefix", "1 to 14 small letters, digits and hyphens", settings.prefix);
  if (!LOG_DAYS.includes(settings.logDays))
    throw new InvalidSetting("logDays", `one of ${LOG_DAYS.join(", ")}`, settings.logDays);
  if (!["Daily", "Weekly"].includes(settings.inventoryFrequency))
    throw new InvalidSetting("inventoryFrequency", '"Daily" or "Weekly"', settings.inventoryFrequency);
  if (!/^([a-z0-9][a-z0-9._/-]*:[A-Za-z0-9._-]+)?$/.test(settings.bridgeImage))
    throw new InvalidSetting("bridgeImage", "repository:tag", settings.bridgeImage);
  if (!["archive", "rejected", "newEvents"].includes(settings.bridgeSource))
    throw new InvalidSetting("bridgeSource", "archive, rejected or newEvents", settings.bridgeSource);
  return settings;
};

const read = (name: keyof Settings, standard: unknown, value: unknown): unknown => {
  if (typeof standard === "boolean") {
    if (String(value) !== "true" && String(value) !== "false")
      throw new InvalidSetting(name, "true or false", value);
    return String(value) === "true";
  }
  if (typeof standard === "string") return String(value);
  const [least, most] = BOUNDS[name] ?? ANY_DAYS;
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new InvalidSetting(name, `a whole number from ${least} to ${most}`, value);
  return number;
};
