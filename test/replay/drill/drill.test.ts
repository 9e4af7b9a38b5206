import { describe, expect, it } from "vitest";
import { epochMarkerName } from "../../../src/ledger/names.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { type Drilling, drill } from "../../../src/replay/drill/drill.ts";
import type { Phase } from "../../../src/replay/drill/phases.ts";
import { recordedDrill } from "../../../src/replay/drill/recorded.ts";
import { RealWrite, readOnly, setAside } from "../../../src/replay/drill/set-aside.ts";
import { StopAsked } from "../../../src/replay/replay/replay-errors.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import { DECISIONS, GATE_TABLE } from "../../support/gates.ts";
import { openWorld, Trouble, type World } from "../restore/world.ts";

const GATES = ["g0", "g1", "g2", "g3"];
const PHASES: readonly Phase[] = ["restore", "collect", "prepare", "repair", "verify"];

const feed = async (world: World, name: string, body: object): Promise<void> => {
  const message = await world.put(`${name}.event`, JSON.stringify(body));
  expect(await world.deliver(await world.worker(), [message])).toEqual([]);
};

/** Gates of which all but the first were used after the instant. */
const open = async () => {
  const world = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
  for (const gate of GATES) await feed(world, `coin_a${gate}`, { gate, coins: 3 });
  await feed(world, "shut_x", { gate: "g3" });
  await feed(world, "push_w", { gate: "g3" });
  await world.clock.sleep(2 * 3_600_000);
  const at = isoInstant(world.clock.now());
  await world.clock.sleep(2_000);
  for (const gate of GATES.slice(1, 3)) await feed(world, `push_b${gate}`, { gate });
  await feed(world, "move_m", { from: "g1", to: "g2", coins: 1 });
  const drops: string[] = [];
  const drilling = async (): Promise<Drilling> => {
    const ledger = await world.worker();
    return {
      ledger,
      table: ledger.table,
      at,
      tables: {
        pointInTime: world.pointInTime,
        open: async name => world.storeOf(name),
        drop: async name => {
          drops.push(name);
          world.tables.delete(name);
        },
      },
    };
  };
  return { world, at, drilling, drops };
};

/** All that is real: every version in S3, every table. */
const everything = async (world: World): Promise<readonly string[]> => {
  const { versions } = await world.objects.listVersions({ bucket: DECISIONS });
  const tables = [...world.tables].map(([name, store]) => `${name} ${JSON.stringify(store.snapshot())}`);
  return [...versions.map(({ key, versionId }) => `${key} ${versionId}`), ...tables];
};

describe("a drill", () => {
  it("repairs a scratch table to equality, decides nothing, and leaves no trace", async () => {
    const { world, drilling, drops, at } = await open();
    const before = await everything(world);
    const seen: Phase[] = [];
    const onPhase = (phase: Phase): void => {
      if (seen.at(-1) !== phase) seen.push(phase);
    };
    const done = await drill({ ...(await drilling()), onPhase });
    expect(done).toMatchObject({ at, decisions: 8, void: [], isEqual: true, troubles: [] });
    expect(done.counts).toMatchObject({ repaired: 2, decisions: 4, alreadyDone: 2, released: 0 });
    expect(done.verified).toMatchObject({ faults: [], differences: [] });
    expect(done.phases.map(({ phase }) => phase)).toEqual(PHASES);
    expect(seen).toEqual(PHASES);
    expect(await everything(world)).toEqual(before);
    expect(drops).toEqual(["daybook-drill", "daybook-drill"]);
    const torn = world.pointInTime;
    const tearing = {
      ...torn,
      restore: (request: Parameters<typeof torn.restore>[0]) =>
        torn.restore({ ...request, torn: { seed: 5, withinMs: 3 * 3_600_000 } }),
    };
    const again = await drilling();
    const second = await drill({ ...again, tables: { ...again.tables, pointInTime: tearing } });
    expect(second).toMatchObject({ isEqual: true });
    expect(await everything(world)).toEqual(before);
  });

  it.each(PHASES)("goes on beside traffic that comes at %s, which is no difference", async phase => {
    const { world, drilling } = await open();
    let n = 0;
    const given = await drilling();
    const ledger = await world.worker();
    // As many requests as there are calls of the phase; each is decided before the drill's next look at S3.
    let traffic = Promise.resolve();
    const list: (typeof ledger.objects)["list"] = async request => {
      await traffic;
      return ledger.objects.list(request);
    };
    const objects = new Proxy(ledger.objects, {
      get: (real, name) => {
        const member = Reflect.get(real, name, real);
        return name === "list" ? list : typeof member === "function" ? member.bind(real) : member;
      },
    });
    const onPhase = (now: Phase): void => {
      if (now !== phase) return;
      n += 1;
      traffic = traffic.then(() => feed(world, `coin_t${n}`, { gate: `g${n % 3}`, coins: 1 }));
    };
    const done = await drill({ ...given, ledger: { ...ledger, objects }, onPhase });
    await traffic;
    expect(n).toBeGreaterThan(0);
    expect(done).toMatchObject({ isEqual: true, verified: { faults: [], differences: [] } });
    expect((await world.worker()).epoch).toBe(1);
  });

  it("of the last second that can be restored, and of a table that was restored before, is equal too", async () => {
    const { world, drilling, at } = await open();
    const { at: _, ...now } = await drilling();
    expect(await drill(now)).toMatchObject({ isEqual: true, decisions: 8 });
    await restore(await world.restoring(undefined), {
      from: { kind: "pitr", at },
      marginMs: 1_000,
      reason: "test",
      isInstead: false,
    });
    await feed(world, "push_c", { gate: "g1" });
    await world.clock.sleep(1_000);
    const { at: __, ...later } = await drilling();
    expect(later.table).toBe("daybook-000002");
    const before = await everything(world);
    expect(await drill(later)).toMatchObject({ isEqual: true, decisions: 1 });
    expect(await everything(world)).toEqual(before);
  });

  it("drops the scratch table when it is stopped, in any phase, and when it fails", async () => {
    for (const phase of PHASES) {
      const { world, drilling } = await open();
      const before = await everything(world);
      let isStopping = false;
      const onPhase = (now: Phase): void => {
        if (now === phase) isStopping = true;
      };
      const stopped = drill({ ...(await drilling()), onPhase, isStopping: () => isStopping });
      if (phase !== "verify") await expect(stopped).rejects.toBeInstanceOf(StopAsked);
      else await stopped.catch(error => expect(error).toBeInstanceOf(StopAsked));
      expect(await everything(world)).toEqual(before);
    }
    const { world, drilling } = await open();
    const given = await drilling();
    const open_ = async (): Promise<never> => {
      throw new Error("broken");
    };
    const before = await everything(world);
    await expect(drill({ ...given, tables: { ...given.tables, open: open_ } })).rejects.toThrow("broken");
    expect(await everything(world)).toEqual(before);
  });

  it("leaves what waits under an open stream where it is", async () => {
    const { world, drilling } = await open();
    const message = await world.put("open_x.event", JSON.stringify({ gate: "g3" }));
    const worker = await world.worker();
    const store = new Proxy(worker.store, {
      get: (real, name) => {
        const member = Reflect.get(real, name, real);
        return async (...args: unknown[]) => {
          if (JSON.stringify(args).includes('"delete":')) throw new Trouble("killed before the release");
          return Reflect.apply(member, real, args);
        };
      },
    });
    expect(await world.deliver({ ...worker, store }, [message])).toEqual([message]);
    const { at: _, ...now } = await drilling();
    await world.clock.sleep(1_000);
    const before = await everything(world);
    expect(await drill(now)).toMatchObject({ isEqual: true, decisions: 9, counts: { released: 0 } });
    expect(await everything(world)).toEqual(before);
  });

  it("finds what S3 lacks, and refuses beside a restore", async () => {
    const { world, drilling, at } = await open();
    const key = "dec/000001/push_bg1.event";
    const lost = await world.objects.get({ bucket: DECISIONS, key });
    await world.objects.delete({ bucket: DECISIONS, key });
    expect(await drill(await drilling())).toMatchObject({
      isEqual: false,
      void: ["dec/000001/move_m.event"],
      verified: { differences: [] },
    });
    expect([...world.tables.keys()]).toEqual(["daybook"]);
    await world.objects.put({ bucket: DECISIONS, key, body: lost?.body ?? "" });
    expect(await drill(await drilling())).toMatchObject({ isEqual: true });
    // One that begins meanwhile, early or late, then one that is not finished.
    for (const when of ["restore", "verify"] as const) {
      const fresh = await open();
      const wish = { from: { kind: "pitr", at }, marginMs: 1_000, reason: "test", isInstead: false } as const;
      const killed = await fresh.world.restoring(undefined, step => {
        if (step === "collect") throw new Error("killed");
      });
      let begun: Promise<unknown> | undefined;
      const onPhase = (phase: Phase): void => {
        if (phase === when) begun ??= restore(killed, wish).catch(() => {});
      };
      await expect(drill({ ...(await fresh.drilling()), onPhase })).rejects.toThrow("begun meanwhile");
      await begun;
      const key2 = epochMarkerName(2);
      expect(await fresh.world.objects.head({ bucket: DECISIONS, key: key2 })).toBeDefined();
      await expect(drill(await fresh.drilling())).rejects.toThrow("is not finished");
      expect([...fresh.world.tables.keys()]).not.toContain("daybook-drill");
    }
  });

  it("is recorded, one at a time", async () => {
    const { world, drilling } = await open();
    const both = await Promise.all([
      recordedDrill(await drilling(), { isTakeOver: false }),
      recordedDrill(await drilling(), { isTakeOver: false }),
    ]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(["busy", "done"]);
    const { objects } = await world.objects.list({ bucket: DECISIONS, prefix: "run/" });
    expect(objects.map(({ key }) => key)).toContain("run/drill/table/000001/ended");
    const stopped = await recordedDrill(
      { ...(await drilling()), isStopping: () => true },
      { isTakeOver: false },
    );
    expect(stopped.outcome).toBe("stopped");
  });
});

describe("what is set aside", () => {
  it("is listed among what is real, page by page, and nothing else can be written", async () => {
    const { world } = await open();
    const aside = setAside(world.objects);
    for (const key of ["a", "dec/000001/coin_ag0.event~", "dec/000001/zzz", "z"])
      expect(await aside.put({ bucket: DECISIONS, key, body: key, ifAbsent: true })).toMatchObject({
        outcome: "stored",
      });
    const real = (await world.objects.list({ bucket: DECISIONS })).objects.map(({ key }) => key);
    expect(real).not.toContain("a");
    // S3 may answer with less than it could.
    const short: typeof world.objects.list = request => world.objects.list({ ...request, limit: 1 });
    const shortly = setAside(
      new Proxy(world.objects, {
        get: (all, name) => (name === "list" ? short : Reflect.get(all, name, all).bind(all)),
      }),
    );
    for (const key of ["a", "dec/000001/coin_ag0.event~", "dec/000001/zzz", "z"])
      await shortly.put({ bucket: DECISIONS, key, body: key });
    for (const [prefix, objects] of [
      ["", aside],
      ["dec/000001/", aside],
      ["", shortly],
    ] as const) {
      const keys: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await objects.list({ bucket: DECISIONS, prefix, limit: 2, cursor });
        keys.push(...page.objects.map(({ key }) => key));
        cursor = page.cursor;
      } while (cursor !== undefined);
      const mine = ["a", "dec/000001/coin_ag0.event~", "dec/000001/zzz", "z"];
      expect(keys).toEqual([...real, ...mine].filter(key => key.startsWith(prefix)).sort());
    }
    const key = real[0] ?? "";
    expect(await aside.put({ bucket: DECISIONS, key, body: "other", ifAbsent: true })).toEqual({
      outcome: "exists",
    });
    await expect(aside.delete({ bucket: DECISIONS, key })).rejects.toBeInstanceOf(RealWrite);
    const store = readOnly(world.storeOf("daybook"));
    await expect(store.putAll([])).rejects.toBeInstanceOf(RealWrite);
  });
});
