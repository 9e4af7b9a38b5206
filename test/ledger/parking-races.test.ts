import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore, type StoreFault } from "../../src/local/memory-store.ts";
import { randomInteger, seededRandom } from "../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Random } from "../../src/ports/random.ts";
import { GATE_TABLE } from "../support/gates.ts";
import { type Gate, type Request, turnstile } from "../support/turnstile.ts";
import { DAY_MS, functionThatDies, openParking, type Parking } from "./parking-gates.ts";

/** More with `RUNS=10`. */
const RUNS = Number(process.env.RUNS ?? 1);
/** No function asks the table so often here; a test that gets there never let the rival come last. */
const CALLS_MAX = 200;
/** A message that is not through after so many deliveries never will be. */
const DELIVERIES_MAX = 60;
const FAULT_RATE = 0.1;

type Story = {
  readonly before: (gates: Parking) => Promise<void>;
  /** The one that is interrupted, and the one that comes in between. */
  readonly main: (gates: Parking) => Promise<() => Promise<unknown>>;
  readonly rival: (gates: Parking) => Promise<() => Promise<unknown>>;
  readonly after: (gates: Parking) => Promise<void>;
};

/** Runs a story once for each call of the table by its main part, the rival coming right before that call. */
const atEveryCall = async ({ before, main, rival, after }: Story): Promise<number> => {
  for (let at = 1; at <= CALLS_MAX; at += 1) {
    let calls: number | undefined;
    let interrupt: (() => Promise<unknown>) | undefined;
    const store = new MemoryStore(GATE_TABLE, async () => {
      if (calls === undefined) return undefined;
      calls += 1;
      if (calls !== at || !interrupt) return undefined;
      const run = interrupt;
      [calls, interrupt] = [undefined, undefined];
      await run();
      return undefined;
    });
    const gates = openParking(store);
    await before(gates);
    interrupt = await rival(gates);
    const run = await main(gates);
    calls = 0;
    await run();
    const isDone = interrupt !== undefined;
    calls = undefined;
    if (isDone) await interrupt?.();
    await after(gates);
    await gates.expectSound();
    if (isDone) return at;
  }
  throw new Error(`more than ${CALLS_MAX} calls`);
};

const telling =
  (name: string, body: object) =>
  async (gates: Parking): Promise<() => Promise<unknown>> => {
    const message = await gates.put(name, body);
    return async () => expect(await gates.project(message)).toEqual([]);
  };
const sweeping = async (gates: Parking) => () => gates.sweep();

const told = async (gates: Parking, name: string, body: object): Promise<void> => {
  await (await telling(name, body)(gates))();
};

const shutWithThreeWaiting = async (gates: Parking): Promise<void> => {
  await told(gates, "coin_0", { gate: "g1", coins: 5, at: 1 });
  await told(gates, "shut_0", { gate: "g1", at: 2 });
  await told(gates, "push_1", { gate: "g1", at: 3 });
  await told(gates, "coin_2", { gate: "g1", coins: 2, at: 4 });
  await told(gates, "return_2", { at: 5 });
  await told(gates, "move_3", { from: "g2", to: "g1", coins: 1, at: 6 });
};

const opening = telling("open_0", { gate: "g1", at: 20 });
const closing = telling("shut_1", { gate: "g1", at: 21 });
const arrival = telling("push_late", { gate: "g1", at: 22 });
const NAMES = ["push_1", "coin_2", "return_2", "move_3"];

const expectNoneParked =
  (...names: readonly string[]) =>
  async (gates: Parking): Promise<void> => {
    for (const name of [...NAMES, ...names])
      expect({ name, outcome: await gates.outcomeOf(name) }).toEqual({
        name,
        outcome: expect.stringMatching(/^(accepted|[A-Z]+)$/),
      });
    expect(await gates.headOf("g1")).toMatchObject({ parkedCount: 0 });
  };

describe("whatever comes in between, at every call of the table", () => {
  it.each([
    ["an arrival meets an opening", opening, arrival],
    ["an opening meets an arrival", arrival, opening],
    ["an opening meets itself", opening, opening],
  ] as const)("%s: nothing stays parked", async (_, main, rival) => {
    const story = { before: shutWithThreeWaiting, main, rival, after: expectNoneParked() };
    expect(await atEveryCall(story)).toBeGreaterThan(5);
  });

  it("a closing meets an opening: what is not decided waits on, and the next opening decides it", async () => {
    const after = async (gates: Parking): Promise<void> => {
      await gates.expectSound();
      if ((await gates.headOf("g1"))?.state.isShut) await told(gates, "open_9", { gate: "g1", at: 30 });
      await expectNoneParked()(gates);
    };
    const story = { before: shutWithThreeWaiting, main: opening, rival: closing, after };
    expect(await atEveryCall(story)).toBeGreaterThan(20);
  });

  it("a sweep meets an opening, and an opening a sweep", async () => {
    const before = shutWithThreeWaiting;
    const after = expectNoneParked();
    expect(await atEveryCall({ before, main: opening, rival: sweeping, after })).toBeGreaterThan(20);
    expect(await atEveryCall({ before, main: sweeping, rival: opening, after })).toBeGreaterThan(2);
  });

  it("a deadline meets its original, or another sweep: the follow-up is decided once", async () => {
    const before = async (gates: Parking): Promise<void> => {
      await told(gates, "return_a", { at: 5 });
      await told(gates, "return_b", { at: 6 });
      await gates.clock.sleep(31 * DAY_MS);
    };
    const outcomes = new Set<string | undefined>();
    const after = async (gates: Parking): Promise<void> => {
      outcomes.add(await gates.outcomeOf("return_a"));
      expect(await gates.outcomeOf("return_b")).toBe("NO_COIN_CAME");
      expect((await gates.records()).filter(({ key }) => key === "return_a.event").length).toBe(1);
    };
    const original = telling("coin_a", { gate: "g1", coins: 2, at: 4 });
    await atEveryCall({ before, main: sweeping, rival: original, after });
    await atEveryCall({ before, main: original, rival: sweeping, after });
    expect([...outcomes].sort()).toEqual(["NO_COIN_CAME", "accepted"]);
    await atEveryCall({
      before: async gates => {
        await before(gates);
        await gates.put("coin_a", { gate: "g1", coins: 2 });
      },
      main: sweeping,
      rival: sweeping,
      after: async gates => expect(await gates.outcomeOf("return_a")).toBe("NO_COIN_CAME"),
    });
  });
});

describe("a deadline that passes as the original is committed by a function that dies", () => {
  it("refuses nothing once the original is decided, at every call of the table", async () => {
    let isInTime = false;
    const outcomes = new Set<string | undefined>();
    await atEveryCall({
      before: async gates => {
        await told(gates, "return_a", { at: 5 });
        await gates.clock.sleep(31 * DAY_MS);
      },
      main: sweeping,
      rival: async gates => {
        const coin = await gates.put("coin_a", { gate: "g1", coins: 2, at: 4 });
        return async () => {
          isInTime = (await gates.stateOf("return_a"))?.decision === undefined;
          await functionThatDies(gates, () => true).project(coin);
        };
      },
      after: async gates => {
        await gates.sweep();
        const outcome = await gates.outcomeOf("return_a");
        expect(outcome).toBe(isInTime ? "accepted" : "NO_COIN_CAME");
        outcomes.add(outcome);
        // Nobody has published the original yet if nothing came after it on its gate.
        await told(gates, "push_z", { gate: "g1", at: 9 });
      },
    });
    expect(outcomes.size).toBe(2);
  });
});

type Draft = { readonly type: string; readonly gate: number; readonly other: number; readonly of: number };

const draft = fc.record({
  type: fc.constantFrom("coin", "coin", "push", "move", "move", "return", "return", "again", "shut", "open"),
  gate: fc.nat(2),
  other: fc.nat(2),
  of: fc.nat(13),
});

const objectOf = ({ type, gate, other, of }: Draft, n: number): [string, object] => {
  const at = n + 1;
  if (type === "return") return [`return_${of}`, { at }];
  if (type === "again") return [`coin_${of}`, { gate: `g${gate}`, coins: 9, at }];
  if (type === "move")
    return [`move_${n}`, { from: `g${gate}`, to: `g${(gate + 1 + (other % 2)) % 3}`, coins: 1, at }];
  return [`${type}_${n}`, { gate: `g${gate}`, coins: 1 + of, at }];
};

class Trouble extends Error {
  override readonly name = "Trouble";
}

/** Writes without effect, writes without answer, and functions that die before a call. */
const faultOf = (random: Random, isWrite: boolean): StoreFault | undefined => {
  const draw = random.next() / FAULT_RATE;
  if (draw < 0.2) throw new Trouble("the function died");
  if (draw >= 1 || !isWrite) return undefined;
  return draw < 0.5
    ? { instead: { outcome: "conflict", reason: "throttled" } }
    : { answer: { outcome: "unknown", reason: "timeout" } };
};

const dyingObjects =
  (dies: () => boolean) =>
  (objects: ObjectStore): ObjectStore =>
    new Proxy(objects, {
      get: (target, name: keyof ObjectStore) => {
        const call = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          if (dies()) throw new Trouble("the function died");
          return call(...args);
        };
      },
    });

describe("random closings, openings and arrivals", () => {
  const runs = 60 * RUNS;

  it(`leave nothing parked but under closed streams and for originals that never came (${runs} runs)`, async () => {
    const waves = fc.array(fc.array(draft, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        waves,
        fc.nat(1e6),
        fc.boolean(),
        fc.scheduler(),
        async (drafts, seed, isFaulty, scheduler) => {
          const random = seededRandom(seed);
          const world = { isScheduled: false, isFaulty };
          const store = new MemoryStore(GATE_TABLE, async call => {
            if (world.isScheduled) await scheduler.schedule(Promise.resolve());
            return world.isScheduled && world.isFaulty ? faultOf(random, "writes" in call) : undefined;
          });
          const dies = (): boolean => world.isScheduled && world.isFaulty && random.next() < FAULT_RATE / 2;
          const gates = openParking(store, { seed, wrap: dyingObjects(dies) });
          const projectOrDie = async (batch: readonly string[]): Promise<readonly string[]> => {
            try {
              return await gates.project(...batch);
            } catch (error) {
              if (error instanceof Trouble) return batch;
              throw error;
            }
          };
          let [n, left]: [number, readonly string[]] = [0, []];
          const deliver = async (): Promise<void> => {
            const hands: string[][] = [[], [], []];
            for (const body of left) hands[randomInteger(random, hands.length)]?.push(body);
            world.isScheduled = true;
            left = (await scheduler.waitFor(Promise.all(hands.map(projectOrDie)))).flat();
            world.isScheduled = false;
          };
          for (const wave of drafts) {
            const bodies: string[] = [];
            for (const each of wave) bodies.push(await gates.put(...objectOf(each, n++)));
            left = [...left, ...bodies, ...bodies.filter((_, i) => i % 3 === 0)];
            await deliver();
          }
          for (let delivery = 0; left.length > 0; delivery += 1) {
            if (delivery === DELIVERIES_MAX) throw new Error(`${left.length} messages are never through`);
            if (delivery === DELIVERIES_MAX / 2) world.isFaulty = false;
            await deliver();
          }
          // Whoever died between a released original and its follow-ups is nobody's message any more.
          if (isFaulty) {
            world.isFaulty = false;
            world.isScheduled = true;
            await scheduler.waitFor(Promise.all([gates.sweep(), gates.sweep()]));
            world.isScheduled = false;
          }
          await gates.expectSound();
        },
      ),
      { numRuns: runs },
    );
  }, 300_000);
});

type Put = { readonly name: string; readonly body: object };

/** Decides what waits in canonical order, each follow-up right after its original: a pure fold over the domain alone. */
const decidedInOrder = (
  begin: ReadonlyMap<string, Gate>,
  decidedCoins: ReadonlyMap<string, string>,
  puts: readonly Put[],
) => {
  const states = new Map(begin);
  const coins = new Map(decidedCoins);
  const outcomes = new Map<string, string>();
  const waiting = puts.map(({ name, body }, order) => {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const parsed = turnstile.parse({ key: `${name}.event`, bytes });
    if (!parsed.valid) throw new Error(`${name} is malformed`);
    return { name, parsed, order };
  });
  const inOrder = waiting.toSorted((a, b) => a.parsed.timestamp - b.parsed.timestamp || a.order - b.order);
  const judge = ({ name, parsed }: (typeof waiting)[number]): void => {
    const { request } = parsed;
    const gate = parsed.original && coins.get(parsed.original.id);
    const original = gate === undefined ? undefined : { key: "", stream: gate, outcome: "accepted" as const };
    const verdict = turnstile.decide(request as Request, { states, original, settings: { price: 1 } });
    if (verdict.outcome === "deferred") return;
    outcomes.set(name, verdict.outcome === "refused" ? verdict.code : "accepted");
    if (verdict.outcome === "accepted")
      for (const { stream, change } of verdict.legs)
        states.set(stream, turnstile.evolve(states.get(stream) ?? turnstile.initialState(), change));
    if (request.type !== "coin") return;
    coins.set(request.id, request.gate);
    for (const each of inOrder)
      if (each.parsed.original?.id === request.id && !outcomes.has(each.name)) judge(each);
  };
  for (const each of inOrder) if (!outcomes.has(each.name)) judge(each);
  return { states, outcomes };
};

describe("an opening", () => {
  const runs = 60 * RUNS;
  const late = fc.record({
    type: fc.constantFrom("coin", "push", "push", "out", "in", "return", "returnOld"),
    of: fc.nat(9),
    at: fc.integer({ min: 10, max: 16 }),
  });

  const putOf = ({ type, of, at }: { type: string; of: number; at: number }, n: number): Put => {
    if (type === "return") return { name: `return_n${of}`, body: { at } };
    if (type === "returnOld") return { name: `return_old${of % 3}`, body: { at } };
    if (type === "out")
      return { name: `move_n${n}`, body: { from: "g1", to: "g2", coins: 1 + (of % 3), at } };
    if (type === "in") return { name: `move_n${n}`, body: { from: "g2", to: "g1", coins: 1 + (of % 3), at } };
    return { name: `${type}_n${n}`, body: { gate: "g1", coins: 1 + (of % 3), at } };
  };

  it(`decides what waits as a fold in canonical order does, whatever the order of arrival (${runs} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(late, { minLength: 1, maxLength: 10 }), fc.nat(1e6), async (drafts, seed) => {
        const random = seededRandom(seed);
        const gates = openParking(new MemoryStore(GATE_TABLE));
        for (const n of [0, 1, 2]) await told(gates, `coin_old${n}`, { gate: "g1", coins: 1, at: 1 });
        await told(gates, "coin_far", { gate: "g2", coins: 2, at: 1 });
        await told(gates, "shut_0", { gate: "g1", at: 2 });
        const puts = [...new Map(drafts.map(putOf).map(put => [put.name, put])).values()];
        const messages: string[] = [];
        for (const { name, body } of puts) messages.push(await gates.put(name, body));
        while (messages.length > 0)
          await gates.project(
            ...messages.splice(randomInteger(random, messages.length), 1 + randomInteger(random, 2)),
          );
        await gates.expectSound();
        const closed = { ...turnstile.initialState(), coins: 3, returnable: ["old0:1", "old1:1", "old2:1"] };
        const far = { ...turnstile.initialState(), coins: 2, returnable: ["far:2"] };
        const old = new Map([0, 1, 2].map(n => [`old${n}`, "g1"] as const));
        const expected = decidedInOrder(
          new Map([
            ["g1", closed],
            ["g2", far],
          ]),
          old,
          puts,
        );
        await told(gates, "open_0", { gate: "g1", at: 99 });
        for (const { name } of puts)
          expect({ name, outcome: await gates.outcomeOf(name) }).toEqual({
            name,
            outcome: expected.outcomes.get(name) ?? expect.stringMatching(/^parked at REQ#/),
          });
        for (const [stream, state] of expected.states)
          expect({ stream, state: (await gates.headOf(stream))?.state }).toEqual({ stream, state });
        await gates.expectSound();
      }),
      { numRuns: runs },
    );
  }, 300_000);
});
