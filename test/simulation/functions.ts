import { keptApp } from "../../src/app.ts";
import { createPlaceHandler } from "../../src/handlers/place.ts";
import { createProjectHandler } from "../../src/handlers/project.ts";
import { createSweepHandler } from "../../src/handlers/sweep.ts";
import { sqsEvent } from "../../src/local/lambda/sqs-event.ts";
import type { Received } from "../../src/local/sqs/sqs.ts";
import type { EventSources } from "../../src/ports/event-sources.ts";
import { count } from "./counts.ts";
import { checkPlaced } from "./placed.ts";
import type { Task } from "./scheduler.ts";
import { tellAnswered } from "./told.ts";
import type { LiveApp, Machine, World } from "./world.ts";

/** Instances of one function at once. */
const INSTANCES_MAX = 3;
/** Longer than the visibility timeout, so that an invocation may outlive its messages. */
export const TIMEOUT_MS = 14_000;
const BATCH_MAX = 10;

const PLAIN_MESSAGE: Received = {
  ...{ messageId: "again", body: "", receiptHandle: "", attributes: {}, order: 0 },
  ...{ receiveCount: 1, sentMs: 0, firstReceivedMs: 0, visibleAtMs: 0 },
};

type Instance = { readonly machine: Machine; readonly app: () => Promise<LiveApp>; readonly skewMs: number };
type Kind = "project" | "place";
/** Of Lambda's context only the time that is left is used. */
type Context = Parameters<ReturnType<typeof createProjectHandler>>[1];

/** The functions as Lambda runs them: instances that stay while nothing kills them, fed from the queues. */
export const createFunctions = (world: World) => {
  const { scheduler, tape, swarm, queues, topology, clock, counts, watch } = world;
  const idle: Record<Kind, Instance[]> = { project: [], place: [] };
  const busy: Record<Kind, number> = { project: 0, place: 0 };
  const enabled: Record<Kind, boolean> = { project: true, place: true };

  const newInstance = (): Instance => {
    const skewMs = swarm.skewMaxMs === 0 ? 0 : tape.below(2 * swarm.skewMaxMs) - swarm.skewMaxMs;
    if (skewMs !== 0 && scheduler.isCruel) count(counts, "F17");
    const autoOpen = !(swarm.newSettings && tape.below(4) === 3);
    if (!autoOpen && scheduler.isCruel) count(counts, "F18");
    const machine: Machine = { task: undefined, autoOpen };
    const kept = keptApp(() => world.openApp(machine));
    return { machine, skewMs, app: async () => (await kept()) as LiveApp };
  };

  const contextOf = (): Context => {
    const endsMs = clock.now() + TIMEOUT_MS;
    return { getRemainingTimeInMillis: () => endsMs - clock.now() } as Context;
  };

  const settle = (kind: Kind, batch: readonly Received[], failed: ReadonlySet<string>): void => {
    for (const message of batch) {
      if (failed.has(message.messageId)) continue;
      if (scheduler.isCruel && tape.chance(swarm.lostAck)) count(counts, "F10");
      else queues.remove(topology.queues[kind].name, message.receiptHandle);
    }
  };

  const invoke = (kind: Kind): void => {
    const queue = topology.queues[kind];
    const batch = queues.receive(queue.name, { max: 1 + tape.below(BATCH_MAX) });
    if (batch.length === 0) return;
    const instance = idle[kind].pop() ?? newInstance();
    const { machine, skewMs } = instance;
    busy[kind] += 1;
    const onKilled = (): void => {
      busy[kind] -= 1;
    };
    scheduler.spawn(kind, { skewMs, onKilled, endsMs: clock.now() + TIMEOUT_MS }, async (task: Task) => {
      machine.task = task;
      try {
        const app = await instance.app();
        const handler = kind === "project" ? createProjectHandler(app) : createPlaceHandler(app);
        const { batchItemFailures } = await handler(sqsEvent(queue.arn, batch), contextOf());
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        const acknowledged = batch.filter(({ messageId }) => !failed.has(messageId));
        if (kind === "project") await tellAnswered(world, app, task.name, acknowledged);
        else await checkPlaced(world, app, task.name, acknowledged);
        settle(kind, batch, failed);
      } catch (error) {
        // Lambda's rule: what a function throws fails its batch.
        watch.onError(task.name, error);
      }
      busy[kind] -= 1;
      idle[kind].push(instance);
    });
  };

  const sources: EventSources = {
    of: async name => {
      const kind: Kind = name === world.config.functions.project ? "project" : "place";
      const { arn } = topology.queues[kind];
      return [
        { id: kind, functionName: name, sourceArn: arn, state: enabled[kind] ? "Enabled" : "Disabled" },
      ];
    },
    enable: async (id, isEnabled) => {
      enabled[id as Kind] = isEnabled;
    },
  };

  /** Hands a message to a function that nothing disturbs, whatever queues hold. */
  const tellAgain = (body: string): void => {
    const { machine, app } = newInstance();
    scheduler.spawn("again", {}, async task => {
      machine.task = task;
      const { batchItemFailures } = await createProjectHandler(await app())(
        sqsEvent(topology.queues.project.arn, [{ ...PLAIN_MESSAGE, body }]),
        contextOf(),
      );
      if (batchItemFailures.length > 0)
        watch.fail("I16", `A message told once more is not acknowledged: ${body}`);
    });
  };

  return {
    sources,
    /** Whether all messages are handed out. */
    isEnabled: (): boolean => enabled.project && enabled.place,
    tellAgain,
    /** Whether a function would take messages now. */
    canInvoke: (kind: Kind): boolean => enabled[kind] && busy[kind] < INSTANCES_MAX,
    invoke,
    sweep: (): void => {
      const machine: Machine = { task: undefined, autoOpen: true };
      scheduler.spawn("sweep", { endsMs: clock.now() + TIMEOUT_MS }, async task => {
        machine.task = task;
        await createSweepHandler(await world.openApp(machine))(undefined, contextOf());
      });
    },
  };
};

export type Functions = ReturnType<typeof createFunctions>;
