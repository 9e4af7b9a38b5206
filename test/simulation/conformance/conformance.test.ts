import "../calm-zlib.ts";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { FIRST_TABLE, type World } from "../world.ts";
import { callsOfHistory, callsOfSession, conformCalls, conformingDynamoDb } from "./history.ts";

// A hundred histories and more: `npm run simulate -- --conformance 100`.

const SEED = 5_000_001;
const SESSION_CALLS = 60;

let dynamodb: DynamoDBClient;
beforeAll(() => {
  dynamodb = conformingDynamoDb(inject("dynamodb").endpoint);
});
afterAll(() => dynamodb.destroy());

describe("the calls of a history, made again of DynamoDB Local and over the wire", () => {
  it(`get the answers the models gave: seed ${SEED}`, async () => {
    const { calls, differences } = await conformCalls(await callsOfHistory(SEED), dynamodb);
    expect(differences).toEqual([]);
    expect(calls).toBeGreaterThan(200);
  });
});

/** Models that are wrong in one thing, and what is to be said of it. */
const BROKEN: readonly (readonly [what: string, breaks: (world: World) => void, said: RegExp])[] = [
  [
    "a page that is one item short",
    ({ storeOf }) => {
      const store = storeOf(FIRST_TABLE);
      const query = store.query.bind(store);
      store.query = async asked => {
        const { items, ...rest } = await query(asked);
        return { items: items.slice(0, -1), ...rest };
      };
    },
    /^query\.items\./,
  ],
  [
    "a cancellation laid to the wrong write",
    ({ storeOf }) => {
      const store = storeOf(FIRST_TABLE);
      const transact = store.transact.bind(store);
      store.transact = async writes => {
        const answer = await transact(writes);
        return answer.outcome === "refused" ? { ...answer, failed: [writes.length - 1] } : answer;
      };
    },
    /^transact: .*"None","ConditionalCheckFailed"/,
  ],
  [
    "messages hidden a second too long",
    ({ sqs, topology }) => {
      const queue = sqs.state.queues.get(topology.queues.project.name);
      if (queue) queue.settings = { ...queue.settings, visibilityTimeoutMs: 9_000 };
    },
    /^depth\.visible: |^receive\.0: nothing, not |not asked for|handed out/,
  ],
];

describe("a model that is broken", () => {
  it("is none: the same calls of sound models get equal answers", async () => {
    const { differences } = await conformCalls(await callsOfSession(1, SESSION_CALLS), dynamodb);
    expect(differences).toEqual([]);
  });
  for (const [what, breaks, said] of BROKEN)
    it(`is found out: ${what}`, async () => {
      const { differences } = await conformCalls(await callsOfSession(1, SESSION_CALLS, breaks), dynamodb);
      expect(differences[0]?.what).toMatch(said);
    });
});
