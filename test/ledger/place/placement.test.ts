import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DecisionRecord } from "../../../src/ledger/domain.ts";
import { CHAIN_NAMES } from "../../../src/ledger/place/chain-metadata.ts";
import { encoded, isOfDecision, isOfRequest, placementOf } from "../../../src/ledger/place/placement.ts";
import { readPlacement } from "../../../src/ledger/place/read-placement.ts";
import { placedTags } from "../../../src/ledger/place/tag-source.ts";
import type { ObjectFacts } from "../../../src/ports/object-store.ts";

const ROLES = { requests: "new-events", archive: "archive", rejected: "rejected" };
const DIGEST = "d".repeat(64);

const recordOf = (given: Partial<DecisionRecord>): DecisionRecord => ({
  key: "coin_a.event",
  digest: DIGEST,
  outcome: "accepted",
  facts: {},
  rules: "1",
  settings: {},
  epoch: 1,
  decidedAt: "2026-03-02T09:00:00.000Z",
  legs: [{ stream: "g1", sequence: 7, prevHash: "", hash: "", change: {}, after: {} }],
  source: {
    bucket: "new-events",
    versionId: "v",
    sequencer: "0a",
    eventTime: "2026-03-02T08:59:59.000Z",
    sizeBytes: 2,
  },
  text: "{}",
  ...given,
});

/** A legal S3 key: up to 1,024 bytes of any characters. */
const s3Key = fc
  .string({ unit: "binary", minLength: 1, maxLength: 1_024 })
  .filter(key => key.isWellFormed() && Buffer.byteLength(key) <= 1_024);

const record = fc
  .record({
    key: s3Key,
    outcome: fc.constantFrom("accepted" as const, "refused" as const),
    code: fc.string({ maxLength: 80 }),
    streams: fc.array(fc.string({ unit: "binary", maxLength: 500 }), { minLength: 1, maxLength: 90 }),
    versionId: fc.string({ minLength: 512, maxLength: 512 }).map(() => "v".repeat(512)),
    sequencer: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 1, maxLength: 90 }),
    reused: fc.boolean(),
  })
  .map(({ key, outcome, code, streams, versionId, sequencer, reused }) =>
    recordOf({
      key,
      outcome,
      ...(outcome === "refused" ? { code } : {}),
      ...(reused ? { reused: true } : {}),
      legs: streams.map((stream, i) => ({
        stream,
        sequence: i + 1,
        prevHash: "",
        hash: "",
        change: {},
        after: {},
      })),
      source: {
        bucket: "b".repeat(63),
        versionId,
        sequencer,
        eventTime: "2026-03-02T08:59:59.000Z",
        sizeBytes: 2,
      },
    }),
  );

const RUNS = 200 * Number(process.env.RUNS ?? 1);

describe("the plan of a placement", () => {
  it("sends what was accepted to the archive and what was refused to the rejected bucket, under its own key", () => {
    const accepted = placementOf(recordOf({}), ROLES);
    expect([accepted.bucket, accepted.names]).toEqual([
      "archive",
      ["coin_a.event", `coin_a.event~${DIGEST}`],
    ]);
    expect(accepted.source).toEqual({ bucket: "new-events", key: "coin_a.event", versionId: "v" });
    expect(placementOf(recordOf({ outcome: "refused", code: "LOCKED" }), ROLES).bucket).toBe("rejected");
  });

  it("gives other content of a used key only the name with its digest", () => {
    const reused = placementOf(recordOf({ outcome: "refused", code: "KEY_REUSED", reused: true }), ROLES);
    expect(reused.names).toEqual([`coin_a.event~${DIGEST}`]);
  });

  it("never means whatever is current: without a version it is the null version", () => {
    const { versionId: _, ...source } = recordOf({}).source;
    expect(placementOf(recordOf({ source }), ROLES).source.versionId).toBe("null");
  });

  it("writes the decision into the metadata", () => {
    const legs = [1, 2].map(n => ({
      stream: `g${n}`,
      sequence: n,
      prevHash: "",
      hash: "",
      change: {},
      after: {},
    }));
    const whole = recordOf({ key: "ä b.event", outcome: "refused", code: "LOCKED", legs });
    const { metadata } = placementOf(whole, ROLES);
    expect(metadata).toEqual({
      "request-key": "%C3%A4%20b.event",
      digest: DIGEST,
      outcome: "refused",
      code: "LOCKED",
      epoch: "1",
      legs: "g1:1,g2:2",
      "source-bucket": "new-events",
      "source-version": "v",
      "source-sequencer": "0a",
      "event-time": "2026-03-02T08:59:59.000Z",
      "decided-at": "2026-03-02T09:00:00.000Z",
      record: createHash("sha256").update(JSON.stringify(whole)).digest("hex"),
      prev: ",",
      rules: "1",
      settings: "%7B%7D",
    });
  });

  it("tells what an accepted request changed, and less of all that where there is no room", () => {
    const { metadata } = placementOf(recordOf({}), ROLES);
    expect(metadata.changes).toBe("%5B%7B%7D%5D");
    const settings = { folder: "f".repeat(1_700) };
    const { metadata: full } = placementOf(recordOf({ settings }), ROLES);
    expect(Object.keys(full).filter(name => CHAIN_NAMES.some(each => each === name))).toEqual([
      "record",
      "prev",
      "changes",
    ]);
  });

  it("knows a copy that was placed before it told so much", () => {
    const placement = placementOf(recordOf({}), ROLES);
    const { record: _, prev: __, rules: ___, settings: ____, changes: _____, ...older } = placement.metadata;
    expect(isOfDecision(placement, older)).toBe(true);
    expect(isOfDecision(placement, { ...older, record: "made again otherwise" })).toBe(true);
    expect(isOfDecision(placement, { ...older, foreign: "x" })).toBe(false);
  });

  it(`is read back as it was written (${RUNS} runs)`, () => {
    fc.assert(
      fc.property(record, each => {
        const { bucket, names, metadata } = placementOf(each, ROLES);
        const [key = ""] = names;
        const facts = {
          bucket,
          key,
          metadata,
          eTag: "e",
          sizeBytes: 2,
          lastModified: "",
          storageClass: "STANDARD",
        };
        const read = readPlacement(facts as ObjectFacts);
        const isCut =
          encoded(each.code ?? "").length > 64 ||
          each.legs.some(({ stream }) => stream === "") ||
          each.legs.map(({ stream, sequence }) => `${encoded(stream)}:${sequence}`).join().length > 400;
        if ("reason" in read) {
          expect(isCut, read.reason).toBe(true);
          return;
        }
        const { code, outcome, digest, epoch, decidedAt } = each;
        expect(read).toMatchObject({ key: each.key, outcome, digest, epoch, decidedAt });
        expect(read.code).toBe(code);
        expect(read.legs).toEqual(each.legs.map(({ stream, sequence }) => ({ stream, sequence })));
      }),
      { numRuns: RUNS },
    );
  });

  it(`keeps within S3's limits for keys, headers and metadata, whatever the request (${RUNS} runs)`, () => {
    fc.assert(
      fc.property(record, each => {
        const { names, metadata } = placementOf(each, ROLES);
        for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(1_024);
        const texts = Object.entries(metadata).flat();
        expect(texts.filter(text => !/^[\x21-\x7e]+$/.test(text) && text !== "")).toEqual([]);
        expect(Buffer.byteLength(texts.join(""))).toBeLessThanOrEqual(2_048);
      }),
      { numRuns: RUNS },
    );
  });

  it(`knows its own copies and no others (${RUNS} runs)`, () => {
    fc.assert(
      fc.property(record, s3Key, (each, otherKey) => {
        const placement = placementOf(each, ROLES);
        const { metadata } = placement;
        expect(isOfDecision(placement, { ...metadata, rebuilt: "true" })).toBe(true);
        expect(isOfRequest(placement, metadata)).toBe(true);
        expect(isOfDecision(placement, { ...metadata, epoch: "2" })).toBe(false);
        expect(isOfRequest(placement, { ...metadata, digest: "e".repeat(64) })).toBe(false);
        expect(isOfRequest(placement, {})).toBe(false);
        if (otherKey !== each.key)
          expect(isOfRequest(placementOf({ ...each, key: otherKey }, ROLES), metadata)).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("the tags of a placed source", () => {
  it("are those it had and ours; of ten, one makes room", () => {
    expect(placedTags({ team: "x" })).toEqual({ team: "x", daybook: "placed" });
    expect(placedTags({ daybook: "other" })).toEqual({ daybook: "placed" });
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`t${i}`, "v"]));
    expect(Object.keys(placedTags(ten))).toHaveLength(10);
    expect(placedTags(ten)).toMatchObject({ t0: "v", daybook: "placed" });
  });
});
