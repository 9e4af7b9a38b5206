import { describe, expect, test } from "vitest";
import { isoInstant } from "../../../src/ports/clock.ts";
import { readControl } from "../../../src/replay/control/control.ts";
import { halt } from "../../../src/replay/control/halt.ts";
import { consumersOfRestore, type RestoreConsumers } from "../../../src/replay/restore/halting.ts";
import { newestMarker, type RestoreWish } from "../../../src/replay/restore/plan.ts";
import { putMarker, type Restoring, restore } from "../../../src/replay/restore/restore.ts";
import type { Step } from "../../../src/replay/restore/steps.ts";
import { FUNCTIONS, openSources } from "../../support/event-sources.ts";
import { DECISIONS, GATE_TABLE } from "../../support/gates.ts";
import { withPut } from "../../support/with-put.ts";
import { openWorld, Trouble } from "./world.ts";

// Seeds 1000187 and 1000447 of the simulation: a run that was slow halted what another one had resumed.

const open = async () => {
  const world = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
  await world.clock.sleep(60_000);
  const nowMs = world.clock.now();
  const wishAt = (backMs: number, isInstead = false): RestoreWish => ({
    from: { kind: "pitr", at: isoInstant(nowMs - backMs) },
    ...{ marginMs: 1_000, reason: "test", isInstead },
  });
  const { sources, isOn, isOff } = openSources();
  const { objects, clock } = world;
  const place = { objects, bucket: DECISIONS };
  const consumers = { ...place, clock, sources, functions: FUNCTIONS };
  const ofRestore = consumersOfRestore(consumers);
  const begin = async (
    wish: RestoreWish,
    { onStep, ...changed }: Partial<RestoreConsumers> & { readonly onStep?: (step: Step) => void } = {},
  ) => {
    const restoring: Restoring = await world.restoring(undefined, onStep);
    return restore({ ...restoring, consumers: { ...ofRestore, ...changed } }, wish);
  };
  /** Begins a restore that is switched off at a step. */
  const cutOffAt = async (at: Step, wish: RestoreWish): Promise<void> => {
    const onStep = (step: Step): void => {
      if (step === at) throw new Trouble(at);
    };
    await expect(begin(wish, { onStep })).rejects.toBeInstanceOf(Trouble);
  };
  const expectRunning = async (): Promise<void> => {
    expect(await readControl(place)).toMatchObject({ state: "running" });
    expect(isOn()).toBe(true);
  };
  const expectHalted = async (reason: string): Promise<void> => {
    expect(await readControl(place)).toMatchObject({ state: "halted", reason });
    expect(isOff()).toBe(true);
  };
  const live = async (): Promise<number> => (await world.worker()).epoch;
  return {
    ...{ world, place, consumers, ofRestore, sources, wishAt, begin, cutOffAt },
    ...{ expectRunning, expectHalted, live },
  };
};

describe("a restore that was overtaken", () => {
  test("undoes its halt, which came after the other had resumed", async () => {
    const { begin, wishAt, ofRestore, expectRunning, live } = await open();
    const slowly = async (reason: string): Promise<void> => {
      await begin(wishAt(0));
      await expectRunning();
      await ofRestore.halt(reason);
    };
    await expect(begin(wishAt(0), { halt: slowly })).rejects.toThrow("completed by another process");
    await expectRunning();
    expect(await live()).toBe(2);
  });

  test("undoes it also where it stalled later on", async () => {
    const { begin, wishAt, ofRestore, expectRunning } = await open();
    const slowly = async (reason: string): Promise<void> => {
      const resume = async (): Promise<void> => {
        await ofRestore.resume(reason);
        await ofRestore.halt(reason);
      };
      await begin(wishAt(0), { resume });
    };
    await expect(begin(wishAt(0), { halt: slowly })).rejects.toThrow("completed by another process");
    await expectRunning();
  });

  test("leaves nothing disabled where the halt could not be written down", async () => {
    const { begin, wishAt, consumers, expectRunning } = await open();
    const throttled = withPut(consumers.objects, () => Promise.reject(new Error("slow down")));
    const slowly = async (reason: string): Promise<void> => {
      await begin(wishAt(0));
      await consumersOfRestore({ ...consumers, objects: throttled }).halt(reason);
    };
    await expect(begin(wishAt(0), { halt: slowly })).rejects.toThrow("slow down");
    await expectRunning();
  });

  test("leaves nothing disabled where nothing could be written or read any more", async () => {
    const { begin, wishAt, sources, expectRunning } = await open();
    const slowly = async (): Promise<void> => {
      await begin(wishAt(0));
      for (const id of FUNCTIONS) await sources.enable(id, false);
      throw new Error("slow down");
    };
    await expect(begin(wishAt(0), { halt: slowly })).rejects.toThrow("slow down");
    await expectRunning();
  });

  test("by another restore writes no marker, which would end the live epoch, and undoes its halt", async () => {
    const { begin, cutOffAt, wishAt, ofRestore, place, expectRunning, live } = await open();
    await cutOffAt("base", wishAt(0));
    const slowly = async (reason: string): Promise<void> => {
      await begin(wishAt(0));
      await ofRestore.halt(reason);
    };
    const rival = wishAt(30_000, true);
    await expect(begin(rival, { halt: slowly })).rejects.toThrow("completed after this one was planned");
    await expectRunning();
    expect([await live(), await newestMarker(place)]).toEqual([2, 2]);
  });

  test("leaves a halt by hand as it is", async () => {
    const { begin, wishAt, consumers, ofRestore, expectHalted } = await open();
    const slowly = async (reason: string): Promise<void> => {
      await begin(wishAt(0));
      await halt(consumers, "wrong fees");
      await ofRestore.halt(reason);
    };
    await expect(begin(wishAt(0), { halt: slowly })).rejects.toThrow("completed by another process");
    await expectHalted("wrong fees");
  });

  test.each(["marker", "base"] as const)(
    "leaves the halt of the next restore, which is at the %s",
    async step => {
      const { begin, cutOffAt, wishAt, ofRestore, expectHalted, expectRunning, live } = await open();
      const next = wishAt(10_000);
      const slowly = async (reason: string): Promise<void> => {
        await begin(wishAt(0));
        await ofRestore.halt(reason);
        // It finds the halt of the slow one, and makes it its own.
        await cutOffAt(step, next);
      };
      await expect(begin(wishAt(0), { halt: slowly })).rejects.toThrow("completed by another process");
      await expectHalted("restore to epoch 3, after epoch 2");
      await begin(next);
      await expectRunning();
      expect(await live()).toBe(3);
    },
  );
});

describe("a restore that nobody has completed", () => {
  test("leaves the halt to the one whose marker came first, which is not live yet", async () => {
    const { begin, cutOffAt, wishAt, ofRestore, expectHalted, expectRunning } = await open();
    const slowly = async (reason: string): Promise<void> => {
      await ofRestore.halt(reason);
      await cutOffAt("survey", wishAt(0));
    };
    await expect(begin(wishAt(10_000), { halt: slowly })).rejects.toThrow("completed by another process");
    await expectHalted("restore to epoch 2, after epoch 1");
    await begin(wishAt(0));
    await expectRunning();
  });

  test("leaves it to the one that is begun instead", async () => {
    const { begin, cutOffAt, wishAt, expectHalted, expectRunning, live } = await open();
    await cutOffAt("base", wishAt(0));
    await cutOffAt("base", wishAt(10_000, true));
    await expectHalted("restore to epoch 2, after epoch 1");
    await begin(wishAt(10_000));
    await expectRunning();
    expect(await live()).toBe(3);
  });

  test("leaves it where it was cut off, or where its marker has ended the live epoch", async () => {
    const { world, begin, cutOffAt, wishAt, ofRestore, expectHalted, expectRunning } = await open();
    await cutOffAt("collect", wishAt(0));
    await expectHalted("restore to epoch 2, after epoch 1");
    const { ledger } = await world.restoring(undefined);
    const rival = wishAt(30_000, true);
    const onStep = (step: Step): void => {
      if (step === "marker") throw new Trouble("for a while");
    };
    await expect(begin(rival, { onStep })).rejects.toBeInstanceOf(Trouble);
    const slowly = async (reason: string): Promise<void> => {
      await begin(wishAt(0));
      await ofRestore.halt(reason);
      // As if the pointer had moved between the last look and the marker.
      const plan = { ...{ epoch: 3, sealed: 1, source: "daybook", table: "daybook-000003" }, begunAt: "" };
      const { from } = rival;
      await putMarker(ledger, { ...plan, from, reach: isoInstant(0), reason: "test" }).catch(() => {});
    };
    await expect(begin(rival, { halt: slowly })).rejects.toThrow("completed after this one was planned");
    await expectHalted("restore to epoch 3, after epoch 1");
    await begin(wishAt(20_000, true));
    await expectRunning();
  });
});
