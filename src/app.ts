import type { Clients } from "./aws/clients.ts";
import { DynamoStore } from "./aws/dynamo-store.ts";
import { jsonLog } from "./aws/json-log.ts";
import { S3ObjectStore } from "./aws/object-store.ts";
import { type Config, configFrom } from "./config.ts";
import type { AccountChange, AccountState } from "./domain/account.ts";
import { bank } from "./domain/bank.ts";
import type { BankRequest } from "./domain/request.ts";
import { DEFAULT_SETTINGS, type Settings } from "./domain/settings.ts";
import type { Domain, Projection } from "./ledger/domain.ts";
import { ledgerEntities } from "./ledger/entities.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { type Message, projectBatch } from "./ledger/project.ts";
import type { RemainingMs } from "./ledger/waits.ts";
import { systemClock } from "./local/system-clock.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import type { Random } from "./ports/random.ts";
import { bankRows } from "./projections/bank-rows.ts";
import { bankEntities } from "./projections/entities.ts";
import { BANK_NAMES } from "./projections/names.ts";
import { tableDefinition } from "./table/definition.ts";
import type { Store } from "./table/store.ts";
import { trackingEntities } from "./tracking/entities.ts";

/** The ports, by whatever backend. */
export type Backend = {
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type BankLedger = Ledger<BankRequest, AccountState, AccountChange, Settings>;

/** Daybook, put together: the bank over a backend. */
export type App = {
  readonly config: Config;
  readonly clock: Clock;
  readonly ledger: BankLedger;
  /** Brings a batch of messages to the table; returns the ids of those that must come again. */
  project(messages: readonly Message[], remainingMs: RemainingMs): Promise<ReadonlySet<string>>;
};

/** Every kind of row in the one table. */
export const tableRows = {
  ...ledgerEntities(BANK_NAMES),
  ...trackingEntities(BANK_NAMES),
  ...bankEntities,
};

/** The one table: what the local cloud creates and CDK deploys. */
export const bankTable = tableDefinition(Object.values(tableRows), ["AccountNumberIdx", "EventKeyIdx"]);

const domain = bank satisfies Domain<BankRequest, AccountState, AccountChange, Settings>;
const projection = bankRows satisfies Projection<AccountState, AccountChange>;

export const createApp = (backend: Backend, config: Config): App => {
  const { buckets, epoch, currencyRequired, autoOpen } = config;
  const ledger: BankLedger = {
    ...backend,
    domain,
    projection,
    settings: { ...DEFAULT_SETTINGS, currencyRequired, autoOpen },
    rows: tableRows,
    roles: { requests: buckets.newEvents, archive: buckets.archive, rejected: buckets.rejected },
    decisionsBucket: buckets.decisions,
    epoch,
    published: new Map(),
  };
  return {
    config,
    clock: backend.clock,
    ledger,
    project: (messages, remainingMs) => projectBatch(ledger, messages, remainingMs),
  };
};

/**
 * Daybook over AWS, or over whatever answers at the endpoints in the environment.
 *
 * `clock`: the local cloud's own, where the two share a process. Throws: `InvalidConfig`.
 */
export const cloudApp = async (
  clients: Clients,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock = systemClock,
): Promise<App> => {
  const config = configFrom(env);
  const [dynamodb, s3] = await Promise.all([clients.dynamodb(), clients.s3()]);
  const backend: Backend = {
    store: new DynamoStore({ client: dynamodb, tableName: config.table }),
    objects: new S3ObjectStore(s3),
    clock,
    random: { next: Math.random },
    log: jsonLog,
  };
  return createApp(backend, config);
};
