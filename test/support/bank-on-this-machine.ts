import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { type App, createApp } from "../../src/app.ts";
import type { Config } from "../../src/config.ts";
import { createProjectHandler } from "../../src/handlers/project.ts";
import type { ChaosSettings } from "../../src/local/chaos/chaos.ts";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";
import { silentLog } from "../../src/ports/log.ts";
import type { Store } from "../../src/table/store.ts";

export type Handler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** The bank over a given table and a local cloud of its own, without the wire; one function per concurrent poller. */
export const openBank = (
  store: Store,
  options: {
    readonly chaos?: Partial<ChaosSettings>;
    readonly config?: Partial<Config>;
    readonly handlers?: number;
    /** Wraps the handler, to look at what goes in and comes out. */
    readonly around?: (handler: Handler) => Handler;
  } = {},
) => {
  const random = seededRandom(options.chaos?.seed ?? 1);
  const cloud = createLocalCloud({
    clock: systemClock,
    random,
    ...(options.chaos && { chaos: options.chaos }),
  });
  const topology = createDaybookTopology(cloud, { visibilityTimeoutMs: 60_000 });
  const config: Config = {
    table: "given",
    epoch: 1,
    buckets: topology.buckets,
    projectQueue: topology.queues.project.name,
    currencyRequired: false,
    autoOpen: true,
    ...options.config,
  };
  const newApp = (): App =>
    createApp({ store, objects: cloud.objects, clock: systemClock, random, log: silentLog }, config);
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
  return {
    app: newApp(),
    cloud,
    topology,
    put: (key: string, body: string | Uint8Array) =>
      cloud.objects.put({ bucket: topology.buckets.newEvents, key, body }),
    idle: () => cloud.idle([topology.queues.project.name]),
    close: async () => {
      for (const poller of pollers) await poller.stop();
      await cloud.close();
    },
  };
};

export type BankOnThisMachine = ReturnType<typeof openBank>;
