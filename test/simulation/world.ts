import { type App, bankTable, createApp } from "../../src/app.ts";
import { type Config, configFrom } from "../../src/config.ts";
import { readLive } from "../../src/ledger/live.ts";
import type { LocalCloud } from "../../src/local/cloud.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { memoryPointInTime } from "../../src/local/point-in-time/over-memory.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../src/local/s3/s3.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { createSns, publish } from "../../src/local/sns/sns.ts";
import { createSqs } from "../../src/local/sqs/sqs.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Topic } from "../../src/ports/messages.ts";
import { type PointInTime, type RestoreTableRequest, wholeSecondMs } from "../../src/ports/point-in-time.ts";
import type { Item, Store } from "../../src/table/store.ts";
import type { Counts } from "./counts.ts";
import { objectPort } from "./object-port.ts";
import { type Recorded, recordedObjects, recordedStore, recordTable } from "./recording.ts";
import { recordChaos, recordedQueues } from "./recording-queues.ts";
import { createScheduler, type Scheduler, type Task } from "./scheduler.ts";
import { storePort } from "./store-port.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";
import type { Tape } from "./tape.ts";
import { TapeChaos } from "./tape-chaos.ts";
import type { Trace } from "./trace.ts";
import { createWatch, type Watch } from "./watch.ts";

export const FIRST_TABLE = "daybook";
export const BEGINS_AT_MS = Date.UTC(2026, 0, 5, 9);
/** Few, since whoever looks for what is late asks for each day by itself. */
const PARKED_DAYS = 3;
export const VISIBILITY_MS = 8_000;

/** Who makes calls over ports: a function's instance, an operator's machine. */
export type Machine = {
  /** In whose name it calls at present. */
  task: Task | undefined;
  /** As its configuration says; operators have their own. */
  readonly autoOpen: boolean;
};

/** An application on the live table, and the name of that table. */
export type LiveApp = App & { readonly table: string };

/** An item, whatever the order of its attributes. */
const textOf = (item: Item): string =>
  JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Models of all services under one scheduler, and the ways to run the product over them. */
export const createWorld = (tape: Tape, trace: Trace, counts: Counts, matrix: Counts, calls?: Recorded[]) => {
  const swarm: Swarm = drawSwarm(tape);
  const clock = new ManualClock(BEGINS_AT_MS);
  const random = seededRandom(1);
  const chaos = new TapeChaos(tape, swarm, counts);
  const sqs = createSqs({ clock, random, chaos });
  const sns = createSns({ clock, random, chaos, sqs });
  const recorder = calls && { calls, now: () => clock.now() };
  recordChaos(chaos, recorder, () => sqs);
  const queues = recordedQueues(sqs, sns, recorder);
  /** Every notification of the objects' buckets, whether it arrived or not. */
  const notifications: string[] = [];
  const s3 = createS3({
    clock,
    random,
    deliver: (destination, message) => {
      if (destination.endsWith(":objects")) notifications.push(message);
      publish(sns, destination, { message, subject: "Amazon S3 Notification" });
    },
  });
  // All it uses of a cloud is these three.
  const topology = createDaybookTopology({ s3, sns, sqs } as LocalCloud, {
    visibilityTimeoutMs: VISIBILITY_MS,
  });
  const objects = recordedObjects(new LocalObjectStore(s3), recorder, s3);
  const tables = new Map<string, MemoryStore>();
  const make = (): MemoryStore => new MemoryStore(bankTable, undefined, clock);
  tables.set(FIRST_TABLE, make());
  recordTable(recorder, FIRST_TABLE, []);
  const pointInTime = memoryPointInTime({ tables, make, clock });
  const config: Config = {
    ...configFrom({}),
    table: FIRST_TABLE,
    currencyRequired: false,
    parkedDays: PARKED_DAYS,
    buckets: topology.buckets,
  };
  const watch: Watch = createWatch({ tables, s3, decisions: topology.buckets.decisions, clock });
  const scheduler: Scheduler = createScheduler({
    ...{ tape, swarm, clock, counts, matrix, trace },
    onError: (task, error) => watch.onError(task.name, error),
  });

  const calling = (machine: Machine): Task => {
    if (machine.task === undefined) throw new Error("A machine calls and nobody runs on it.");
    return machine.task;
  };
  const clockOf = (machine: Machine): Clock => ({
    now: () => clock.now() + (machine.task?.skewMs ?? 0),
    sleep: delayMs => scheduler.sleep(calling(machine), delayMs),
  });
  const storeOf = (name: string): MemoryStore => {
    const store = tables.get(name);
    if (store === undefined) throw new Error(`There is no table ${name}.`);
    return store;
  };
  const storeFor = (machine: Machine, name: string): Store =>
    storePort(
      {
        ...{ scheduler, tape, swarm, counts, store: recordedStore(storeOf(name), name, recorder) },
        onCommitted: writes => watch.onCommitted(name, writes),
      },
      () => calling(machine),
    );
  const objectsFor = (machine: Machine) =>
    objectPort(
      {
        ...{ scheduler, tape, swarm, counts, objects, decisions: topology.buckets.decisions },
        requests: topology.buckets.newEvents,
        onStored: request => watch.onStored(request),
      },
      () => calling(machine),
    );
  const topicFor = (machine: Machine, step: string, arn: string): Topic => ({
    publish: ({ body, subject }) =>
      scheduler.call(calling(machine), {
        ...{ step, about: "", isWrite: true },
        effect: async () => {
          if (arn === topology.topics.payments) watch.onAnnounced(calling(machine).name, body);
          queues.publish(arn, { message: body, subject });
        },
      }),
  });
  const logFor = (machine: Machine): Log => ({
    info: () => {},
    warn: () => {},
    error: (_, facts) => watch.onLogged(machine.task?.name ?? "nobody", String(facts?.reason ?? "")),
  });

  /** The application as a machine puts it together, having read which table is live. */
  const openApp = async (machine: Machine): Promise<LiveApp> => {
    const ports = objectsFor(machine);
    const live = await readLive({ objects: ports, bucket: config.buckets.decisions });
    const { table = config.table, epoch = 1 } = live ?? {};
    const app = createApp(
      {
        store: storeFor(machine, table),
        objects: ports,
        clock: clockOf(machine),
        random,
        log: logFor(machine),
        objectsTopic: topicFor(machine, "feed", topology.topics.objects),
        decidedTopic: topicFor(machine, "tell decision", topology.topics.decided),
        paymentsTopic: topicFor(machine, "announce", topology.topics.payments),
      },
      { ...config, table, epoch, autoOpen: machine.autoOpen },
    );
    return { ...app, table };
  };

  /** Tables that lack something of the second they were restored to. */
  const tornTables = new Set<string>();
  const isTorn = ({ table, to, at, torn }: RestoreTableRequest): boolean => {
    if (torn === undefined) return false;
    const whole = storeOf(table).asOf(wholeSecondMs(at));
    const found = storeOf(to).snapshot();
    if (whole.length !== found.length) return true;
    const texts = new Set(found.map(textOf));
    return whole.some(item => !texts.has(textOf(item)));
  };

  /** Tables as an operator's machine makes and opens them. */
  const tablesFor = (machine: Machine) => {
    const port: PointInTime = {
      window: table => pointInTime.window(table),
      restore: request =>
        scheduler.call(calling(machine), {
          ...{ step: "restore table", about: request.to, isWrite: true },
          effect: async () => {
            const answer = await pointInTime.restore(request);
            if (answer.outcome === "restored" && !answer.wasThere) {
              if (isTorn(request)) tornTables.add(request.to);
              watch.onTableMade(request.to);
              recordTable(recorder, request.to, storeOf(request.to).snapshot());
            }
            return answer;
          },
        }),
    };
    return {
      pointInTime: port,
      open: async (name: string) => storeFor(machine, name),
      create: async (name: string) => {
        if (!tables.has(name)) {
          tables.set(name, make());
          watch.onTableMade(name);
          recordTable(recorder, name, []);
        }
        return storeFor(machine, name);
      },
    };
  };

  return {
    ...{
      swarm,
      clock,
      chaos,
      sqs,
      queues,
      sns,
      s3,
      topology,
      objects,
      tables,
      storeOf,
      config,
      watch,
      scheduler,
    },
    ...{
      tape,
      counts,
      random,
      trace,
      notifications,
      recorder,
      openApp,
      tornTables,
      tablesFor,
      objectsFor,
      storeFor,
      clockOf,
      beginsAtMs: BEGINS_AT_MS,
    },
  };
};

export type World = ReturnType<typeof createWorld>;
