import type { ManualClock } from "../../src/local/manual-clock.ts";
import { type Counts, count } from "./counts.ts";
import type { Swarm } from "./swarm.ts";
import type { Tape } from "./tape.ts";
import type { Trace } from "./trace.ts";

/** Something that runs: an invocation of a function, an operator's command, a client. Killed, it is never heard of again. */
export type Task = {
  readonly name: string;
  readonly isOperator: boolean;
  /** Added to the true time in what its clock shows. */
  readonly skewMs: number;
  /** When whoever runs it stops it; never, unless it is given. */
  readonly endsMs: number;
  isAlive: boolean;
  /** Told when it is killed. */
  onKilled?: (() => void) | undefined;
};

/** How a call fails. `throttled` and `conflict`: without an effect. `lost`: nobody knows. */
export type Failure = "throttled" | "conflict" | "lost";

/** A call over a port: what is asked of whom, and the effect it has when its turn comes. */
export type Call<T> = {
  /** Step of the protocol it belongs to: a row of the crash matrix. */
  readonly step: string;
  /** What it is about, for the trace. */
  readonly about: string;
  readonly isWrite: boolean;
  /** Whether a transaction: only those conflict. */
  readonly isTransaction?: boolean;
  readonly effect: () => Promise<T>;
  /** The answer of a call that failed; by default an error. */
  readonly failed?: (failure: Failure) => T;
  /** What a client that retries by itself gets to see when its first try had happened. */
  readonly retried?: () => Promise<T>;
};

/** What a port throws when a service fails. */
export class ServiceTrouble extends Error {
  override readonly name = "ServiceTrouble";
}

type Fate =
  | "plain"
  | "throttled"
  | "conflict"
  | "dropped"
  | "ambiguous"
  | "retried"
  | "killed before"
  | "killed after"
  | "stalled before"
  | "stalled after";

const CLASS_OF: Readonly<Record<Exclude<Fate, "plain">, string>> = {
  throttled: "F7",
  conflict: "F9",
  dropped: "F8",
  ambiguous: "F8",
  retried: "F8",
  "killed before": "F5",
  "killed after": "F5",
  "stalled before": "F6",
  "stalled after": "F6",
};

type Pending = {
  readonly task: Task;
  readonly step: string;
  readonly about: string;
  readonly run: () => Promise<void>;
  readyStep: number;
  wakeAtMs: number;
};

/** The longest a stalled call or answer waits, in steps. */
const STALL_STEPS_MAX = 300;
/** How much rarer a call of an operator fails. */
const OPERATOR_SHARE = 0.12;
/** Likewise of stalls, which only take time. */
const OPERATOR_STALL_SHARE = 0.35;
/** The longest a step takes, milliseconds of the story. */
const STEP_MS_MAX = 48;

export type Scheduler = {
  readonly step: number;
  /** Whether faults strike. */
  isCruel: boolean;
  /** Makes a call in its task's name: resolves, or fails, when the scheduler has come to it; never if the task is killed. */
  call<T>(task: Task, call: Call<T>): Promise<T>;
  sleep(task: Task, delayMs: number): Promise<void>;
  spawn(name: string, options: Partial<Task>, work: (task: Task) => Promise<void>): Task;
  /** Takes one step: `false` if nobody waits for anything. */
  advance(): Promise<boolean>;
  /** Calls that could go on now. */
  readonly runnable: number;
  readonly tasks: ReadonlySet<Task>;
  kill(task: Task): void;
  /** Lets all stalled calls go on. */
  wakeAll(): void;
};

type Parts = {
  readonly tape: Tape;
  readonly swarm: Swarm;
  readonly clock: ManualClock;
  readonly counts: Counts;
  /** step: fate: how often. */
  readonly matrix: Counts;
  readonly trace: Trace;
  readonly onError: (task: Task, error: unknown) => void;
};

/** When all promises that could go on have gone on. Many times cheaper than a turn of the event loop. */
const drained = (): Promise<void> => new Promise(resolve => process.nextTick(resolve));
/** When streams and timers had their turn, too. */
const turned = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
/** Of each call its own: what waited for one that all have in common would be kept for good. */
const never = (): Promise<never> => new Promise(() => {});

/** One thing at a time, in an order that the tape decides. */
export const createScheduler = (parts: Parts): Scheduler => {
  const { tape, swarm, clock, counts, matrix, trace, onError } = parts;
  const tasks = new Set<Task>();
  let pending: Pending[] = [];
  let step = 0;
  let names = 0;

  const kill = (task: Task): void => {
    if (!task.isAlive) return;
    task.isAlive = false;
    tasks.delete(task);
    pending = pending.filter(each => each.task !== task);
    task.onKilled?.();
  };

  /** Operators make far more calls than a function does, and their clients try again by themselves. */
  const share = (task: Task): number => (task.isOperator ? OPERATOR_SHARE : 1);

  const fateOf = <T>(task: Task, call: Call<T>): Fate => {
    if (!scheduler.isCruel) return "plain";
    let roll = 1 - tape.roll();
    const strikes = (rate: number): boolean => {
      roll -= rate;
      return roll <= 0;
    };
    const often = share(task);
    const kills = task.isOperator ? swarm.killOperator : swarm.kill;
    const stalls = swarm.stall * (task.isOperator ? OPERATOR_STALL_SHARE : 1);
    if (strikes(kills / 2)) return "killed before";
    if (strikes(kills / 2)) return "killed after";
    if (strikes(stalls / 2)) return "stalled before";
    if (strikes(stalls / 2)) return "stalled after";
    if (strikes(swarm.throttle * often)) return "throttled";
    const ambiguous = often * (call.isWrite ? swarm.ambiguous : swarm.ambiguous / 4);
    if (strikes(ambiguous / 4)) return "dropped";
    if (strikes(ambiguous / 4)) return call.retried === undefined ? "ambiguous" : "retried";
    if (strikes(ambiguous / 2)) return "ambiguous";
    if (call.isTransaction && strikes(swarm.conflict * often)) return "conflict";
    return "plain";
  };

  const failWith = <T>(call: Call<T>, failure: Failure): T => {
    if (call.failed) return call.failed(failure);
    throw new ServiceTrouble(`${call.step} ${call.about}: ${failure}`);
  };

  const note = (task: Task, call: { step: string; about: string }, fate: string): void =>
    trace.add(
      `${step} ${clock.now()} ${task.name} ${call.step} ${call.about}${fate === "plain" ? "" : ` !${fate}`}`,
    );

  const struck = (task: Task, call: { step: string }, fate: Exclude<Fate, "plain">): void => {
    count(counts, task.isOperator && fate.startsWith("killed") ? "F16" : CLASS_OF[fate]);
    const cell = fate.startsWith("killed")
      ? fate.slice(7)
      : fate === "dropped" || fate === "retried"
        ? "ambiguous"
        : fate;
    count(matrix, `${call.step}: ${cell}`);
  };

  const later = (
    task: Task,
    call: { step: string; about: string },
    steps: number,
    run: () => Promise<void>,
  ): void => {
    pending.push({ task, step: call.step, about: call.about, run, readyStep: step + steps, wakeAtMs: 0 });
  };

  const perform = async <T>(
    task: Task,
    call: Call<T>,
    resolve: (answer: T) => void,
    reject: (error: unknown) => void,
  ): Promise<void> => {
    const fate = fateOf(task, call);
    note(task, call, fate);
    if (fate !== "plain") struck(task, call, fate);
    const answered = async (): Promise<void> => {
      try {
        resolve(await call.effect());
      } catch (error) {
        reject(error);
      }
    };
    const failed = (failure: Failure): void => {
      try {
        resolve(failWith(call, failure));
      } catch (error) {
        reject(error);
      }
    };
    switch (fate) {
      case "plain":
        return answered();
      case "throttled":
      case "conflict":
        return failed(fate);
      case "dropped":
        return failed("lost");
      case "ambiguous":
        await call.effect().catch(() => {});
        return failed("lost");
      case "retried":
        await call.effect().catch(() => {});
        return call.retried?.().then(resolve, reject);
      case "killed before":
        return kill(task);
      case "killed after":
        await call.effect().catch(() => {});
        return kill(task);
      case "stalled before":
        return later(
          task,
          { ...call, about: `${call.about} at last` },
          1 + tape.below(STALL_STEPS_MAX),
          answered,
        );
      case "stalled after": {
        const answer = await call.effect().then(
          value => () => resolve(value),
          (error: unknown) => () => reject(error),
        );
        return later(
          task,
          { ...call, about: `${call.about} answered` },
          1 + tape.below(STALL_STEPS_MAX),
          async () => answer(),
        );
      }
    }
  };

  /** Whoever runs the task stops it: nothing it has begun goes on, not even a call that waits on its way. */
  const endInTime = (waiting: Pending): void => {
    note(waiting.task, waiting, "killed before");
    struck(waiting.task, waiting, "killed before");
    kill(waiting.task);
  };

  const scheduler: Scheduler = {
    isCruel: true,
    get step() {
      return step;
    },
    get runnable() {
      return pending.filter(isRunnable).length;
    },
    tasks,
    kill,
    wakeAll: () => {
      for (const each of pending) each.readyStep = 0;
    },
    call: (task, call) => {
      if (!task.isAlive) return never();
      if (!scheduler.isCruel) {
        note(task, call, "plain");
        return call.effect();
      }
      return new Promise((resolve, reject) => {
        const { step: name, about } = call;
        const run = (): Promise<void> => perform(task, call, resolve, reject);
        pending.push({ task, step: name, about, run, readyStep: 0, wakeAtMs: 0 });
      });
    },
    sleep: (task, delayMs) => {
      if (!task.isAlive) return never();
      return new Promise(resolve => {
        const wakeAtMs = clock.now() + delayMs;
        const run = async (): Promise<void> => resolve();
        pending.push({ task, step: "sleep", about: String(delayMs), run, readyStep: 0, wakeAtMs });
      });
    },
    spawn: (name, options, work) => {
      names += 1;
      const task: Task = {
        isOperator: false,
        skewMs: 0,
        endsMs: Number.POSITIVE_INFINITY,
        ...options,
        isAlive: true,
        name: `${name}-${names}`,
      };
      tasks.add(task);
      trace.add(`${step} ${clock.now()} begins ${task.name}`);
      void work(task)
        .catch((error: unknown) => {
          if (task.isAlive) onError(task, error);
        })
        .finally(() => {
          task.isAlive = false;
          tasks.delete(task);
        });
      return task;
    },
    advance: async () => {
      await drained();
      if (pending.length === 0) await turned();
      if (pending.length === 0) return false;
      step += 1;
      clock.advance(1 + tape.below(STEP_MS_MAX));
      let ready = pending.filter(isRunnable);
      if (ready.length === 0) {
        const sleepers = pending.filter(({ readyStep }) => readyStep <= step);
        if (sleepers.length > 0)
          clock.set(Math.max(clock.now(), Math.min(...sleepers.map(({ wakeAtMs }) => wakeAtMs))));
        else step = Math.min(...pending.map(({ readyStep }) => readyStep));
        ready = pending.filter(isRunnable);
      }
      const chosen = ready[tape.below(ready.length)];
      if (chosen === undefined) return true;
      pending.splice(pending.indexOf(chosen), 1);
      if (clock.now() > chosen.task.endsMs) endInTime(chosen);
      else await chosen.run();
      return true;
    },
  };
  const isRunnable = ({ readyStep, wakeAtMs }: Pending): boolean =>
    readyStep <= step && wakeAtMs <= clock.now();
  return scheduler;
};
