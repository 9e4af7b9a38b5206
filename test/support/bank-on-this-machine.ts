import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { type App, createApp } from "../../src/app.ts";
import type { Config } from "../../src/config.ts";
import { createPlaceHandler } from "../../src/handlers/place.ts";
import { createProjectHandler } from "../../src/handlers/project.ts";
import type { ChaosSettings } from "../../src/local/chaos/chaos.ts";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { LocalTopic } from "../../src/local/sns/sns.ts";
import { queueDepth } from "../../src/local/sqs/sqs.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { silentLog } from "../../src/ports/log.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Store } from "../../src/table/store.ts";

export type Handler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** The bank over a given table and a local cloud of its own, without the wire; one function per concurrent poller. */
export const openBank = (
  store: Store,
  options: {
    readonly chaos?: Partial<ChaosSettings>;
    readonly config?: Partial<Config>;
    readonly handlers?: number;
    /** Receives before a message counts as dead; five by default, which failures that come back at once use up soon. */
    readonly receivesMax?: number;
    /** Functions that place what is decided. Default: none, since most tests look at decisions. */
    readonly placers?: number;
    /** What the cloud and its functions go by; its queues go by the machine's clock. */
    readonly clock?: Clock;
    /** Wraps what the place functions see of S3. */
    readonly placeObjects?: (objects: ObjectStore) => ObjectStore;
    /** Wraps the handler, to look at what goes in and comes out. */
    readonly around?: (handler: Handler) => Handler;
  } = {},
) => {
  const random = seededRandom(options.chaos?.seed ?? 1);
  const clock = options.clock ?? systemClock;
  const cloud = createLocalCloud({
    clock,
    queueClock: systemClock,
    random,
    ...(options.chaos && { chaos: options.chaos }),
  });
  const topology = createDaybookTopology(cloud, {
    visibilityTimeoutMs: 60_000,
    ...(options.receivesMax === undefined ? {} : { receivesMax: options.receivesMax }),
  });
  const config: Config = {
    table: "given",
    epoch: 1,
    buckets: topology.buckets,
    projectQueue: topology.queues.project.name,
    placeQueue: topology.queues.place.name,
    functions: { project: "project", place: "place" },
    parkedDays: 30,
    currencyRequired: false,
    autoOpen: true,
    ...options.config,
  };
  const objectsTopic = new LocalTopic(cloud.sns, topology.topics.objects);
  const decidedTopic = new LocalTopic(cloud.sns, topology.topics.decided);
  const paymentsTopic = new LocalTopic(cloud.sns, topology.topics.payments);
  const backend = { store, clock, random, log: silentLog, objectsTopic, decidedTopic, paymentsTopic };
  const newApp = (objects: ObjectStore = cloud.objects): App => createApp({ ...backend, objects }, config);
  const placeObjects = options.placeObjects ?? (objects => objects);
  const around = options.around ?? ((handler: Handler) => handler);
  // As on AWS: functions at the same time share the table and S3, and no memory.
  const pollers = Array.from({ length: options.handlers ?? 1 }, () =>
    cloud.startPoller({
      queue: topology.queues.project.name,
      handler: around(createProjectHandler(newApp())),
      concurrency: 1,
      retryDelayMs: 20,
    }),
  );
  const placers = Array.from({ length: options.placers ?? 0 }, () =>
    cloud.startPoller({
      queue: topology.queues.place.name,
      handler: createPlaceHandler(newApp(placeObjects(cloud.objects))),
      concurrency: 1,
      retryDelayMs: 20,
    }),
  );
  const queues = [topology.queues.project.name, ...(placers.length > 0 ? [topology.queues.place.name] : [])];
  return {
    app: newApp(),
    cloud,
    topology,
    put: (key: string, body: string | Uint8Array) =>
      cloud.objects.put({ bucket: topology.buckets.newEvents, key, body }),
    /** What place functions would do with messages that a test took itself. */
    placeHandler: createPlaceHandler(newApp(placeObjects(cloud.objects))),
    /** Messages about requests that were received too often. */
    deadLetters: () => queueDepth(cloud.sqs, topology.queues.project.deadLetters.name).visible,
    idle: () => cloud.idle(queues),
    close: async () => {
      for (const poller of [...pollers, ...placers]) await poller.stop();
      await cloud.close();
    },
  };
};

export type BankOnThisMachine = ReturnType<typeof openBank>;
