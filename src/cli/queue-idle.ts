import { setTimeout as sleep } from "node:timers/promises";
import { findQueue } from "../aws/find-queue.ts";
import type { Queue } from "../ports/messages.ts";
import type { Connection } from "./connect.ts";
import { Refused } from "./output.ts";

const ASK_EVERY_MS = 100;
/** Ten minutes: a day of a story is a matter of seconds, and SQS's own figures lag a minute behind. */
const ASKS_MAX = 6_000;

const isEmpty = async (queue: Queue): Promise<boolean> => {
  const { visible, delayed, inFlight } = await queue.depth();
  return visible + delayed + inFlight === 0;
};

/** Each queue's function feeds the other's queue: what left the second may be in the first again, so it is asked twice. */
const areEmpty = async (queues: readonly Queue[]): Promise<boolean> => {
  for (const queue of [...queues, ...queues]) if (!(await isEmpty(queue))) return false;
  return true;
};

/**
 * For a cloud somebody else runs: a wait until its project and place queues show nothing visible, delayed or in
 * flight.
 */
export const queueIdle = async ({ app, clients, where }: Connection): Promise<() => Promise<void>> => {
  const { projectQueue, placeQueue } = app.config;
  const sqs = await clients.sqs();
  const queues = [await findQueue(sqs, placeQueue), await findQueue(sqs, projectQueue)];
  return async () => {
    for (let asked = 0; asked < ASKS_MAX; asked += 1) {
      if (await areEmpty(queues)) return;
      await sleep(ASK_EVERY_MS);
    }
    throw new Refused(
      `The queues ${projectQueue} and ${placeQueue} of ${where} did not run empty in ten minutes: are their consumers running?`,
    );
  };
};
