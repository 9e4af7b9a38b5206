import fc from "fast-check";
import { expect, it } from "vitest";
import { randomInteger, seededRandom } from "../../src/local/seeded-random.ts";
import type { Random } from "../../src/ports/random.ts";
import type { Store, WriteOutcome } from "../../src/table/store.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { GATE_TABLE } from "../support/gates.ts";
import { freshTable } from "../support/tables.ts";
import { observationsOf, story, type Told, tell, WRITERS_MAX } from "./concurrent-stories.ts";
import { consume, expectTruth, keptInSequence, keptOf } from "./concurrent-writers.ts";

/** `HISTORIES=500` is the full number, which CI runs. */
const HISTORIES = Number(process.env.HISTORIES ?? 60);
/** Told by the same writers, in batches that mix their keys. */
const STORIES_TOGETHER = 2;
/** Writers of different groups share the table, no keys. */
const GROUPS_AT_ONCE = 5;
/** As a queue hands over. */
const BATCH_MAX = 10;
/** As many calls as a batch takes: long enough to be overtaken from its beginning to its end. */
const LINGER_READS_MAX = 12;

/**
 * The same store for one writer, who lingers before some calls, as long as a few reads take: writers that are equally
 * fast go in step, and none of them is ever overtaken. Every write that met another is counted.
 */
const lingering = (store: Store, random: Random, met: { refused: number }): Store => {
  const linger = async (oneIn: number): Promise<void> => {
    const reads = randomInteger(random, oneIn) === 0 ? randomInteger(random, LINGER_READS_MAX) : 0;
    for (let read = 0; read < reads; read += 1) await store.get([{ PK: "nothing", SK: "here" }]);
  };
  const write = async (perform: () => Promise<WriteOutcome>): Promise<WriteOutcome> => {
    await linger(2);
    const written = await perform();
    if (written.outcome === "refused") met.refused += 1;
    return written;
  };
  return {
    get: keys => linger(6).then(() => store.get(keys)),
    query: query => linger(6).then(() => store.query(query)),
    scan: request => store.scan(request),
    write: given => write(() => store.write(given)),
    transact: given => write(() => store.transact(given)),
    putAll: items => write(() => store.putAll(items)),
  };
};

const group = fc.record({
  stories: fc.array(story, { minLength: STORIES_TOGETHER, maxLength: STORIES_TOGETHER }),
  writers: fc.integer({ min: 2, max: WRITERS_MAX }),
  /** Sizes of batches, in turn: mostly small, so that there are many. */
  sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: BATCH_MAX })), {
    minLength: 1,
    maxLength: 4,
  }),
  seed: fc.nat(1_000_000),
});

type Group = typeof group extends fc.Arbitrary<infer T> ? T : never;

/** A writer's share of all stories, in the order of arrival, cut into batches. */
const batchesOf = (told: readonly Told[], writer: number, sizes: readonly number[]) => {
  const share = told
    .flatMap(({ deliveries }) => deliveries.filter(each => each.writer === writer))
    .sort((left, right) => left.rank - right.rank);
  const batches: Observation[][] = [];
  for (let at = 0; at < share.length; at += batches.at(-1)?.length ?? 1) {
    const size = sizes[batches.length % sizes.length] ?? 1;
    batches.push(share.slice(at, at + size).map(({ observation }) => observation));
  }
  return batches;
};

it(`${HISTORIES} histories told to concurrent writers end on DynamoDB Local as S3 has them`, async () => {
  const table = await freshTable(GATE_TABLE);
  const met = { refused: 0 };
  let groups = 0;
  const play = async ({ stories, writers, sizes, seed }: Group): Promise<void> => {
    groups += 1;
    const name = `group ${groups}/ü+`;
    const random = seededRandom(seed);
    const told = stories.map((each, nth) => tell(each, `${name}${nth}.event`, writers));
    await Promise.all(
      Array.from({ length: writers }, (_, writer) =>
        consume(lingering(table, random, met), batchesOf(told, writer, sizes)),
      ),
    );
    for (const each of told) {
      const kept = await keptOf(table, each.key);
      expectTruth(kept, each);
      expect(kept).toEqual(await keptInSequence(each.key, observationsOf(each)));
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.array(group, { minLength: GROUPS_AT_ONCE, maxLength: GROUPS_AT_ONCE }), async all => {
      await Promise.all(all.map(play));
    }),
    { numRuns: Math.ceil(HISTORIES / STORIES_TOGETHER / GROUPS_AT_ONCE), endOnFailure: true },
  );
  // Else the writers never met, and nothing was shown.
  expect(met.refused).toBeGreaterThan(HISTORIES / 4);
}, 600_000);
