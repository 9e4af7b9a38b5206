import { expect } from "vitest";
import { compareHeads } from "../../src/ledger/compare.ts";
import { foldDecisions, publishedDecisions } from "../../src/ledger/fold.ts";
import { projectBatch } from "../../src/ledger/project.ts";
import { createReads } from "../../src/ledger/reads.ts";
import { releaseDue, type Swept } from "../../src/ledger/sweep.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Item, Store } from "../../src/table/store.ts";
import { DECISIONS, openGates, rows } from "../support/gates.ts";
import { type Turn, turnstile } from "../support/turnstile.ts";

export const DAY_MS = 24 * 60 * 60 * 1_000;

const everything = async (store: Store): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.scan({ segment: 0, segments: 1, cursor });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
};

/** Gates over a table, with what tests of parking ask of them. */
export const openParking = (store: Store, options: Parameters<typeof openGates>[1] = {}) => {
  const gates = openGates(store, options);
  const { ledger, objects } = gates;
  /** What a function does with a batch, with a memory of its own. Returns: the bodies that must come again. */
  const project = async (...bodies: readonly string[]): Promise<readonly string[]> => {
    const messages = bodies.map((body, i) => ({ id: String(i), body }));
    const failed = await projectBatch({ ...ledger, published: new Map() }, messages, () => 10_000);
    return bodies.filter((_, i) => failed.has(String(i)));
  };
  const sweep = (remainingMs = () => 10_000): Promise<Swept> => {
    const invocation = { reads: createReads(store), remainingMs };
    return releaseDue({ ...ledger, published: new Map() }, invocation, { now: gates.clock.now() });
  };
  const stateOf = async (name: string) => {
    const [item] = await store.get([rows.state.key({ key: `${name}.event` })]);
    return item && rows.state.read(item);
  };
  /** `accepted`, a code, `parked at <place>`, or undefined for what was never decided. */
  const outcomeOf = async (name: string): Promise<string | undefined> => {
    const { decision, parked } = (await stateOf(name)) ?? {};
    return decision?.code ?? decision?.outcome ?? (parked && `parked at ${parked.awaits}`);
  };
  const headOf = async (stream: string) => {
    const [item] = await store.get([rows.head.key({ stream })]);
    return item && rows.head.read(item);
  };
  const records = () => Array.fromAsync(publishedDecisions<Turn>(objects, DECISIONS, 1));

  /**
   * What must hold whenever nothing is under way: the counts of the heads are those of the rows; nothing waits under an
   * open gate or for a decided original; each content that was put is decided once or waits once; S3 tells the heads.
   */
  const expectSound = async (): Promise<void> => {
    const items = await everything(store);
    const kind = (name: string) => items.filter(item => item.__edb_e__ === name);
    const parked = kind("parked").map(item => rows.parked.read(item));
    const heads = kind("head").map(item => rows.head.read(item));
    const registered = new Set(kind("request").map(({ PK }) => PK));
    for (const { stream, parkedCount, state } of heads) {
      const under = parked.filter(({ place }) => place === stream);
      expect({ stream, parkedCount }).toEqual({ stream, parkedCount: under.length });
      if (under.length > 0) expect({ stream, state }).toMatchObject({ stream, state: { isShut: true } });
    }
    const streams = new Set(heads.map(({ stream }) => stream));
    for (const { place, name } of parked) {
      expect({ place, name, isRegistered: registered.has(place) }).toMatchObject({ isRegistered: false });
      expect({ place, name, isKnown: streams.has(place) || place.startsWith("REQ#") }).toMatchObject({
        isKnown: true,
      });
    }
    const decided = await records();
    const identities = decided.map(({ key, digest }) => `${key} ${digest}`);
    const waiting = parked.map(({ observation, digest }) => `${observation.key} ${digest}`);
    expect([...identities, ...waiting].sort()).toEqual([...new Set([...identities, ...waiting])].sort());
    const put = kind("state").map(item => rows.state.read(item).key);
    for (const key of put)
      expect({ key, found: [...identities, ...waiting].some(each => each.startsWith(`${key} `)) }).toEqual({
        key,
        found: true,
      });
    const fold = await foldDecisions(turnstile, publishedDecisions<Turn>(objects, DECISIONS, 1));
    expect(fold.faults).toEqual([]);
    expect((await compareHeads(ledger, fold)).filter(({ isEqual }) => !isEqual)).toEqual([]);
    expect(heads.filter(({ stream }) => !fold.streams.has(stream))).toEqual([]);
  };
  return { ...gates, store, project, sweep, stateOf, outcomeOf, headOf, records, expectSound };
};

export type Parking = ReturnType<typeof openParking>;

/** A function over the same table and buckets whose way to S3 breaks between the commit of a decision and its publication. */
export const functionThatDies = (gates: Parking, dies: () => boolean) => {
  const objects = new Proxy(gates.objects, {
    get: (target, name: keyof ObjectStore) =>
      name === "put" && dies()
        ? () => Promise.reject(new Error("no way to S3"))
        : (target[name] as () => unknown).bind(target),
  });
  const project = async (body: string): Promise<readonly string[]> => {
    const ledger = { ...gates.ledger, objects, published: new Map<string, number>() };
    return [...(await projectBatch(ledger, [{ id: "m", body }], () => 10_000))];
  };
  return { project };
};
