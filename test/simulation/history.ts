import { runLifecycle } from "../../src/local/s3/lifecycle.ts";
import { nextVisibleMs, queueDepth } from "../../src/local/sqs/sqs.ts";
import { type Counts, count } from "./counts.ts";
import { createFunctions } from "./functions.ts";
import type { Request } from "./intent.ts";
import { createOperators } from "./operators.ts";
import { type Recorded, recordLifecycle } from "./recording.ts";
import { ServiceTrouble } from "./scheduler.ts";
import type { Tape } from "./tape.ts";
import type { Trace } from "./trace.ts";
import { drawRequests, type Script } from "./workload.ts";
import { createWorld, type World } from "./world.ts";

/** How many restores a history has, by what the swarm drew: 25 in 16. */
const RESTORES: readonly number[] = [0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3];
/** Most histories are through after a third of them. */
const STEPS_MAX = 3_000;
/** How often something new begins while others wait. */
const BEGIN_RATE = 0.1;
const PUT_TRIES_MAX = 8;
/** How often clients look whether what comes first is decided. */
const PATIENCE = 60;
const DAY_MS = 86_400_000;
/** Over every deadline, and over the days for which the lifecycle keeps what is placed. */
const LONG_DAYS = 10;
/** A pause, of which some are longer than any invocation: what was decided before it is out of a restore's reach. */
const PAUSE_MS_MAX = 40_000;

/** A history that is told, up to where the faults end. `calls`: takes every call that a model answers. */
export const tellHistory = async (
  tape: Tape,
  trace: Trace,
  counts: Counts,
  matrix: Counts,
  calls?: Recorded[],
) => {
  const world = createWorld(tape, trace, counts, matrix, calls);
  const { swarm, clock, scheduler, watch } = world;
  const functions = createFunctions(world);
  const operators = createOperators(world, functions);
  const script = drawRequests(tape, swarm, counts, world.beginsAtMs / 1_000);
  const plays = playsOf(world, functions, operators, script);
  for (let steps = 0; steps < STEPS_MAX && watch.violations.length === 0; steps += 1) {
    const isIdle = !(await scheduler.advance());
    if (!isIdle && !tape.chance(BEGIN_RATE)) continue;
    if (plays.begin() || !isIdle) continue;
    const wakesMs = plays.nextMs();
    if (wakesMs === undefined) break;
    clock.set(Math.max(clock.now() + 1, wakesMs));
  }
  return { world, functions, operators, requests: script.requests };
};

export type Told = Awaited<ReturnType<typeof tellHistory>>;

type Play = { readonly weight: number; readonly isDue: () => boolean; readonly begin: () => void };

const playsOf = (
  world: World,
  functions: ReturnType<typeof createFunctions>,
  operators: ReturnType<typeof createOperators>,
  script: Script,
) => {
  const toStore = [...script.requests];
  const { swarm, tape, clock, scheduler, sqs, topology, s3, counts, watch } = world;
  const kinds = ["project", "place"] as const;
  const hasVisible = (kind: (typeof kinds)[number]): boolean =>
    (nextVisibleMs(sqs, topology.queues[kind].name) ?? Number.POSITIVE_INFINITY) <= clock.now();
  const left = {
    restore: RESTORES[swarm.restores] ?? 0,
    replay: 1 + tape.below(2),
    reconcile: tape.below(3),
    sweep: tape.below(3),
    snapshot: tape.below(4) === 3 ? 1 : 0,
    inventory: swarm.oldPicture ? tape.below(2) : 0,
    halt: tape.below(5) === 4 ? 1 : 0,
    leap: tape.below(5) === 4 ? 1 : 0,
    pause: tape.below(3),
    redrive: swarm.redrive ? 2 : 0,
    twin: tape.below(3),
    deletion: swarm.deletions > 0 ? tape.below(3) : 0,
  };
  let isHalted = false;
  const running = (name: string): number =>
    [...scheduler.tasks].filter(task => task.name.startsWith(`${name}-`)).length;
  const stored = (): number => s3.state.buckets.get(topology.buckets.newEvents)?.versions.size ?? 0;
  const spend = (name: keyof typeof left, begin: () => void) => () => {
    left[name] -= 1;
    begin();
  };
  const isTold = (key: string): boolean => [...watch.told.values()].some(told => told.key === key);
  const first = new Set(script.first);
  let patience = PATIENCE;
  /** Clients wait for what comes first, while there is hope. */
  const isAwaited = (): boolean => {
    for (const key of first) if (isTold(key)) first.delete(key);
    const [next] = toStore;
    if (first.size === 0 || next === undefined || script.first.has(next.key)) return false;
    patience -= 1;
    return patience > 0 && nextMs() !== undefined;
  };
  const nextMs = (): number | undefined => {
    const times = kinds.flatMap(kind => nextVisibleMs(sqs, topology.queues[kind].name) ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  };
  const hasDead = (): boolean =>
    kinds.some(kind => queueDepth(sqs, topology.queues[kind].deadLetters.name).visible > 0);

  const plays: readonly Play[] = [
    { weight: 12, isDue: () => toStore.length > 0 && !isAwaited(), begin: () => store(world, toStore) },
    {
      weight: 12,
      isDue: () => functions.canInvoke("project") && hasVisible("project"),
      begin: () => functions.invoke("project"),
    },
    {
      weight: 6,
      isDue: () => functions.canInvoke("place") && hasVisible("place"),
      begin: () => functions.invoke("place"),
    },
    {
      weight: 3,
      isDue: () => left.restore > 0 && !operators.unfinished && stored() > 3 && watch.commits.length > 0,
      begin: spend("restore", () => operators.restore()),
    },
    {
      weight: 8,
      isDue: () => operators.unfinished && running("restore") === 0,
      begin: () => operators.restore(),
    },
    {
      weight: 3,
      isDue: () => left.twin > 0 && operators.unfinished && running("restore") === 1,
      begin: spend("twin", () => {
        count(counts, "F16");
        operators.restore(tape.below(3) === 2);
      }),
    },
    {
      weight: 2,
      isDue: () => left.replay > 0 && operators.restored > 0 && running("replay") < 2,
      begin: spend("replay", () => operators.replay({ isTakeOver: tape.below(2) === 1 })),
    },
    {
      weight: 1,
      isDue: () => left.inventory > 0 && stored() > 2,
      begin: spend("inventory", operators.takeInventory),
    },
    {
      weight: 1,
      isDue: () => left.reconcile > 0 && stored() > 2,
      begin: spend("reconcile", operators.reconcile),
    },
    { weight: 1, isDue: () => left.sweep > 0 && stored() > 3, begin: spend("sweep", functions.sweep) },
    {
      weight: 1,
      isDue: () => left.snapshot > 0 && stored() > 4,
      begin: spend("snapshot", operators.snapshot),
    },
    {
      weight: 1,
      isDue: () => left.halt > 0 && stored() > 2,
      begin: spend("halt", () => {
        isHalted = true;
        operators.halt();
      }),
    },
    {
      weight: 3,
      isDue: () => isHalted && running("halt") === 0,
      begin: () => {
        isHalted = false;
        operators.resume();
      },
    },
    {
      weight: 1,
      isDue: () => left.leap > 0 && stored() > 3,
      begin: spend("leap", () => {
        const isLong = tape.below(2) === 1;
        clock.advance((isLong ? LONG_DAYS : 2) * DAY_MS);
        // Deadlines pass while what was waited for may just be coming.
        if (isLong) functions.sweep();
        recordLifecycle(world.recorder);
        runLifecycle(s3);
      }),
    },
    {
      weight: 1,
      isDue: () => left.pause > 0 && stored() > 2,
      begin: spend("pause", () => clock.advance(tape.below(PAUSE_MS_MAX))),
    },
    { weight: 1, isDue: () => left.redrive > 0 && hasDead(), begin: spend("redrive", operators.redrive) },
    {
      weight: 1,
      isDue: () => left.deletion > 0 && stored() > 2,
      begin: spend("deletion", () => deleteOne(world)),
    },
  ];

  return {
    /** Begins one of the things that are due. Returns: false if none is. */
    begin: (): boolean => {
      const due = plays.filter(({ isDue }) => isDue());
      let at = tape.below(due.reduce((sum, { weight }) => sum + weight, 0));
      for (const { weight, begin } of due) {
        at -= weight;
        if (at >= 0) continue;
        begin();
        return true;
      }
      return false;
    },
    /** When the next message can be seen; undefined if none waits. */
    nextMs,
  };
};

/** A client stores its request, and tries again while it does not know whether it did. */
const store = (world: World, script: Request[]): void => {
  const request = script.shift();
  if (request === undefined) return;
  const { key, body, ifAbsent } = request;
  world.scheduler.spawn("client", {}, async task => {
    const objects = world.objectsFor({ task, autoOpen: true });
    for (let tries = 0; tries < PUT_TRIES_MAX; tries += 1) {
      try {
        await objects.put({ bucket: world.topology.buckets.newEvents, key, body, ifAbsent });
        return;
      } catch (error) {
        if (!(error instanceof ServiceTrouble)) throw error;
      }
    }
  });
};

/** Somebody deletes a request, whatever has become of it; its versions stay. */
const deleteOne = ({ s3, objects, tape, topology, counts }: World): void => {
  const bucket = topology.buckets.newEvents;
  const keys = [...(s3.state.buckets.get(bucket)?.versions ?? [])].flatMap(([key, [top]]) =>
    top === undefined || top.isDeleteMarker ? [] : [key],
  );
  const key = keys[tape.below(keys.length)];
  if (key === undefined) return;
  count(counts, "F20");
  void objects.delete({ bucket, key });
};
