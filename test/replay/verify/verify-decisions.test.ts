import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { type DecisionsVerified, verifyDecisions } from "../../../src/replay/verify/verify-decisions.ts";
import { DECISIONS, GATE_TABLE, rows } from "../../support/gates.ts";
import { gatesWithTraffic, streamsOf, withOverrides } from "../snapshot/gates-with-streams.ts";

const opened = async () => {
  const gates = gatesWithTraffic();
  await gates.decide(streamsOf(100));
  return gates;
};

const named = ({ differences }: DecisionsVerified) =>
  differences.map(({ stream, sequence, what }) => [stream, sequence, what]);

describe("the table against the decisions in S3", () => {
  test("is equal, and every decision and stream counted", async () => {
    const { ledger } = await opened();
    const progress: number[] = [];
    const verified = await verifyDecisions(ledger, streams => progress.push(streams));
    expect(verified).toEqual({
      decisions: 112,
      streams: 102,
      newStreams: 0,
      unpublished: 0,
      faults: [],
      differences: [],
    });
    expect(progress).toEqual([100, 102]);
  });

  test("a head that is gone or changed is named", async () => {
    const { ledger, memory } = await opened();
    await memory.write({ delete: rows.head.key({ stream: "g1" }) });
    const [item] = await memory.get([rows.head.key({ stream: "g2" })]);
    if (item === undefined) throw new Error("Expected a head");
    const state = { coins: 9, pushes: 0, returnable: [] };
    await memory.write({ put: rows.head.item({ ...rows.head.read(item), state }) });
    expect(named(await verifyDecisions(ledger))).toEqual([
      ["g1", 1, "head-missing"],
      ["g2", 1, "state"],
    ]);
  });

  test("a table that lost everything is named stream by stream", async () => {
    const { ledger } = await opened();
    const verified = await verifyDecisions({ ...ledger, store: new MemoryStore(GATE_TABLE) });
    expect(verified.differences).toHaveLength(102);
    expect(verified.newStreams).toBe(0);
  });

  test("decisions that S3 lost are named: in the middle of a chain, and at its end", async () => {
    const gates = await opened();
    await gates.decide([
      ["push_second", { gate: "g0" }],
      ["push_third", { gate: "g0" }],
      ["push_other", { gate: "g1" }],
      ["push_again", { gate: "g1" }],
    ]);
    for (const name of ["push_p0", "coin_c1", "push_other", "push_again"])
      await gates.objects.delete({ bucket: DECISIONS, key: `dec/000001/${name}.event` });
    const { faults, differences } = await verifyDecisions(gates.ledger);
    expect(faults.map(({ stream, sequence, what }) => [stream, sequence, what])).toEqual([
      ["g0", 2, "decision-missing"],
      ["g1", 1, "decision-missing"],
    ]);
    // What is computed over a gap is nothing to compare states with.
    expect(differences).toEqual([]);
  });

  test("traffic that goes on meanwhile is no difference", async () => {
    const running: { more?: () => Promise<void> } = {};
    const gates = gatesWithTraffic({
      wrap: objects =>
        withOverrides(objects, {
          list: async request => {
            const page = await objects.list({ ...request, limit: 10 });
            const { more } = running;
            delete running.more;
            await more?.();
            if (more) running.more = more;
            return page;
          },
        }),
    });
    await gates.decide(streamsOf(100));
    let round = 0;
    running.more = async () => {
      round += 1;
      // Keys before and behind where the listing is: what it shows of a chain has gaps.
      await gates.decide([
        [`coin_a${round}`, { gate: `g${round}`, coins: 1 }],
        [`push_z${round}`, { gate: `g${round}` }],
        [`coin_n${round}`, { gate: `g${500 + round}`, coins: 1 }],
        [`push_n${round}`, { gate: `g${500 + round}` }],
      ]);
    };
    const verified = await verifyDecisions(gates.ledger);
    delete running.more;
    expect(round).toBeGreaterThan(8);
    expect(verified).toMatchObject({ streams: 102, faults: [], differences: [] });
    expect(verified.newStreams).toBeGreaterThan(0);
  });
});
