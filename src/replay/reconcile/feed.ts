import pMap from "p-map";
import type { Topic } from "../../ports/messages.ts";
import type { Observation } from "../../tracking/observation.ts";
import { compareText } from "../../tracking/sequencer.ts";
import { syntheticNotification } from "../../tracking/synthetic-notification.ts";

/** Where what was found goes: the topics on which S3 would have told of it, so that every subscriber hears of it. */
export type FeedPlace = {
  readonly topic: Topic;
  /** Where S3 tells of new decisions: for those that were not placed. */
  readonly decided?: Topic | undefined;
  /** Of the buckets, as S3 names it. */
  readonly region: string;
};

export type Feed = {
  add(observation: Observation): Promise<void>;
  /** Publishes what is held back. */
  flush(): Promise<void>;
};

/** Records of one message: one that fails brings few others back, and a batch of ten messages is decided in seconds. */
const MESSAGE_RECORDS_MAX = 10;
/** Held back to be fed in the order of time; some 5 MB. */
const HELD_BACK_MAX = 10_000;
/** Messages under way at once: few, so that they arrive about in order. */
const MESSAGES_AT_ONCE = 4;

/**
 * Feeds observations to the live path in the order of their times, as far as they fit into memory: what was lost a day
 * ago is decided before what was lost an hour ago.
 *
 * Throws: what the topic throws; what was published until then stays so, and is found known or is fed again.
 */
export const createFeed = ({ topic, region }: FeedPlace): Feed => {
  let held: Observation[] = [];
  const flush = async (): Promise<void> => {
    const ordered = held.sort(
      (left, right) => compareText(left.time, right.time) || compareText(left.key, right.key),
    );
    held = [];
    const messages = Array.from({ length: Math.ceil(ordered.length / MESSAGE_RECORDS_MAX) }, (_, i) =>
      ordered.slice(i * MESSAGE_RECORDS_MAX, (i + 1) * MESSAGE_RECORDS_MAX),
    );
    await pMap(messages, records => topic.publish({ body: syntheticNotification(records, region) }), {
      concurrency: MESSAGES_AT_ONCE,
    });
  };
  return {
    add: async observation => {
      held.push(ownCopy(observation));
      if (held.length >= HELD_BACK_MAX) await flush();
    },
    flush,
  };
};

/** Without a share in the memory of the batch it was read in, which would be held as long as it is. */
export const ownCopy = (observation: Observation): Observation => JSON.parse(JSON.stringify(observation));

/** Feeds nobody: for a run that only looks. */
export const noFeed: Feed = { add: async () => {}, flush: async () => {} };
