import { describe, expect, test } from "vitest";
import { readControl } from "../../../src/replay/control/control.ts";
import { type Consumers, halt, resume } from "../../../src/replay/control/halt.ts";
import { FUNCTIONS, openSources } from "../../support/event-sources.ts";
import { DECISIONS, GATE_TABLE } from "../../support/gates.ts";
import { withPut } from "../../support/with-put.ts";
import { openWorld } from "../restore/world.ts";

// Those who halt and those who resume at once: in the end the event sources are as is written down.

const open = (before?: (isEnabled: boolean) => Promise<void>) => {
  const { objects, clock } = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
  const { sources, isOn, isOff } = openSources(before);
  const consumers: Consumers = { objects, bucket: DECISIONS, clock, sources, functions: FUNCTIONS };
  const state = async () => (await readControl(consumers)).state;
  return { consumers, isOn, isOff, state };
};

/** Does it once. */
const once = (work: () => Promise<unknown>): (() => Promise<void>) => {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await work();
  };
};

describe("of a halt and a resume at once", () => {
  test("the halt stands where it is written down before the other has enabled all", async () => {
    const bank = open(async isEnabled => {
      if (isEnabled) await meanwhile();
    });
    const meanwhile = once(() => halt(bank.consumers, "wrong fees"));
    await halt(bank.consumers, "looked at by hand");
    expect(await resume(bank.consumers, "")).toMatchObject({ isSettled: true });
    expect([await bank.state(), bank.isOff()]).toEqual(["halted", true]);
  });

  test("the halt stands where the other has enabled all before it is written down", async () => {
    const bank = open();
    const meanwhile = once(() => resume(bank.consumers, ""));
    const objects = withPut(bank.consumers.objects, async request => {
      await meanwhile();
      return bank.consumers.objects.put(request);
    });
    expect(await halt({ ...bank.consumers, objects }, "wrong fees")).toMatchObject({ isSettled: true });
    expect([await bank.state(), bank.isOff()]).toEqual(["halted", true]);
  });

  test("all runs where the resume comes last", async () => {
    const bank = open();
    let looks = 0;
    const of: Consumers["sources"]["of"] = async name => {
      looks += 1;
      // It is written down by then; what it looks at next is enabled.
      if (looks === FUNCTIONS.length + 1) await resume(bank.consumers, "");
      return bank.consumers.sources.of(name);
    };
    const sources = { ...bank.consumers.sources, of };
    await halt({ ...bank.consumers, sources }, "wrong fees");
    expect([await bank.state(), bank.isOn()]).toEqual(["running", true]);
  });
});

describe("a halt that cannot be written down", () => {
  test("leaves nothing disabled", async () => {
    const bank = open();
    const objects = withPut(bank.consumers.objects, () => Promise.reject(new Error("slow down")));
    await expect(halt({ ...bank.consumers, objects }, "wrong fees")).rejects.toThrow("slow down");
    expect([await bank.state(), bank.isOn()]).toEqual(["running", true]);
  });
});
