/** Where one deployment keeps things. */
export type Config = {
  readonly table: string;
  /** Which life of the table this is; a restore begins the next. */
  readonly epoch: number;
  readonly buckets: {
    readonly newEvents: string;
    readonly archive: string;
    readonly rejected: string;
    readonly decisions: string;
  };
  /** The queue the project function reads. */
  readonly projectQueue: string;
  /** The queue the place function reads. */
  readonly placeQueue: string;
  /** Names of the functions that read the queues, for whoever halts them. */
  readonly functions: { readonly project: string; readonly place: string };
  /** ARN of the topic of new decisions, where reconcile tells of those that were not placed. */
  readonly decidedTopic?: string;
  /** ARN of the topic where accepted outgoing payments are announced. Without it none can be placed. */
  readonly paymentsTopic?: string;
  /** ARN of the topic of object events, where reconcile tells what was lost; nobody else publishes there but S3. */
  readonly objectsTopic?: string;
  /** Days that a follow-up waits for its original before it is refused. */
  readonly parkedDays: number;
  /** Whether cash requests must list their notes and coins. */
  readonly currencyRequired: boolean;
  /** Whether a verified deposit that names a customer opens an unknown account. */
  readonly autoOpen: boolean;
};

/** Longer than any clearing takes, and short enough to end within the customer's next statements. */
const PARKED_DAYS = 30;

/** A variable of the environment has a value that cannot be used. */
export class InvalidConfig extends Error {
  override readonly name = "InvalidConfig";
  constructor(variable: string, rule: string, got: string) {
    super(`Expected ${variable} to be ${rule}, got "${got}": correct it or unset it.`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const text = (env: Environment, variable: string, ifUnset: string): string => {
  const value = env[variable];
  return value === undefined || value === "" ? ifUnset : value;
};

const arnOf = (env: Environment, variable: string, service: string): string | undefined => {
  const value = env[variable];
  if (value === undefined || value === "") return undefined;
  if (!new RegExp(`^arn:[a-z0-9-]+:${service}:[a-z0-9-]+:\\d{12}:[A-Za-z0-9._-]+$`).test(value))
    throw new InvalidConfig(variable, `the ARN of something of ${service.toUpperCase()}`, value);
  return value;
};

const positiveInteger = (env: Environment, variable: string, ifUnset: number): number => {
  const value = text(env, variable, String(ifUnset));
  if (!/^[1-9]\d{0,5}$/.test(value))
    throw new InvalidConfig(variable, "a whole number from 1 to 999999", value);
  return Number(value);
};

const flag = (env: Environment, variable: string, ifUnset: boolean): boolean => {
  const value = text(env, variable, String(ifUnset));
  if (value !== "true" && value !== "false") throw new InvalidConfig(variable, '"true" or "false"', value);
  return value === "true";
};

/**
 * The configuration in the environment.
 *
 * DAYBOOK_TABLE (daybook), DAYBOOK_EPOCH (1), DAYBOOK_NEW_EVENTS_BUCKET (daybook-new-events), DAYBOOK_ARCHIVE_BUCKET,
 * DAYBOOK_REJECTED_BUCKET, DAYBOOK_DECISIONS_BUCKET (likewise), DAYBOOK_PROJECT_QUEUE (daybook-project), DAYBOOK_PLACE_QUEUE (daybook-place),
 * DAYBOOK_PROJECT_FUNCTION (daybook-project), DAYBOOK_PLACE_FUNCTION (daybook-place),
 * DAYBOOK_OBJECTS_TOPIC, DAYBOOK_DECIDED_TOPIC and DAYBOOK_PAYMENTS_TOPIC (ARNs, unset), DAYBOOK_PARKED_DAYS (30), DAYBOOK_CURRENCY_REQUIRED
 * (true), DAYBOOK_AUTO_OPEN (true).
 * Throws: `InvalidConfig`.
 */
export const configFrom = (env: Environment): Config => {
  const objectsTopic = arnOf(env, "DAYBOOK_OBJECTS_TOPIC", "sns");
  const decidedTopic = arnOf(env, "DAYBOOK_DECIDED_TOPIC", "sns");
  const paymentsTopic = arnOf(env, "DAYBOOK_PAYMENTS_TOPIC", "sns");
  return {
    table: text(env, "DAYBOOK_TABLE", "daybook"),
    epoch: positiveInteger(env, "DAYBOOK_EPOCH", 1),
    buckets: {
      newEvents: text(env, "DAYBOOK_NEW_EVENTS_BUCKET", "daybook-new-events"),
      archive: text(env, "DAYBOOK_ARCHIVE_BUCKET", "daybook-archive"),
      rejected: text(env, "DAYBOOK_REJECTED_BUCKET", "daybook-rejected"),
      decisions: text(env, "DAYBOOK_DECISIONS_BUCKET", "daybook-decisions"),
    },
    projectQueue: text(env, "DAYBOOK_PROJECT_QUEUE", "daybook-project"),
    placeQueue: text(env, "DAYBOOK_PLACE_QUEUE", "daybook-place"),
    functions: {
      project: text(env, "DAYBOOK_PROJECT_FUNCTION", "daybook-project"),
      place: text(env, "DAYBOOK_PLACE_FUNCTION", "daybook-place"),
    },
    ...(objectsTopic !== undefined && { objectsTopic }),
    ...(decidedTopic !== undefined && { decidedTopic }),
    ...(paymentsTopic !== undefined && { paymentsTopic }),
    parkedDays: positiveInteger(env, "DAYBOOK_PARKED_DAYS", PARKED_DAYS),
    currencyRequired: flag(env, "DAYBOOK_CURRENCY_REQUIRED", true),
    autoOpen: flag(env, "DAYBOOK_AUTO_OPEN", true),
  };
};
