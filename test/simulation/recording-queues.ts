import type { Chaos } from "../../src/local/chaos/chaos.ts";
import { type Publication, publish, type Sns } from "../../src/local/sns/sns.ts";
import { startMoveTask } from "../../src/local/sqs/move-task.ts";
import {
  changeVisibility,
  deleteMessage,
  type NewMessage,
  queueDepth,
  type Received,
  receiveMessages,
  type Sqs,
  sendMessage,
} from "../../src/local/sqs/sqs.ts";
import { noted, type Recorder } from "./recording.ts";

type Receive = { readonly max: number; readonly visibilityTimeoutMs?: number | undefined };

/** A message as every receive shows it, here and over the wire. */
export type Shown = {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  readonly receiveCount: number;
  readonly sentMs: number;
  readonly firstReceivedMs: number;
  readonly attributes: unknown;
};

const shown = (messages: readonly Received[]): readonly Shown[] =>
  messages.map(
    ({ messageId, receiptHandle: receipt, body, receiveCount, sentMs, firstReceivedMs, attributes }) => ({
      ...{ messageId, receipt, body, receiveCount, sentMs, firstReceivedMs, attributes },
    }),
  );

/** The calls of queues and topics, noted where there is a recorder. After each receive the queue's depth is asked, too. */
export const recordedQueues = (sqs: Sqs, sns: Sns, recorder: Recorder | undefined) => {
  const depth = (queue: string) => noted(recorder, ["sqs", "depth", queue], () => queueDepth(sqs, queue));
  return {
    receive: (queue: string, request: Receive): readonly Received[] => {
      if (recorder !== undefined) receivingFrom.set(sqs.chaos, queue);
      const messages = noted(
        recorder,
        ["sqs", "receive", queue, request],
        () => receiveMessages(sqs, queue, request),
        shown,
      );
      if (recorder !== undefined) depth(queue);
      return messages;
    },
    remove: (queue: string, receipt: string): void =>
      noted(recorder, ["sqs", "remove", queue, { receipt }], () => deleteMessage(sqs, queue, receipt)),
    hide: (queue: string, receipt: string, visibilityTimeoutMs: number): void =>
      noted(recorder, ["sqs", "hide", queue, { receipt }, visibilityTimeoutMs], () =>
        changeVisibility(sqs, queue, { receiptHandle: receipt, visibilityTimeoutMs }),
      ),
    send: (queue: string, message: NewMessage): unknown =>
      noted(
        recorder,
        ["sqs", "send", queue, message],
        () => sendMessage(sqs, queue, message),
        ({ messageId }) => ({ messageId }),
      ),
    redrive: (sourceArn: string): number =>
      noted(recorder, ["sqs", "redrive", sourceArn], () => startMoveTask(sqs, { sourceArn }).moved),
    publish: (topicArn: string, { message, subject }: Publication): void =>
      void noted(
        recorder,
        ["sns", "publish", topicArn, { body: message, subject }],
        () => publish(sns, topicArn, { message, subject }),
        messageId => ({ messageId }),
      ),
  };
};

export type RecordedQueues = ReturnType<typeof recordedQueues>;

/** From which queue a cloud's messages are being handed out. */
const receivingFrom = new WeakMap<Chaos, string>();

/**
 * Notes what chaos decides, as of `chaos`: the delays of each copy on its way to a queue, whether a message handed out
 * comes again, and which message is handed out, by its place in the order of sending.
 */
export const recordChaos = (chaos: Chaos, recorder: Recorder | undefined, sqs: () => Sqs): void => {
  if (recorder === undefined) return;
  const { hop, pick, receivesTwice } = chaos;
  const note = <T>(call: string, answer: T): T => noted(recorder, ["chaos", call], () => answer);
  chaos.hop = () => note("hop", hop.call(chaos));
  chaos.receivesTwice = () => note("receivesTwice", receivesTwice.call(chaos));
  chaos.pick = size => {
    const place = pick.call(chaos, size);
    const queue = sqs().state.queues.get(receivingFrom.get(chaos) ?? "");
    const message = queue?.ready.at(place);
    // One that was deleted while it was visible is only passed over.
    if (message !== undefined && queue?.messages.has(message.order)) note("pick", message.order);
    return place;
  };
};

/** Lets chaos decide as it was noted. Returns: how many decisions were left unused, and a note of any that were missing. */
export const replayChaos = (
  chaos: Chaos,
  recorded: readonly { readonly call: string; readonly answer?: unknown }[],
  sqs: Sqs,
) => {
  let next = 0;
  const missing: string[] = [];
  const take = <T>(call: string, otherwise: T): T => {
    const fate = recorded[next];
    if (fate?.call !== call) {
      missing.push(`${call} instead of ${fate?.call ?? "nothing"}`);
      return otherwise;
    }
    next += 1;
    return fate.answer as T;
  };
  chaos.hop = () => take<readonly number[]>("hop", [0]);
  chaos.receivesTwice = () => take("receivesTwice", false);
  chaos.pick = size => {
    const queue = sqs.state.queues.get(receivingFrom.get(chaos) ?? "");
    const orders = Array.from({ length: size }, (_, place) => queue?.ready.at(place)?.order ?? 0);
    const isStale = (order: number): boolean => queue?.messages.has(order) !== true;
    if (orders.every(isStale)) return 0;
    const order = take("pick", -1);
    const place = orders.indexOf(order);
    if (place < 0 && order >= 0) missing.push(`message ${order}, which the model handed out, is not visible`);
    return Math.max(0, place);
  };
  return {
    /** Told before each receive. */
    receives: (queue: string): void => void receivingFrom.set(chaos, queue),
    left: (): number => recorded.length - next,
    missing,
  };
};
