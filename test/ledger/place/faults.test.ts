import type { SQSRecord } from "aws-lambda";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tableRows } from "../../../src/app.ts";
import type { DecisionRecord } from "../../../src/ledger/domain.ts";
import { randomInteger, seededRandom } from "../../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { Random } from "../../../src/ports/random.ts";
import { history, putsOf } from "../../support/random-requests.ts";
import { DAY_MS, expectedCopies, openPlace, type PlaceBench, placedCopies } from "./open-place.ts";

/** 300 with `RUNS=10`. */
const RUNS = 30 * Number(process.env.RUNS ?? 1);
const FAULT_RATE = 0.1;
/** Rounds with faults and interference; whatever is not through after as many calm ones never will be. */
const ROUNDS_MAX = 30;
/** Place functions at the same time. */
const HANDS = 3;

class Trouble extends Error {
  override readonly name = "Trouble";
}

/** Calls that die before or after their effect: the function ends there, its message comes again. */
const faulty =
  (random: Random, isOn: () => boolean) =>
  (objects: ObjectStore): ObjectStore => {
    const trouble = (): void => {
      if (isOn() && random.next() < FAULT_RATE) throw new Trouble("the connection broke");
    };
    return new Proxy(objects, {
      get: (target, name: keyof ObjectStore) => {
        const call = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          trouble();
          const answer = await call(...args);
          trouble();
          return answer;
        };
      },
    });
  };

/** What people, and a lifecycle that comes early, do to sources that are decided and perhaps not placed. */
const interfere = async (bench: PlaceBench, keys: readonly string[], random: Random): Promise<void> => {
  const { objects } = bench.cloud;
  const key = keys[randomInteger(random, keys.length)] ?? "";
  const address = { bucket: "new-events", key };
  const draw = random.next();
  if (draw < 0.3) await objects.delete(address);
  else if (draw < 0.6) {
    const { versions } = await objects.listVersions({ bucket: "new-events", prefix: key });
    const version = versions[randomInteger(random, versions.length)];
    if (version) await objects.delete({ ...address, key: version.key, versionId: version.versionId });
  } else bench.advance(randomInteger(random, 4) * DAY_MS);
};

/** Sources that bear the tag while their copy is not in its place: a lifecycle could remove the last of them. */
const taggedTooSoon = async (
  { cloud: { objects } }: PlaceBench,
  records: readonly DecisionRecord[],
): Promise<readonly string[]> => {
  const placed = await placedCopies(objects);
  const unplaced = records.filter(
    record => ![...expectedCopies([record]).keys()].every(name => placed.has(name)),
  );
  const tags = await Promise.all(
    unplaced.map(({ key, source }) =>
      objects.getTags({ bucket: "new-events", key, versionId: source.versionId }),
    ),
  );
  return unplaced.filter((_, i) => tags[i]?.daybook !== undefined).map(({ key }) => key);
};

const headsOf = (bench: PlaceBench): string =>
  JSON.stringify(bench.store.snapshot().filter(({ SK }) => SK === "ACCOUNT" || SK.startsWith("LINE#")));

/** Hands each message to one of the functions, some of them twice. Returns: those that must come again. */
const deliver = async (
  bench: PlaceBench,
  messages: readonly SQSRecord[],
  random: Random,
): Promise<readonly SQSRecord[]> => {
  const hands: SQSRecord[][] = Array.from({ length: HANDS }, () => []);
  for (const message of messages) {
    hands[randomInteger(random, HANDS)]?.push(message);
    if (random.next() < 0.2) hands[randomInteger(random, HANDS)]?.push(message);
  }
  const failed = await Promise.all(
    hands.map(async batch => {
      try {
        return await bench.place(...batch);
      } catch (error) {
        if (error instanceof Trouble) return batch;
        throw error;
      }
    }),
  );
  return [...new Set(failed.flat())].sort(() => random.next() - 0.5);
};

describe("placing with faults at every step, while sources are deleted and lifecycles run early", () => {
  it(`ends as if nothing had happened (${RUNS} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(1e6), async (drafts, seed) => {
        const random = seededRandom(seed);
        let isOn = false;
        const bench = await openPlace({
          seed,
          placeObjects: faulty(random, () => isOn),
          hook: async () => {
            if (isOn && random.next() < FAULT_RATE / 2) throw new Trouble("the table is away");
            return undefined;
          },
        });
        for (const { key, body } of putsOf(drafts)) await bench.put(key, body);
        await bench.projectAll();
        const records = await bench.records();
        const keys = [...new Set(records.map(({ key }) => key))];
        const before = headsOf(bench);

        let left: readonly SQSRecord[] = bench.decided();
        isOn = true;
        for (let round = 0; left.length > 0; round += 1) {
          if (round === ROUNDS_MAX) throw new Error(`${left.length} messages are never through`);
          if (round === ROUNDS_MAX / 2) isOn = false;
          if (isOn) await interfere(bench, keys, random);
          left = await deliver(bench, left, random);
          expect(await taggedTooSoon(bench, records)).toEqual([]);
        }
        isOn = false;

        expect(await placedCopies(bench.cloud.objects)).toEqual(expectedCopies(records));
        expect(headsOf(bench)).toBe(before);
        const announced = bench.announcements().map(body => JSON.parse(body).idempotencyKey as string);
        const paid = records.filter(
          ({ key, outcome }) => outcome === "accepted" && key.startsWith("outgoing_payment_unverified_"),
        );
        expect([...new Set(announced)].sort()).toEqual(paid.map(({ key }) => key).sort());

        bench.advance(3 * DAY_MS);
        await bench.projectAll();
        // What is parked stays, however old; what is placed has left.
        const puts = new Set(putsOf(drafts).map(({ key }) => key));
        const stays = [...puts].filter(key => !keys.includes(key)).sort();
        expect([...(await bench.contents("new-events")).keys()].sort()).toEqual(stays);
        for (const key of keys) {
          const [item] = await bench.store.get([tableRows.state.key({ key })]);
          const state = item && tableRows.state.read(item);
          expect(state?.nextAction, key).toBeUndefined();
          expect([state?.inArchiveBucket, state?.inRejectedBucket, state?.inEventBucket], key).toEqual([
            state?.decision?.outcome === "accepted",
            state?.decision?.outcome === "refused",
            false,
          ]);
        }
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});
