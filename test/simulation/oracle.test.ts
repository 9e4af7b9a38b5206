import { describe, expect, it } from "vitest";
import type { Intent } from "./intent.ts";
import { openBank } from "./oracle/bank.ts";
import { type Decision, followChains, hashOf, type Leg } from "./oracle/chains.ts";

/** The golden run, in the oracle's own words. */
const GOLDEN: readonly Intent[] = [
  { do: "deposit", account: "100010", cents: 20_000, counted: true, customer: "330001001" },
  { do: "deposit", account: "100020", cents: 50_000, counted: true, customer: "330001002" },
  { do: "deposit", account: "100030", cents: 100_000, counted: true, customer: "330001001" },
  { do: "receive", account: "100010", cents: 30_000 },
  { do: "deposit", account: "100010", cents: 10_000, counted: false },
  { do: "verify", account: "100010", ref: "5", cents: 10_000, evidence: true },
  { do: "withdraw", account: "100020", cents: 5_000 },
  { do: "pay", account: "100030", cents: 25_000 },
  { do: "paid", account: "100030", ref: "8" },
  { do: "pay", account: "100010", cents: 100_000 },
  { do: "pay", account: "100010", cents: 10_000 },
  { do: "bounced", account: "100010", ref: "11" },
  { do: "transfer", account: "100030", target: "100010", cents: 40_000 },
];

describe("the clerk", () => {
  it("comes to the known end of the golden run", () => {
    const bank = openBank();
    const said = GOLDEN.map((intent, n) => bank.ask(intent, String(n + 1), true).said);
    expect(said.filter(word => word !== "accepted")).toEqual(["INSUFFICIENT_FUNDS"]);
    expect(said[9]).toBe("INSUFFICIENT_FUNDS");
    expect(bank.standing("100010")).toEqual([100_000, 100_000]);
    expect(bank.standing("100020")).toEqual([45_000, 45_000]);
    expect(bank.standing("100030")).toEqual([35_000, 35_000]);
  });

  it("knows that order decides", () => {
    const bank = openBank();
    const order = [GOLDEN[0], GOLDEN[2], GOLDEN[9], GOLDEN[12]];
    const said = order.flatMap((intent, n) => (intent ? [bank.ask(intent, String(n), true).said] : []));
    expect(said).toEqual(["accepted", "accepted", "INSUFFICIENT_FUNDS", "accepted"]);
    expect(bank.standing("100010")).toEqual([60_000, 60_000]);
  });
});

const CHANGE = { actualCents: 100, availableCents: 100, opened: [], closed: [] };

const decisionAt = (sequence: number, prevHash: string, more: Partial<Leg> = {}): Decision => {
  const after = { actualCents: 100 * sequence, availableCents: 100 * sequence, holdCount: 0 };
  const leg: Leg = { stream: "a", sequence, prevHash, hash: "", change: CHANGE, after, ...more };
  const decision: Decision = {
    ...{ key: `k${sequence}`, digest: "d", outcome: "accepted", facts: {}, settings: {}, epoch: 1 },
    ...{
      decidedAt: "2026-01-05T09:00:00.000Z",
      legs: [leg],
      source: { eventTime: "2026-01-05T09:00:00.000Z" },
    },
  };
  return { ...decision, legs: [{ ...leg, hash: hashOf(decision, leg) }] };
};

describe("following a chain", () => {
  const first = decisionAt(1, "0".repeat(64));
  const second = decisionAt(2, first.legs[0]?.hash ?? "");

  it("finds nothing wrong with a whole one, in whatever order it is given", () => {
    const { faults, standings } = followChains([second, first]);
    expect(faults).toEqual([]);
    expect(standings.get("a")).toMatchObject({ sequence: 2, actualCents: 200 });
  });

  const invariants = (...decisions: readonly Decision[]) =>
    followChains(decisions).faults.map(({ invariant }) => invariant);

  it("finds a gap, a fork, a changed leg, an overdraft and a wrong sum", () => {
    expect(invariants(second)).toContain("I2");
    expect(invariants(first, second, { ...second, key: "other" })).toContain("I2");
    const [leg] = first.legs;
    if (leg === undefined) throw new Error("The first decision has a leg.");
    expect(invariants({ ...first, legs: [{ ...leg, change: { ...CHANGE, actualCents: 99 } }] })).toContain(
      "I2",
    );
    const debit = { ...CHANGE, actualCents: -100, availableCents: -100 };
    expect(invariants(decisionAt(1, "0".repeat(64), { change: debit }))).toContain("I4");
    expect(invariants(decisionAt(1, "0".repeat(64), { change: { ...CHANGE, availableCents: 0 } }))).toContain(
      "I5",
    );
    expect(invariants({ ...first, outcome: "refused" })).toContain("I10");
    expect(
      invariants(
        decisionAt(1, "0".repeat(64), { after: { actualCents: 1, availableCents: 1, holdCount: 0 } }),
      ),
    ).toContain("I3");
  });
});
