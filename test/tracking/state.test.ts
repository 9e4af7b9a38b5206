import { describe, expect, it } from "vitest";
import type { Observation } from "../../src/tracking/observation.ts";
import {
  type BucketRoles,
  type DecisionSummary,
  type Judgement,
  judgedState,
  type ObjectState,
  observedState,
} from "../../src/tracking/state.ts";
import { at, observation, permutations, rowsOf } from "./notation.ts";

const ROLES: BucketRoles = { requests: "new", archive: "archive", rejected: "rejected" };
const inNew = (token: string, given: Partial<Observation> = {}) =>
  observation(token, { bucket: "new", ...given });
const inArchive = (token: string, given: Partial<Observation> = {}) =>
  observation(token, { bucket: "archive", ...given });

const decision = (outcome: "accepted" | "refused"): DecisionSummary => ({
  digest: "d1",
  outcome,
  epoch: 1,
  decidedAt: at(100),
  legs: [{ stream: "s1", sequence: 7, hash: "h7" }],
});

const judged = (judgement: Judgement, previous?: ObjectState, seen = inNew("C1@v1")): ObjectState =>
  judgedState({ previous, observation: seen, judgement, roles: ROLES });

const observed = (observations: readonly Observation[], previous?: ObjectState): ObjectState | undefined =>
  observedState({ previous, key: "key", rows: rowsOf(observations), roles: ROLES });

const step = (state: ObjectState | undefined) => [state?.lifecycle, state?.nextAction, state?.since];

describe("the lifecycle of a request", () => {
  const accepted = judged({ decision: decision("accepted"), stream: "s1", date: 20260101, time: 1 });
  const refused = judged({ decision: decision("refused"), stream: "s1" });

  it("is received, and to be decided since S3 stored it", () => {
    expect(step(observed([inNew("C1@v1")]))).toEqual(["RECEIVED", "decide", at(1)]);
  });

  it("is parked since S3 stored it, then decided", () => {
    const parked = judged({ parked: { since: at(1), awaits: "REQ#a#1" }, stream: "s1" });
    expect(step(parked)).toEqual(["PARKED", "release", at(1)]);
    const decided = judged({ decision: decision("accepted"), stream: "s1" }, parked);
    expect(step(decided)).toEqual(["ACCEPTED", "place", at(100)]);
    expect(decided).not.toHaveProperty("parked");
    expect(decided.revision).toBe(2);
  });

  it("is accepted or refused, and to be placed", () => {
    expect(step(accepted)).toEqual(["ACCEPTED", "place", at(100)]);
    expect(step(refused)).toEqual(["REFUSED", "place", at(100)]);
    expect(accepted).toMatchObject({ processed: true, inEventBucket: true, stream: "s1", date: 20260101 });
  });

  it("ends in the archive, with or without its original", () => {
    const story = [inNew("C1@v1"), inArchive("C2@a1")];
    const placed = observed(story, accepted);
    expect(step(placed)).toEqual(["ARCHIVED", undefined, undefined]);
    expect(placed).toMatchObject({ inEventBucket: true, inArchiveBucket: true, inRejectedBucket: false });
    expect(placed?.location).toEqual({ bucket: "archive", key: "key", versionId: "a1" });
    const alone = observed([...story, inNew("X9@m")], placed);
    expect(alone).toMatchObject({ lifecycle: "ARCHIVED", inEventBucket: false, inArchiveBucket: true });
  });

  it("ends in the rejected bucket", () => {
    const rejected = observed([inNew("C1@v1"), observation("C2@r1", { bucket: "rejected" })], refused);
    expect(rejected).toMatchObject({ lifecycle: "REJECTED", inRejectedBucket: true, inArchiveBucket: false });
  });

  it("is restored from a cold class, and cold again", () => {
    const told = (kind: Observation["kind"], seconds: number) =>
      inArchive(`C~@a1+${seconds}`, { kind, event: kind });
    const story = [inNew("C1@v1"), inArchive("C2@a1"), told("restore-started", 3), told("restored", 4)];
    expect(observed(story.slice(0, 3), accepted)?.lifecycle).toBe("RESTORING");
    expect(observed(story, accepted)?.lifecycle).toBe("RESTORED");
    expect(observed([...story, told("restore-expired", 5)], accepted)?.lifecycle).toBe("ARCHIVED");
  });

  it("expires by lifecycle, and is gone by hand", () => {
    const story = [inNew("C1@v1"), inArchive("C2@a1")];
    const expired = inArchive("X3@m", { event: "LifecycleExpiration:DeleteMarkerCreated" });
    expect(observed([...story, expired], accepted)?.lifecycle).toBe("EXPIRED");
    expect(observed([...story, inArchive("X3@m")], accepted)?.lifecycle).toBe("GONE");
  });

  it("expires in the rejected bucket too", () => {
    const story = [inNew("C1@v1"), observation("C2@r1", { bucket: "rejected" })];
    const expired = observation("D3@r1", { bucket: "rejected", event: "LifecycleExpiration:Delete" });
    expect(step(observed([...story, expired], refused))).toEqual(["EXPIRED", undefined, undefined]);
  });

  it("deleted before it was placed, is gone and still to be placed", () => {
    expect(step(observed([inNew("C1@v1"), inNew("X2@m")], accepted))).toEqual(["GONE", "place", at(100)]);
  });

  it("deleted before it was decided, is gone", () => {
    expect(step(observed([inNew("C1@v1"), inNew("X2@m")]))).toEqual(["GONE", undefined, undefined]);
  });
});

describe("a judged state", () => {
  it("keeps what is known of later events in the same bucket", () => {
    const gone = observed([inNew("C1@v1"), inNew("X2@m")]);
    const decided = judged({ decision: decision("accepted") }, gone);
    expect(decided).toMatchObject({ lifecycle: "GONE", inEventBucket: false, processed: true });
  });

  it("is what a refresh finds, so that the refresh writes nothing", () => {
    const decided = judged({ decision: decision("accepted"), stream: "s1", date: 20260101, time: 1 });
    expect(observed([inNew("C1@v1")], decided)).toBe(decided);
  });

  it("tells when the key was first seen, whatever is judged", () => {
    const first = judged({}, undefined, inNew("C9@v2"));
    expect(judged({}, first, inNew("C3@v1")).observedAt).toBe(at(3));
    expect(judged({}, judged({}, undefined, inNew("C3@v1")), inNew("C9@v2")).observedAt).toBe(at(3));
  });
});

describe("an observed state", () => {
  it("keeps the judgement untouched", () => {
    const decided = judged({ decision: decision("accepted"), stream: "s1", date: 20260101, time: 235959 });
    const next = observed([inNew("C1@v1"), inArchive("C2@a1")], decided);
    expect(next).toMatchObject({
      decision: decided.decision,
      stream: "s1",
      date: 20260101,
      time: 235959,
      revision: 2,
    });
  });

  it("is the same for every order of the observations", () => {
    const story = [inNew("C1@v1"), inNew("X9@m"), inArchive("C2@a1"), inArchive("X5@m"), inArchive("D6@m")];
    const expected = observed(story);
    for (const order of permutations(story)) expect(observed(order)).toEqual(expected);
    expect(expected).toMatchObject({ lifecycle: "ARCHIVED", observedAt: at(1) });
  });

  it("is as old as the judgement that came before its rows", () => {
    const decided = judged({ decision: decision("refused") });
    expect(observed([inNew("C5@v2")], decided)).toMatchObject({ observedAt: at(1), lifecycle: "REFUSED" });
  });

  it("does not depend on whether the deletion was told before the creation", () => {
    const story = [inNew("C5@v1"), inNew("X3@m")];
    const inTurn = (order: readonly Observation[]) => observed(story, observed(order.slice(0, 1)));
    expect(inTurn([...story].reverse())).toMatchObject({ observedAt: at(3) });
    expect(observed(story)).toMatchObject({ observedAt: at(3) });
    expect(inTurn(story)).toMatchObject({ observedAt: at(3) });
  });

  it("is unknown without rows, and stays without news", () => {
    expect(observed([])).toBeUndefined();
    const decided = judged({ decision: decision("refused") });
    expect(observed([], decided)).toBe(decided);
  });

  it("an object in a bucket without a part changes no flag and calls for nothing", () => {
    const elsewhere = observed([observation("C1@v1", { bucket: "elsewhere" })]);
    expect(elsewhere).toMatchObject({ inEventBucket: false, inArchiveBucket: false, processed: false });
    expect(elsewhere).not.toHaveProperty("nextAction");
  });
});
