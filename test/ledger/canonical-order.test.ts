import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, inCanonicalOrder, independentGroups } from "../../src/ledger/canonical-order.ts";

type Facts = {
  readonly key: string;
  readonly at: number;
  readonly second: number;
  readonly sequencer: number;
};

const candidate = (
  { key, at, second, sequencer }: Facts,
  streams: readonly string[] = [],
): Candidate<object> => ({
  found: {
    seen: {
      source: "notification",
      bucket: "b",
      key,
      versionId: `v${sequencer}`,
      kind: "created",
      sequencer: String(sequencer).padStart(4, "0"),
      time: new Date(second * 1000).toISOString(),
      event: "ObjectCreated:Put",
    },
    bytes: undefined,
    sizeBytes: 0,
    digest: `${key}${sequencer}`,
  },
  parsed: { valid: true, request: {}, streams, timestamp: at },
});

const facts: fc.Arbitrary<Facts> = fc.record({
  key: fc.constantFrom("a", "b", "c"),
  at: fc.nat(3),
  second: fc.nat(3),
  sequencer: fc.nat(99),
});
const batch = fc.uniqueArray(facts, { maxLength: 8, selector: each => `${each.key}${each.sequencer}` });
const names = (candidates: readonly Candidate<object>[]) => candidates.map(({ found }) => found.digest);

describe("canonical order", () => {
  it("goes by business time, then S3's time, then key", () => {
    const order = inCanonicalOrder([
      candidate({ key: "b", at: 2, second: 1, sequencer: 1 }),
      candidate({ key: "a", at: 2, second: 1, sequencer: 1 }),
      candidate({ key: "c", at: 2, second: 0, sequencer: 1 }),
      candidate({ key: "z", at: 1, second: 9, sequencer: 1 }),
    ]);
    expect(names(order)).toEqual(["z1", "c1", "a1", "b1"]);
  });

  it("keeps the contents of one key in the order of their storing, whatever times they claim", () => {
    const first = candidate({ key: "a", at: 9, second: 1, sequencer: 1 });
    const second = candidate({ key: "a", at: 0, second: 2, sequencer: 2 });
    expect(names(inCanonicalOrder([second, first]))).toEqual(["a1", "a2"]);
  });

  it("is the same for every order of arrival", () => {
    fc.assert(
      fc.property(
        batch.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          const order = (each: readonly Facts[]) => names(inCanonicalOrder(each.map(one => candidate(one))));
          expect(order(shuffled)).toEqual(order(all));
        },
      ),
    );
  });
});

describe("independent groups", () => {
  const streams = fc.uniqueArray(fc.constantFrom("s1", "s2", "s3", "s4", "s5", "s6"), { maxLength: 2 });

  it("puts every candidate into exactly one group, and what shares a stream or a key into the same", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(facts, streams), { maxLength: 10 }), drafts => {
        const all = drafts.map(([one, itsStreams]) => candidate(one, itsStreams));
        const groups = independentGroups(all);
        expect(groups.flat().length).toBe(all.length);
        const tiesOf = (group: readonly Candidate<object>[]) =>
          new Set(group.flatMap(({ found, parsed }) => [`key ${found.seen.key}`, ...parsed.streams]));
        for (const [i, group] of groups.entries())
          for (const other of groups.slice(i + 1))
            expect([...tiesOf(group)].filter(tie => tiesOf(other).has(tie))).toEqual([]);
      }),
    );
  });

  it("keeps apart what shares nothing", () => {
    const all = [1, 2, 3].map(n => candidate({ key: `k${n}`, at: n, second: 0, sequencer: n }, [`s${n}`]));
    expect(independentGroups(all).length).toBe(3);
  });
});
