import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../ports/clock.ts";
import { type Log, silentLog } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import { Chaos, type ChaosSettings } from "./chaos/chaos.ts";
import { fileBodies, removeUnusedBodies } from "./durability/file-bodies.ts";
import { type JournalEntry, readJournal, startJournal } from "./durability/journal.ts";
import { lockFolder } from "./durability/lock.ts";
import { type Change, forgetfulRecorder, type Recorder } from "./durability/recorder.ts";
import { LocalEventSources } from "./lambda/event-sources.ts";
import { BATCH_SIZE, type Poller, type PollerOptions, startPoller } from "./lambda/poller.ts";
import type { LocalPointInTime } from "./point-in-time/local-point-in-time.ts";
import { type Bodies, type Body, memoryBodies } from "./s3/bodies.ts";
import { runLifecycle } from "./s3/lifecycle.ts";
import { LocalObjectStore } from "./s3/local-object-store.ts";
import { runRestores } from "./s3/restore.ts";
import { createS3, type S3, type S3Options } from "./s3/s3.ts";
import { applyS3Change, dumpS3State, reviveS3Change, type S3Change } from "./s3/s3-state.ts";
import { applySnsChange, createSns, dumpSnsState, publish, type Sns, type SnsChange } from "./sns/sns.ts";
import { createSqs, queueByArn, queueNamed, type Sqs, sendMessage } from "./sqs/sqs.ts";
import { applySqsChange, dumpSqsState, type SqsChange } from "./sqs/sqs-state.ts";
import { whenEmpty } from "./sqs/waiting.ts";
import { type Listening, listen } from "./wire/server.ts";

export type LocalCloudOptions = {
  readonly clock: Clock;
  /** What queues wait by. Default: `clock`; another one where that is moved about while messages wait. */
  readonly queueClock?: Clock;
  readonly random: Random;
  /** Where the state is kept. Absent: in memory only. */
  readonly dataDir?: string;
  readonly chaos?: Partial<ChaosSettings>;
  readonly log?: Log;
} & Pick<S3Options, "eventVersion" | "sequencerWidths" | "restoreTimeFactor">;

/** S3, SNS, SQS and Lambda's poller on one machine: the models, and HTTP in front of them when asked. */
export type LocalCloud = {
  readonly s3: S3;
  readonly sns: Sns;
  readonly sqs: Sqs;
  readonly chaos: Chaos;
  readonly clock: Clock;
  readonly log: Log;
  /** Backups of the tables, where whoever started the cloud has a table server too and set them. */
  pointInTime: LocalPointInTime | undefined;
  /** The object store port on the model. */
  readonly objects: LocalObjectStore;
  readonly startPoller: (options: Omit<PollerOptions, "sqs">) => Poller;
  /** The pollers as Lambda shows them. */
  readonly eventSources: LocalEventSources;
  /** Resolves when all these queues are empty at once: nothing visible, delayed or in flight. */
  readonly idle: (queues: readonly string[]) => Promise<void>;
  /** Does what the clock has made due: restores and lifecycle. */
  readonly runDue: () => void;
  /** Serves HTTP on 127.0.0.1. Port 0 or none: any free one. */
  readonly listen: (port?: number) => Promise<Listening>;
  /** Closes the servers and lets go of the data folder. */
  readonly close: () => Promise<void>;
};

/**
 * Starts a cloud, with the state of the data folder if one is given.
 * Throws: DataFolderLocked, JournalCorrupt.
 */
export const createLocalCloud = (options: LocalCloudOptions): LocalCloud => {
  const { clock, random, log = silentLog } = options;
  const durable = durableParts(options.dataDir);
  const chaos = new Chaos(options.chaos);
  const { recorder } = durable;
  const sqs = createSqs({ clock: options.queueClock ?? clock, random, chaos, recorder });
  const sns = createSns({ clock, random, chaos, recorder, sqs });
  const s3 = createS3({
    ...options,
    recorder,
    bodies: durable.bodies,
    deliver: (destination, message) => deliver(sns, sqs, destination, message),
    isDestination: arn => sns.state.topics.has(arn) || queueByArn(sqs, arn) !== undefined,
  });
  durable.start({ s3, sns, sqs });
  const eventSources = new LocalEventSources();
  const listening = new Set<Listening>();
  const cloud: LocalCloud = {
    s3,
    sns,
    sqs,
    chaos,
    clock,
    log,
    pointInTime: undefined,
    objects: new LocalObjectStore(s3),
    startPoller: pollerOptions => {
      const { queue, functionName = queue, batchSize = BATCH_SIZE } = pollerOptions;
      const poller = startPoller({ log, ...pollerOptions, sqs });
      const queueArn = queueNamed(sqs, queue).arn;
      eventSources.add({ functionName, queueArn, batchSize, changedMs: clock.now(), poller });
      return poller;
    },
    eventSources,
    idle: queues => whenEmpty(sqs, queues),
    runDue: () => {
      runRestores(s3);
      runLifecycle(s3);
    },
    listen: async port => {
      const server = await listen(cloud, port ?? 0);
      listening.add(server);
      return server;
    },
    close: async () => {
      for (const server of listening) await server.close();
      durable.close();
    },
  };
  return cloud;
};

/** A topic or queue that is gone loses the event, as on AWS. */
const deliver = (sns: Sns, sqs: Sqs, destination: string, message: string): void => {
  if (sns.state.topics.has(destination)) {
    publish(sns, destination, { message, subject: "Amazon S3 Notification" });
  } else {
    const queue = queueByArn(sqs, destination);
    if (queue !== undefined) sendMessage(sqs, queue.name, { body: message });
  }
};

type Models = { readonly s3: S3; readonly sns: Sns; readonly sqs: Sqs };
type DurableParts = {
  readonly recorder: Recorder;
  readonly bodies: Bodies;
  readonly start: (models: Models) => void;
  readonly close: () => void;
};

const IN_MEMORY: DurableParts = {
  recorder: forgetfulRecorder,
  bodies: memoryBodies,
  start: () => {},
  close: () => {},
};

const durableParts = (dataDir: string | undefined): DurableParts => {
  if (dataDir === undefined) return IN_MEMORY;
  mkdirSync(dataDir, { recursive: true });
  const unlock = lockFolder(dataDir);
  const bodiesDir = join(dataDir, "objects");
  const bodies = fileBodies(bodiesDir);
  let journal: ReturnType<typeof startJournal> | undefined;
  return {
    bodies,
    recorder: {
      record: (model, change) => journal?.record(model, change),
      operation: work => (journal === undefined ? work() : journal.operation(work)),
    },
    start: models => {
      try {
        for (const entry of readJournal(dataDir)) applyEntry(models, entry, bodies);
        journal = startJournal(dataDir, dump(models));
        removeUnusedBodies(bodiesDir, bodiesOf(models.s3));
      } catch (error) {
        unlock();
        throw error;
      }
    },
    close: () => {
      journal?.close();
      journal = undefined;
      unlock();
    },
  };
};

// The journal's changes were recorded by the models named beside them.
const applyEntry = ({ s3, sns, sqs }: Models, [model, change]: JournalEntry, bodies: Bodies): void => {
  if (model === "s3") applyS3Change(s3.state, reviveS3Change(change as S3Change, bodies));
  else if (model === "sns") applySnsChange(sns.state, change as SnsChange);
  else applySqsChange(sqs.state, change as SqsChange);
};

function* dump({ s3, sns, sqs }: Models): Generator<[JournalEntry[0], Change]> {
  for (const change of dumpS3State(s3.state)) yield ["s3", change];
  for (const change of dumpSnsState(sns.state)) yield ["sns", change];
  for (const change of dumpSqsState(sqs.state)) yield ["sqs", change];
}

function* bodiesOf(s3: S3): Generator<Body> {
  for (const bucket of s3.state.buckets.values()) {
    for (const versions of bucket.versions.values()) for (const version of versions) yield version.body;
    for (const upload of bucket.uploads.values()) for (const part of upload.parts.values()) yield part.body;
  }
}
