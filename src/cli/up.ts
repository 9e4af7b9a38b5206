import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type App, bankTable, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import type { Counts } from "../aws/counting.ts";
import { createTable } from "../aws/create-table.ts";
import { localTables } from "../aws/local-tables.ts";
import { tableStreams } from "../aws/table-streams.ts";
import { createPlaceHandler } from "../handlers/place.ts";
import { createProjectHandler } from "../handlers/project.ts";
import { createSweepHandler } from "../handlers/sweep.ts";
import { AdjustableClock } from "../local/adjustable-clock.ts";
import type { ChaosSettings } from "../local/chaos/chaos.ts";
import { createLocalCloud, type LocalCloud } from "../local/cloud.ts";
import { type DynamoDbLocal, startDynamoDbLocal } from "../local/dynamodb-local.ts";
import type { Poller } from "../local/lambda/poller.ts";
import { type LocalPointInTime, startLocalPointInTime } from "../local/point-in-time/local-point-in-time.ts";
import { seededRandom } from "../local/seeded-random.ts";
import { systemClock } from "../local/system-clock.ts";
import { createDaybookTopology, type Topology } from "../local/topology.ts";
import type { Listening } from "../local/wire/server.ts";
import { type ControlRecord, readControl } from "../replay/control/control.ts";
import { keepSweeping } from "./keep-sweeping.ts";
import { Refused } from "./output.ts";

/** Prefix of every bucket, topic and queue of a local Daybook. */
const NAME_PREFIX = "daybook-";
/** Long enough for a batch that waits for a busy account; a message whose handler died comes back after it. */
const VISIBILITY_TIMEOUT_MS = 60_000;
/** As they come back so soon, it takes many receives to outlast a fault of half a minute; on AWS five span half an hour. */
const RECEIVES_MAX = 150;
/** Failed messages come back soon: nobody here is protected by a pause. */
const RETRY_DELAY_MS = 200;

export type CloudOptions = {
  /** Where the state is kept. Absent: in memory, gone at the end. */
  readonly dataDir?: string | undefined;
  readonly port?: number | undefined;
  readonly chaos?: Partial<ChaosSettings> | undefined;
  readonly currencyRequired?: boolean | undefined;
  readonly concurrency?: number | undefined;
  /** Days after which copies of requests expire once a verified bundle holds them. Absent: never. */
  readonly bundledExpireDays?: number | undefined;
  /** Whether the sweep function runs on its schedule. A story does without, so that only its rows move it. */
  readonly isSwept?: boolean | undefined;
};

/** A running Daybook on this machine. */
export type RunningCloud = {
  /** A client's view of it: for whoever runs it to put and to look. Of the table that is live at the start. */
  readonly app: App;
  /** The same over the table that is live now, after a restore. */
  readonly liveApp: () => Promise<App>;
  readonly cloud: LocalCloud;
  readonly clock: AdjustableClock;
  /** Moves the clock, ms since the epoch, and lets happen what is due by then. */
  readonly setClock: (toMs: number) => void;
  /** Backups of the tables, kept from its start on. */
  readonly pointInTime: LocalPointInTime;
  readonly topology: Topology;
  readonly poller: Poller;
  /** What was last asked of the functions before it was started: it comes up halted where it was halted. */
  readonly control: ControlRecord;
  /** Resolves when both functions have nothing left to do: neither queue has anything visible, delayed or in flight. */
  readonly idle: () => Promise<void>;
  /** What the functions asked of the services so far; what `app` asks is not in it. */
  readonly counts: Counts;
  /** The variables that point a client at it. */
  readonly env: Readonly<Record<string, string>>;
  /** Lets the running batches end, then stops everything. */
  readonly stop: () => Promise<void>;
};

/** The standard variables for a client of a local Daybook; the keys open nothing. */
export const localEnvironment = (endpoint: string, dynamodbEndpoint: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
});

/**
 * Starts DynamoDB Local, the local S3, SNS and SQS behind one port of 127.0.0.1, and the functions on their queues.
 * They talk to them through the same SDK clients as on AWS.
 *
 * Throws: `JavaMissing`, `DataFolderLocked`, `JournalCorrupt`, or `Refused` for a port that cannot be had.
 */
export const startCloud = async (options: CloudOptions = {}): Promise<RunningCloud> => {
  const started: Stop[] = [];
  const stop = (): Promise<void> => stopAll(started.splice(0).reverse());
  try {
    return { ...(await startParts(options, started)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

type Stop = () => void | Promise<void>;

/** Stops one after the other. One that fails leaves none of the others running; the first failure is thrown. */
const stopAll = async (stops: readonly Stop[]): Promise<void> => {
  const failures: unknown[] = [];
  for (const stop of stops) {
    try {
      await stop();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
};

/** Starts part after part; what is to be stopped, in the order of starting, goes into `started`. */
const startParts = async (
  {
    dataDir,
    port,
    chaos,
    currencyRequired = true,
    concurrency,
    bundledExpireDays,
    isSwept = false,
  }: CloudOptions,
  started: Stop[],
): Promise<Omit<RunningCloud, "stop">> => {
  const clock = new AdjustableClock();
  const cloud = createLocalCloud({
    clock,
    queueClock: systemClock,
    random: seededRandom(chaos?.seed ?? 1),
    ...(dataDir === undefined ? {} : { dataDir: join(dataDir, "cloud") }),
    ...(chaos === undefined ? {} : { chaos }),
  });
  started.push(cloud.close);
  // Its S3 never goes back behind what it stored: a clock that was moved goes on from there.
  if (cloud.s3.state.lastEventMs > clock.now()) clock.set(cloud.s3.state.lastEventMs);
  const topology = createDaybookTopology(cloud, {
    prefix: NAME_PREFIX,
    visibilityTimeoutMs: VISIBILITY_TIMEOUT_MS,
    receivesMax: RECEIVES_MAX,
    bundledExpireDays,
  });
  const { endpoint } = await listenOn(cloud, port);
  const dynamodb = await startTableServer(dataDir);
  started.push(dynamodb.stop);
  const env = {
    ...localEnvironment(endpoint, dynamodb.endpoint),
    DAYBOOK_OBJECTS_TOPIC: topology.topics.objects,
    DAYBOOK_DECIDED_TOPIC: topology.topics.decided,
    DAYBOOK_PAYMENTS_TOPIC: topology.topics.payments,
    DAYBOOK_CURRENCY_REQUIRED: String(currencyRequired),
  };
  const clients = createClients(env);
  const functionClients = createClients(env);
  started.push(clients.close, functionClients.close);
  const app = await cloudApp(clients, env, clock);
  await createTable(await clients.dynamodb(), bankTable, app.config.table, { stream: true });
  const pointInTime = await startLocalPointInTime({
    tables: localTables(await clients.dynamodb(), bankTable),
    streams: tableStreams(await clients.dynamodbStreams(), await clients.dynamodb()),
    clock,
    realClock: systemClock,
    log: app.ledger.log,
    ...(dataDir !== undefined && { dataDir: join(dataDir, "point-in-time") }),
  });
  cloud.pointInTime = pointInTime;
  started.push(pointInTime.close);
  const { objects, decisionsBucket: bucket } = app.ledger;
  const control = await readControl({ objects, bucket });
  const isEnabled = control.state === "running";
  const polling = {
    isEnabled,
    retryDelayMs: RETRY_DELAY_MS,
    ...(concurrency === undefined ? {} : { concurrency }),
  };
  const { project, place } = topology.queues;
  const newFunction = () => keptApp(() => cloudApp(functionClients, env, clock));
  const current = { project: newFunction(), place: newFunction(), sweep: newFunction() };
  const poller = cloud.startPoller({
    ...polling,
    queue: project.name,
    functionName: app.config.functions.project,
    handler: async event => createProjectHandler(await current.project())(event),
  });
  started.push(poller.stop);
  const placer = cloud.startPoller({
    ...polling,
    queue: place.name,
    functionName: app.config.functions.place,
    handler: async event => createPlaceHandler(await current.place())(event),
  });
  started.push(placer.stop, keepRunningDue(cloud));
  const sweep = async () => createSweepHandler(await current.sweep())();
  if (isSwept) started.push(keepSweeping(clock, app.ledger.log, sweep));
  const idle = (): Promise<void> => cloud.idle([project.name, place.name]);
  const setClock = (toMs: number): void => {
    clock.set(toMs);
    cloud.runDue();
  };
  return {
    app,
    liveApp: () => cloudApp(clients, env, clock),
    cloud,
    clock,
    setClock,
    pointInTime,
    topology,
    poller,
    control,
    idle,
    counts: functionClients.counts,
    env,
  };
};

const UNUSABLE_PORT: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken",
  EACCES: "is not for this user",
};

const listenOn = async (cloud: LocalCloud, port: number | undefined): Promise<Listening> => {
  try {
    return await cloud.listen(port);
  } catch (error) {
    const reason = UNUSABLE_PORT[(error as NodeJS.ErrnoException).code ?? ""];
    if (reason === undefined) throw error;
    throw new Refused(`Port ${port} of 127.0.0.1 ${reason}: choose another, or none for any free one.`, {
      cause: error,
    });
  }
};

/** S3 ends restores and expires objects by itself, without anybody asking for them. */
const RUN_DUE_EVERY_MS = 1_000;

const keepRunningDue = (cloud: LocalCloud): Stop => {
  const timer = setInterval(cloud.runDue, RUN_DUE_EVERY_MS);
  return () => clearInterval(timer);
};

const startTableServer = (dataDir: string | undefined): Promise<DynamoDbLocal> => {
  if (dataDir === undefined) return startDynamoDbLocal();
  const folder = join(dataDir, "table");
  mkdirSync(folder, { recursive: true });
  return startDynamoDbLocal({ dataDir: folder });
};
