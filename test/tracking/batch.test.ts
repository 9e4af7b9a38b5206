import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOrder, orderBatch } from "../../src/tracking/batch.ts";
import { identityText } from "../../src/tracking/identity.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { observation } from "./notation.ts";

/**
 * Sequencers and times that disagree on purpose: the case in which a comparison of pairs is no order. Equal identities
 * have equal times, as copies of one event have.
 */
const batch: fc.Arbitrary<readonly Observation[]> = fc
  .tuple(
    fc.nat(100),
    fc.array(
      fc.record({
        key: fc.constantFrom("a", "b", "c"),
        bucket: fc.constantFrom("bucket", "other"),
        letter: fc.constantFrom("C", "D"),
        sequencer: fc.constantFrom("~", "1", "2", "FF", "100"),
        version: fc.constantFrom("", "@v1"),
      }),
      { minLength: 1, maxLength: 20 },
    ),
  )
  .map(([salt, all]) =>
    all.map(({ key, bucket, letter, sequencer, version }) => {
      const name = `${letter}${sequencer}${version}`;
      const seconds =
        [...`${key}${bucket}${name}`].reduce((sum, char) => sum * 31 + char.charCodeAt(0), salt) % 7;
      return observation(`${name}+${seconds}`, { key, bucket });
    }),
  );

describe("the order of a batch", () => {
  it("is total: any three are ordered, one way, transitively", () => {
    fc.assert(
      fc.property(batch, fc.nat(), fc.nat(), fc.nat(), (observations, i, j, k) => {
        const order = batchOrder(observations);
        const pick = (index: number) => observations[index % observations.length] as Observation;
        const [a, b, c] = [pick(i), pick(j), pick(k)];
        expect(Math.sign(order(a, b))).toBe(-Math.sign(order(b, a)) + 0);
        expect(order(a, b) === 0).toBe(identityText(a) === identityText(b));
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 5000 },
    );
  });

  it("is the same whatever order the observations came in", () => {
    const shuffled = batch.chain(given =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray([...given], { minLength: given.length })),
    );
    fc.assert(
      fc.property(shuffled, ([given, other]) => {
        const names = (observations: readonly Observation[]) =>
          orderBatch(observations).map(({ observation: seen, copies }) => `${identityText(seen)} ${copies}`);
        const first = names(given);
        expect(new Set(first).size).toBe(first.length);
        expect(names(other)).toEqual(first);
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps the sequencers of one object ascending, and its observations together", () => {
    fc.assert(
      fc.property(batch, observations => {
        const ordered = orderBatch(observations).map(counted => counted.observation);
        const objects = ordered.map(({ bucket, key }) => `${bucket}/${key}`);
        const runs = objects.filter((object, index) => object !== objects[index - 1]);
        expect(new Set(runs).size).toBe(runs.length);
        for (const object of runs) {
          const sequencers = ordered
            .filter(({ bucket, key }) => `${bucket}/${key}` === object)
            .map(({ sequencer }) => sequencer ?? "");
          expect([...sequencers].sort()).toEqual(sequencers);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("puts objects in the order of their earliest time", () => {
    const given = [
      observation("C1+5", { key: "late" }),
      observation("C9+1", { key: "early" }),
      observation("C3+9", { key: "early" }),
    ];
    expect(orderBatch(given).map(({ observation: { key, time } }) => `${key} ${time.slice(17, 19)}`)).toEqual(
      ["early 09", "early 01", "late 05"],
    );
  });

  it("counts copies, and the same event from both channels is one", () => {
    const event = observation("C617f08299329d189@v1+1", { eTag: "e" });
    expect(orderBatch([event, { ...event }, event])).toEqual([{ observation: event, copies: 3 }]);
  });

  it("keeps the facts of all copies, whichever came first", () => {
    const viaQueue = observation("CAB@v1+1", { eTag: "e" });
    const viaBus = observation("C00ab@v1+1", { sizeBytes: 7 });
    expect(orderBatch([viaBus, viaQueue])[0]?.observation).toEqual({ ...viaQueue, sizeBytes: 7 });
    expect(orderBatch([viaQueue, viaBus])).toEqual(orderBatch([viaBus, viaQueue]));
  });
});
