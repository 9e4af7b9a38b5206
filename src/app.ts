import type { Clients } from "./aws/clients.ts";
import { DynamoStore } from "./aws/dynamo-store.ts";
import { jsonLog } from "./aws/json-log.ts";
import { S3ObjectStore } from "./aws/object-store.ts";
import { SnsTopic } from "./aws/topic.ts";
import { type Config, configFrom, InvalidConfig } from "./config.ts";
import type { AccountChange, AccountState } from "./domain/account.ts";
import { bank } from "./domain/bank.ts";
import type { BankRequest } from "./domain/request.ts";
import { DEFAULT_SETTINGS, type Settings } from "./domain/settings.ts";
import type { Domain, Projection } from "./ledger/domain.ts";
import { ledgerEntities } from "./ledger/entities.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { readLive } from "./ledger/live.ts";
import { placeBatch } from "./ledger/place/place-batch.ts";
import { type Message, projectBatch } from "./ledger/project.ts";
import { createReads } from "./ledger/reads.ts";
import { NOT_SWEPT, releaseDue, type Swept } from "./ledger/sweep.ts";
import type { RemainingMs } from "./ledger/waits.ts";
import { systemClock } from "./local/system-clock.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { Topic } from "./ports/messages.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import type { Random } from "./ports/random.ts";
import { announcementOf } from "./projections/announcement.ts";
import { bankRows } from "./projections/bank-rows.ts";
import { bankEntities } from "./projections/entities.ts";
import { BANK_NAMES } from "./projections/names.ts";
import { haltGuard } from "./replay/control/halt-guard.ts";
import { type SnapshotTaken, takeSnapshot } from "./replay/snapshot/take-snapshot.ts";
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
  /** Absent where nobody said which it is. */
  readonly objectsTopic?: Topic | undefined;
  /** Where S3 tells of new decisions; absent likewise. */
  readonly decidedTopic?: Topic | undefined;
  /** Where payments are announced; absent where nobody said which it is. */
  readonly paymentsTopic?: Topic | undefined;
};

export type BankLedger = Ledger<BankRequest, AccountState, AccountChange, Settings>;

/** Works on a batch of messages; returns the ids of those that must come again: all of them, once all is halted. */
type Consumer = (messages: readonly Message[], remainingMs: RemainingMs) => Promise<ReadonlySet<string>>;

/** Daybook, put together: the bank over a backend. */
export type App = {
  readonly config: Config;
  readonly clock: Clock;
  readonly ledger: BankLedger;
  /** The topic of object events, for what S3 did not tell of. */
  readonly objectsTopic: Topic | undefined;
  /** The topic of new decisions, for those that were not placed. */
  readonly decidedTopic: Topic | undefined;
  /** Brings a batch of messages to the table; returns the ids of those that must come again. */
  project(messages: readonly Message[], remainingMs: RemainingMs): Promise<ReadonlySet<string>>;
  /** Places the requests whose decisions a batch of messages tells of; returns as `project` does. */
  place(messages: readonly Message[], remainingMs: RemainingMs): Promise<ReadonlySet<string>>;
  /** Whether it met the end of its epoch: another table is live, or soon will be. */
  isOver(): boolean;
  /** Writes down where every account stands. */
  snapshot(): Promise<SnapshotTaken>;
  /** Decides what is parked and need not wait any more, passed deadlines included; nothing while all is halted. */
  sweep(remainingMs: RemainingMs): Promise<Swept>;
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

/** A payment that nobody is told of must not look as if it were on its way: its placement fails until this is set. */
const unnamedTopic: Topic = {
  publish: () =>
    Promise.reject(
      new InvalidConfig("DAYBOOK_PAYMENTS_TOPIC", "the ARN of the topic that announces payments", ""),
    ),
};

export const createApp = (backend: Backend, config: Config): App => {
  const { buckets, epoch, parkedDays, currencyRequired, autoOpen } = config;
  let isOver = false;
  const ledger: BankLedger = {
    ...backend,
    domain,
    projection,
    settings: { ...DEFAULT_SETTINGS, currencyRequired, autoOpen },
    rows: tableRows,
    roles: { requests: buckets.newEvents, archive: buckets.archive, rejected: buckets.rejected },
    decisionsBucket: buckets.decisions,
    epoch,
    parkedDays,
    published: new Map(),
    onEpochOver: () => {
      isOver = true;
    },
  };
  const isHalted = haltGuard({ ...backend, bucket: buckets.decisions });
  const unlessHalted =
    (work: Consumer): Consumer =>
    async (messages, remainingMs) => {
      if (!(await isHalted())) return work(messages, remainingMs);
      backend.log.warn("Halted: nothing is acknowledged", { messages: messages.length });
      return new Set(messages.map(({ id }) => id));
    };
  const placing = { ledger, announce: announcementOf, announcements: backend.paymentsTopic ?? unnamedTopic };
  return {
    config,
    clock: backend.clock,
    ledger,
    objectsTopic: backend.objectsTopic,
    decidedTopic: backend.decidedTopic,
    project: unlessHalted((messages, remainingMs) => projectBatch(ledger, messages, remainingMs)),
    isOver: () => isOver,
    snapshot: () => takeSnapshot(ledger),
    place: unlessHalted((messages, remainingMs) => placeBatch(placing, messages, remainingMs)),
    sweep: async remainingMs => {
      if (await isHalted()) return NOT_SWEPT;
      const invocation = { reads: createReads(ledger.store), remainingMs };
      return releaseDue(ledger, invocation, { now: backend.clock.now() });
    },
  };
};

/**
 * Daybook over AWS, or over whatever answers at the endpoints in the environment, on the table that is live: where a
 * restore moved the pointer to, else the one in the environment.
 *
 * `clock`: the local cloud's own, where the two share a process. `log`: one that knows of the invocation.
 * Throws: `InvalidConfig`; what S3 throws.
 */
export const cloudApp = async (
  clients: Clients,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock = systemClock,
  log: Log = jsonLog,
): Promise<App> => {
  const named = configFrom(env);
  const [dynamodb, s3] = await Promise.all([clients.dynamodb(), clients.s3()]);
  const objects = new S3ObjectStore(s3);
  const live = await readLive({ objects, bucket: named.buckets.decisions });
  const config = live === undefined ? named : { ...named, table: live.table, epoch: live.epoch };
  const backend: Backend = {
    store: new DynamoStore({ client: dynamodb, tableName: config.table }),
    objects,
    clock,
    random: { next: Math.random },
    log,
    objectsTopic: config.objectsTopic === undefined ? undefined : topicOf(clients, config.objectsTopic),
    decidedTopic: config.decidedTopic === undefined ? undefined : topicOf(clients, config.decidedTopic),
    paymentsTopic: config.paymentsTopic === undefined ? undefined : topicOf(clients, config.paymentsTopic),
  };
  return createApp(backend, config);
};

/**
 * Makes an application when it is first asked for, and a new one once the epoch of the last is over: a worker that met
 * the fence reads again which table is live. One that could not be made is tried again.
 */
export const keptApp = (make: () => Promise<App>): (() => Promise<App>) => {
  let kept: App | undefined;
  return async () => {
    if (kept === undefined || kept.isOver()) kept = await make();
    return kept;
  };
};

/** Loads the package of SNS only when something is published: the project function never does. */
const topicOf = (clients: Clients, arn: string): Topic => ({
  publish: async message => new SnsTopic({ client: await clients.sns(), arn }).publish(message),
});
