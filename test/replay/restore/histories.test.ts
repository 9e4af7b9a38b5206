import fc from "fast-check";
import { describe, it } from "vitest";
import { GATE_TABLE } from "../../support/gates.ts";
import { BANK, requests } from "./bank-world.ts";
import { check, type Put, tell } from "./told-histories.ts";
import { type Kind, openWorld } from "./world.ts";

/** More with `RUNS=10`. */
const RUNS = 24 * Number(process.env.RUNS ?? 1);
const TROUBLE_RATE = 0.02;

const TURNSTILE: Kind = { definition: GATE_TABLE, ledger: gates => gates };
const turn = fc.record({
  type: fc.constantFrom("coin", "push", "push", "move", "return", "again", "shut", "open"),
  gate: fc.nat(2),
  to: fc.nat(2),
  coins: fc.integer({ min: 1, max: 3 }),
  of: fc.nat(14),
});

type Draft = { type: string; gate: number; to: number; coins: number; of: number };

const turnOf = (draft: Draft, n: number): Put => {
  const { type, gate, to, coins, of } = draft;
  const object = (name: string, body: object): Put => ({ key: `${name}.event`, body: JSON.stringify(body) });
  const at = n + 1;
  if (type === "return") return object(`return_${of}`, { at });
  if (type === "again") return object(`coin_${of}`, { gate: "g0", coins: 9, at });
  if (type === "move") return object(`move_${n}`, { from: `g${gate}`, to: `g${to}`, coins, at });
  return object(`${type}_${n}`, { gate: `g${gate}`, coins, at });
};

const turns = fc.array(turn, { minLength: 6, maxLength: 18 }).map(drafts => drafts.map(turnOf));
const run = (kind: Kind, puts: fc.Arbitrary<readonly Put[]>) =>
  fc.assert(
    fc.asyncProperty(puts, fc.nat(1e6), fc.integer({ min: 1, max: 3 }), async (all, seed, restores) => {
      const world = openWorld(kind, seed, TROUBLE_RATE);
      const { told } = await tell(world, all, restores);
      await check(world, told, all);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );

describe("restores at any moment, torn or not, with zombies, faults and kills", () => {
  it(
    `gates: what was told stands, and S3 tells the table (${RUNS} runs)`,
    () => run(TURNSTILE, turns),
    600_000,
  );
  it(`the bank: likewise, row by row (${RUNS} runs)`, () => run(BANK, requests), 600_000);
});
