import { createReads } from "../../src/ledger/reads.ts";
import { releaseDue } from "../../src/ledger/sweep.ts";
import { writeInventory } from "../../src/local/inventory/write-inventory.ts";
import { inventoryBucket } from "../../src/local/topology.ts";
import type { Torn } from "../../src/ports/point-in-time.ts";
import { halt, resume } from "../../src/replay/control/halt.ts";
import { openReport } from "../../src/replay/inventory/open-report.ts";
import { recordedReconcile } from "../../src/replay/reconcile/recorded.ts";
import { repairAll } from "../../src/replay/replay/repair-all.ts";
import { recordedReplay } from "../../src/replay/replay/replay.ts";
import { consumersOfRestore } from "../../src/replay/restore/halting.ts";
import type { RestoreWish } from "../../src/replay/restore/plan.ts";
import { restore } from "../../src/replay/restore/restore.ts";
import { count } from "./counts.ts";
import { SNAPSHOT_RESTORES } from "./floors.ts";
import { type Functions, TIMEOUT_MS } from "./functions.ts";
import type { Task } from "./scheduler.ts";
import type { LiveApp, Machine, World } from "./world.ts";

const TORN_MS = 4_000;
/** Beside the tear, the clocks and the time an invocation may take: whole seconds. */
const SLACK_MS = 1_000;
const HALTS_REASON = "looked at by hand";
/** The day on which every history begins. */
const SINCE = "2026-01-05";
const REGION = "us-east-1";
const GIVES_UP = /^(RestoreRefused|RestoreTakenOver)$/;
/** What of a throw says only that it was somebody else's turn, or a service's fault. */
const EXPECTED =
  /^(ServiceTrouble|RestoreRefused|RestoreTakenOver|EpochOver|RunTakenOver|TooManyKeys|OutOfTime|UnrepairedStream)$/;

/** What operators do, each on a machine of its own that may be switched off at any moment. */
export const createOperators = (world: World, functions: Functions) => {
  const { scheduler, tape, swarm, queues, topology, clock, counts, watch, config } = world;
  let unfinished: { readonly wish: RestoreWish; readonly torn: Torn | undefined } | undefined;
  let restored = 0;
  let wasHaltedByHand = false;
  /** What some operator's machine, or a service, ended in the midst. */
  const cutOff = new Set<string>();

  const spawn = (name: string, work: (app: LiveApp, machine: Machine) => Promise<void>): Task =>
    scheduler.spawn(name, { isOperator: true, onKilled: () => cutOff.add(name) }, async task => {
      const machine: Machine = { task, autoOpen: true };
      try {
        await work(await world.openApp(machine), machine);
      } catch (error) {
        // One that gives up knows why; any other end may come before it has cleared away.
        if (!(error instanceof Error && GIVES_UP.test(error.name))) cutOff.add(name);
        if (error instanceof Error && EXPECTED.test(error.name))
          count(counts, `${name} ends by ${error.name}`);
        else watch.onError(task.name, error);
      }
    });

  const consumersOf = (machine: Machine) => ({
    objects: world.objectsFor(machine),
    bucket: config.buckets.decisions,
    clock: world.clockOf(machine),
    sources: functions.sources,
    functions: [config.functions.project, config.functions.place],
  });

  /** Mostly within seconds after one of the newest decisions, else at any time: seconds that have nothing tear nothing. */
  const drawInstant = (): number => {
    const { commits } = watch;
    const age = clock.now() - world.beginsAtMs;
    const back = tape.below(5);
    const newest = commits[commits.length - 1 - Math.min(back, commits.length - 1)];
    if (back === 4 || newest === undefined) return clock.now() - Math.floor((tape.below(256) / 256) * age);
    return newest + (1 + tape.below(3)) * 1_000;
  };

  const newWish = (): { readonly wish: RestoreWish; readonly torn: Torn | undefined } => {
    const at = new Date(Math.min(clock.now(), drawInstant())).toISOString();
    const isTorn = swarm.torn && tape.below(4) > 0;
    const snapshots = [
      ...(world.s3.state.buckets.get(config.buckets.decisions)?.versions.keys() ?? []),
    ].flatMap(key => /^snap\/[^/]+\/([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? []);
    const id =
      snapshots.length > 0 && tape.below(2) === 1 ? snapshots[tape.below(snapshots.length)] : undefined;
    return {
      wish: {
        from: id === undefined ? { kind: "pitr", at } : { kind: "snapshot", id },
        marginMs: TORN_MS + 2 * swarm.skewMaxMs + TIMEOUT_MS + SLACK_MS,
        reason: "the table is lost",
        isInstead: isFenced() || tape.below(2) === 1,
      },
      torn: isTorn ? { seed: tape.below(65_536), withinMs: TORN_MS } : undefined,
    };
  };

  /** A restore has begun, and the pointer has not moved: whoever gave up must begin another one. */
  const isFenced = (): boolean => {
    const keys = [...(world.s3.state.buckets.get(config.buckets.decisions)?.versions.keys() ?? [])];
    const newest = (prefix: string): number =>
      Math.max(1, ...keys.filter(key => key.startsWith(prefix)).map(key => Number(key.slice(prefix.length))));
    return newest("epoch/") > newest("live/");
  };

  /** `isRival`: somebody else begins another restore, instead of one that is under way. */
  const restoreOnce = (isRival = false): Task => {
    const known = isRival ? undefined : unfinished;
    const drawn = known ?? newWish();
    const order = isRival ? { ...drawn, wish: { ...drawn.wish, isInstead: true } } : drawn;
    unfinished = order;
    return spawn("restore", async (app, machine) => {
      const { wish, torn } = order;
      const consumers = consumersOf(machine);
      const { plan } = await restore(
        {
          ledger: app.ledger,
          table: app.table,
          tables: world.tablesFor(machine),
          consumers: consumersOfRestore(consumers),
          torn,
        },
        wish,
      ).catch((error: unknown) => {
        // Refused for good: begun anew next time, from the present.
        if (error instanceof Error && GIVES_UP.test(error.name)) unfinished = undefined;
        throw error;
      });
      unfinished = undefined;
      restored += 1;
      count(counts, "F12");
      if (world.tornTables.has(plan.table)) count(counts, "F13");
      count(counts, `restored from epoch ${plan.sealed}`);
      if (wish.from.kind === "snapshot") count(counts, SNAPSHOT_RESTORES);
    });
  };

  /** Manifests of the inventories that S3 has written so far. */
  const reports: string[] = [];
  const inventory = inventoryBucket(topology.buckets.newEvents);

  const feedOf = (app: LiveApp) => {
    if (app.objectsTopic === undefined) throw new Error("An operator's machine has every topic.");
    return { topic: app.objectsTopic, decided: app.decidedTopic, region: REGION };
  };
  const buckets = [topology.buckets.newEvents, topology.buckets.archive, topology.buckets.rejected];

  return {
    get unfinished() {
      return unfinished !== undefined || isFenced();
    },
    get restored() {
      return restored;
    },
    restore: restoreOnce,
    replay: ({ isTakeOver = false } = {}): Task =>
      spawn("replay", async app => {
        await recordedReplay(app.ledger, {
          parallel: 1 + tape.below(8),
          isTakeOver,
          catchUp: { buckets, since: SINCE, graceMs: scheduler.isCruel ? 1_000 : 0, feed: feedOf(app) },
        });
      }),
    /** S3 writes an inventory of the requests: what it shows is old by the time somebody reads it. */
    takeInventory: (): Task =>
      spawn("inventory", async () => {
        const { random } = world;
        const config = { destinationBucket: inventory, sourceBucket: topology.buckets.newEvents, id: "all" };
        const written = await writeInventory(
          { objects: world.objects, clock, random },
          { ...config, format: "Parquet" },
        );
        if (written.rows > 0) reports.push(written.manifestKey);
      }),
    reconcile: (): Task =>
      spawn("reconcile", async (app, machine) => {
        const key = swarm.oldPicture && scheduler.isCruel ? reports.at(-1) : undefined;
        if (key !== undefined) count(counts, "F15");
        const report = key && (await openReport({ bucket: inventory, key }, world.objectsFor(machine)));
        await recordedReconcile(app.ledger, {
          ...(report !== undefined && report !== "" && { report }),
          scope: { buckets, prefix: "" },
          since: SINCE,
          graceMs: scheduler.isCruel ? tape.below(3) * 1_000 : 0,
          feed: feedOf(app),
          looksForUnplaced: true,
        });
      }),
    snapshot: (): Task =>
      spawn("snapshot", async app => {
        await app.snapshot();
      }),
    sweep: (now: number): Task =>
      spawn("late sweep", async app => {
        const invocation = { reads: createReads(app.ledger.store), remainingMs: () => 10_000 };
        await releaseDue(app.ledger, invocation, { now });
      }),
    /** Repairs every stream, though all are repaired. */
    repairAgain: (): Task =>
      spawn("repair", async app => {
        if (app.ledger.epoch > 1) await repairAll(app.ledger);
      }),
    /** Whether a halt may stand: somebody made it by hand, or was cut off before it was undone. */
    get mayBeHalted() {
      return wasHaltedByHand || cutOff.has("restore");
    },
    halt: (): Task => {
      wasHaltedByHand = true;
      return spawn("halt", async (_, machine) => void (await halt(consumersOf(machine), HALTS_REASON)));
    },
    resume: (): Task =>
      spawn("resume", async (_, machine) => void (await resume(consumersOf(machine), HALTS_REASON))),
    redrive: (): void => {
      for (const { deadLetters } of Object.values(topology.queues)) {
        const moved = queues.redrive(deadLetters.arn);
        if (moved > 0 && scheduler.isCruel) count(counts, "F19", moved);
      }
    },
  };
};

export type Operators = ReturnType<typeof createOperators>;
