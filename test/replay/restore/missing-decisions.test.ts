import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { ManifestLine } from "../../../src/replay/manifest/manifest.ts";
import { sealManifest } from "../../../src/replay/manifest/seal-manifest.ts";
import { missingDecisions } from "../../../src/replay/restore/missing-decisions.ts";
import { DECISIONS, GATE_TABLE, openGates } from "../../support/gates.ts";

const SEALED_AT = "2026-01-05T09:00:00.000Z";
const lineOf = (name: string): ManifestLine => ({
  ...{ name, sha256: "", key: name, digest: "", outcome: "accepted", decidedAt: SEALED_AT, legs: [] },
});

/** A listing in small pages, and how many requests were made. */
const inPages = (objects: ObjectStore, limit: number) => {
  const counted = { requests: 0 };
  const wrapped = new Proxy(objects, {
    get: (target, name: keyof ObjectStore) => {
      if (name !== "list" && name !== "head") return target[name].bind(target);
      return (request: object) => {
        counted.requests += 1;
        return Reflect.apply(target[name], target, [name === "list" ? { ...request, limit } : request]);
      };
    },
  });
  return { wrapped, counted };
};

const epochOf = (sealed: number, count: number) =>
  fc
    .array(
      fc.record({
        name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
        isThere: fc.boolean(),
        isWanted: fc.boolean(),
      }),
      { maxLength: count },
    )
    .map(all => {
      const byName = new Map(all.map(each => [`dec/00000${sealed}/${each.name}`, each]));
      return [...byName].map(([name, each]) => ({ ...each, name }));
    });

test("names what is sealed, wanted and not there, whatever the pages are, in few requests", async () => {
  await fc.assert(
    fc.asyncProperty(
      epochOf(1, 40),
      epochOf(2, 40),
      fc.integer({ min: 1, max: 7 }),
      async (one, two, limit) => {
        const { objects } = openGates(new MemoryStore(GATE_TABLE));
        const place = { objects, bucket: DECISIONS };
        for (const { name, isThere } of [...one, ...two])
          if (isThere) await objects.put({ bucket: DECISIONS, key: name, body: "{}" });
        for (const [at, decisions] of [one, two].entries()) {
          const facts = { epoch: at + 2, sealed: at + 1, sealedAt: SEALED_AT, void: [] };
          await sealManifest(
            place,
            facts,
            decisions.map(({ name }) => lineOf(name)),
          );
        }
        const wanted = new Set([...one, ...two].filter(({ isWanted }) => isWanted).map(({ name }) => name));
        const { wrapped, counted } = inPages(objects, limit);
        const plan = { epoch: 4, sealed: 3 };
        const missing = missingDecisions({ ...place, objects: wrapped }, plan, ({ name }) =>
          wanted.has(name),
        );
        const names = (await Array.fromAsync(missing)).map(({ name }) => name);
        const expected = [...one, ...two].filter(({ isWanted, isThere }) => isWanted && !isThere);
        expect(names.toSorted()).toEqual(expected.map(({ name }) => name).toSorted());
        const there = [...one, ...two].filter(({ isThere }) => isThere).length;
        expect(counted.requests).toBeLessThanOrEqual(
          2 * Math.min(wanted.size, Math.ceil(there / limit) * 2 + 2),
        );
      },
    ),
    { numRuns: 40 * Number(process.env.RUNS ?? 1) },
  );
});

test("looks also at what a restore sealed that was cut off afterwards", async () => {
  const { objects } = openGates(new MemoryStore(GATE_TABLE));
  const place = { objects, bucket: DECISIONS };
  const facts = { epoch: 2, sealed: 1, sealedAt: SEALED_AT, void: [] };
  await sealManifest(place, facts, [lineOf("dec/000001/a.event")]);
  const missing = missingDecisions(place, { epoch: 2, sealed: 1 }, () => true);
  expect(await Array.fromAsync(missing)).toEqual([lineOf("dec/000001/a.event")]);
});
