import { describe, expect, it } from "vitest";
import { candidateOf } from "../../src/ledger/candidate.ts";
import { type Decided, decide } from "../../src/ledger/decide.ts";
import { findRequest } from "../../src/ledger/found-request.ts";
import type { AnyLedger } from "../../src/ledger/ledger.ts";
import { openStreams } from "../../src/ledger/reading.ts";
import { createReads, type Reads } from "../../src/ledger/reads.ts";
import { repairStream } from "../../src/ledger/repair.ts";
import { isoInstant } from "../../src/ports/clock.ts";
import { restore } from "../../src/replay/restore/restore.ts";
import { parseNotification } from "../../src/tracking/notification.ts";
import { openWorld, type World } from "../replay/restore/world.ts";
import { DECISIONS, GATE_TABLE, rows } from "../support/gates.ts";

// What an invocation has read of one head may be older than a decision, and of the others newer.

const MOVE = "move_m.event";
const FROM = rows.head.key({ stream: "g1" });
const TO = rows.head.key({ stream: "g2" });

/** Two gates with coins, and the moment after which `move` carries all coins of the first to the second. */
const open = async () => {
  const world = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
  const feed = async (name: string, body: object): Promise<string> => {
    const message = await world.put(`${name}.event`, JSON.stringify(body));
    expect(await world.deliver(await world.worker(), [message])).toEqual([]);
    return message;
  };
  await feed("coin_a", { gate: "g1", coins: 3 });
  await feed("coin_b", { gate: "g2", coins: 1 });
  const move = (): Promise<string> => feed("move_m", { from: "g1", to: "g2", coins: 3 });
  return { world, move };
};

const decideAgain = async (ledger: AnyLedger, reads: Reads, message: string): Promise<Decided> => {
  const parsed = parseNotification(message);
  const [seen] = parsed.outcome === "observations" ? parsed.observations : [];
  const found = seen && (await findRequest(ledger.objects, seen));
  if (found === undefined) throw new Error(`Expected ${MOVE} to be there`);
  return decide(ledger, { reads, remainingMs: () => 60 }, candidateOf(ledger, found));
};

const publishedNames = async ({ objects }: World): Promise<readonly string[]> =>
  (await objects.list({ bucket: DECISIONS, prefix: "dec/" })).objects
    .map(({ key }) => key)
    .filter(key => key.endsWith(MOVE));

describe("a decision is found, and not made again, by whoever remembers an old head", () => {
  it("of one of its streams", async () => {
    const { world, move } = await open();
    const ledger = await world.worker();
    const reads = createReads(ledger.store);
    await reads.items([TO]);
    const message = await move();
    expect(await decideAgain(ledger, reads, message)).toMatchObject({
      ...{ result: "decided", isNew: false },
      decision: { outcome: "accepted" },
    });
    expect(await publishedNames(world)).toEqual([`dec/000001/${MOVE}`]);
  });

  it("of a stream that another one has repaired meanwhile", async () => {
    const { world, move } = await open();
    await world.clock.sleep(60_000);
    const from = { kind: "pitr", at: isoInstant(world.clock.now()) } as const;
    await world.clock.sleep(2_000);
    const message = await move();
    await restore(await world.restoring(undefined), {
      ...{ from, marginMs: 1_000, reason: "test", isInstead: false },
    });
    const ledger = await world.worker();
    const reads = createReads(ledger.store);
    await reads.items([FROM, TO]);
    await repairStream(ledger, "g2");
    expect(await decideAgain(ledger, reads, message)).toMatchObject({ isNew: false });
    expect(await publishedNames(world)).toEqual([`dec/000001/${MOVE}`]);
  });
});

describe("a stream without a catalogue", () => {
  it("is judged by what it became, if it was repaired since its head was read", async () => {
    const { world, move } = await open();
    await world.clock.sleep(60_000);
    const from = { kind: "pitr", at: isoInstant(world.clock.now()) } as const;
    await world.clock.sleep(2_000);
    await move();
    await restore(await world.restoring(undefined), {
      ...{ from, marginMs: 1_000, reason: "test", isInstead: false },
    });
    const ledger = await world.worker();
    const reads = createReads(ledger.store);
    await reads.items([TO]);
    await repairStream(ledger, "g2");
    await openStreams(ledger, reads, ["g2"]);
    const [item] = await reads.items([TO]);
    expect(item && rows.head.read(item)).toMatchObject({ epoch: 2, sequence: 2, state: { coins: 4 } });
  });
});
