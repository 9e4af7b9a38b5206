import { nextVisibleMs, queueDepth } from "../../src/local/sqs/sqs.ts";
import type { Functions } from "./functions.ts";
import type { Operators } from "./operators.ts";
import type { World } from "./world.ts";

/** More than any history needs: the next would only show that it never ends. */
const STEPS_MAX = 20_000;
const ROUNDS_MAX = 12;
const RESTORES_MAX = 6;
const INVOCATIONS_MAX = 400;
/** Longer than a run may be silent before another one may begin. */
const LEASE_OVER_MS = 16 * 60_000;
const DAY_MS = 86_400_000;

type Parts = { readonly world: World; readonly functions: Functions; readonly operators: Operators };

/** Lets everything that is under way come to its end. */
const settle = async ({ world: { scheduler, watch } }: Parts): Promise<void> => {
  for (let steps = 0; steps < STEPS_MAX; steps += 1) if (!(await scheduler.advance())) return;
  watch.fail("I15", `Calls still wait after ${STEPS_MAX} steps without faults`);
};

/** Hands out messages until the queues are empty. */
const drain = async (parts: Parts): Promise<number> => {
  const { world, functions } = parts;
  const { sqs, topology, clock, watch } = world;
  let handled = 0;
  for (let calls = 0; calls < INVOCATIONS_MAX; calls += 1) {
    const waits = (["project", "place"] as const)
      .map(kind => ({
        kind,
        atMs: nextVisibleMs(sqs, topology.queues[kind].name) ?? Number.POSITIVE_INFINITY,
      }))
      .sort((a, b) => a.atMs - b.atMs)[0];
    if (waits === undefined || waits.atMs === Number.POSITIVE_INFINITY) return handled;
    clock.set(Math.max(clock.now() + 1, waits.atMs));
    handled += 1;
    functions.invoke(waits.kind);
    await settle(parts);
  }
  watch.fail("I15", `Messages are still handed out after ${INVOCATIONS_MAX} calls without faults`);
  return handled;
};

/** Finds what was lost, and has it done, until nothing is found any more. */
const reconcileAll = async (parts: Parts): Promise<void> => {
  const { world, operators } = parts;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    operators.redrive();
    await drain(parts);
    operators.reconcile();
    await settle(parts);
    const { project, place } = world.topology.queues;
    if (queueDepth(world.sqs, project.name).visible + queueDepth(world.sqs, place.name).visible === 0) return;
  }
  world.watch.fail("I15", `Reconcile still finds something after ${ROUNDS_MAX} rounds without faults`);
};

/** Ends a history: no faults any more, what was begun is ended, what was lost is found, deadlines pass. */
export const calmDown = async (parts: Parts): Promise<void> => {
  const { world, operators, functions } = parts;
  const { scheduler, chaos, clock, watch } = world;
  scheduler.isCruel = false;
  chaos.isCruel = false;
  watch.calmDown();
  scheduler.wakeAll();
  await settle(parts);
  for (let tries = 0; operators.unfinished && tries < RESTORES_MAX; tries += 1) {
    operators.restore();
    await settle(parts);
  }
  if (operators.unfinished)
    watch.fail("I15", `A restore is not through after ${RESTORES_MAX} tries without faults`);
  if (!functions.isEnabled() && !operators.mayBeHalted)
    watch.fail("I15", "Everything is halted, and nobody is left who would undo it");
  operators.resume();
  clock.advance(LEASE_OVER_MS);
  await settle(parts);
  operators.replay();
  await settle(parts);
  await reconcileAll(parts);
  const decided = decisionsIn(world);
  functions.sweep();
  await settle(parts);
  await drain(parts);
  // A deadline that passed just now frees its key: other content of it that nobody told of is found from here on.
  if (decisionsIn(world) > decided) await reconcileAll(parts);
};

/** How many decisions are published. */
const decisionsIn = ({ s3, topology }: World): number =>
  [...(s3.state.buckets.get(topology.buckets.decisions)?.versions.keys() ?? [])].filter(key =>
    key.startsWith("dec/"),
  ).length;

/** Lets the deadlines of what is parked pass. Returns: false if nothing is. */
export const passDeadlines = async (parts: Parts): Promise<boolean> => {
  const { world, operators } = parts;
  const live = [...world.tables.values()].at(-1);
  if (!live?.snapshot().some(({ SK }) => SK.startsWith("PARKED#"))) return false;
  world.clock.advance((world.config.parkedDays + 1) * DAY_MS);
  // Twice, since what nobody had told of is parked in between.
  for (let sweeps = 0; sweeps < 2; sweeps += 1) {
    operators.sweep(world.clock.now());
    await settle(parts);
    await reconcileAll(parts);
  }
  return true;
};

/** Repairs everything once more, and hands out every message again that ever told of a request. */
export const repeatAll = async (parts: Parts): Promise<void> => {
  const { world, operators, functions } = parts;
  operators.repairAgain();
  await settle(parts);
  for (const body of world.notifications) functions.tellAgain(body);
  await settle(parts);
};
