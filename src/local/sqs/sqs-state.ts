import { Heap } from "../heap.ts";
import { Listeners } from "../listeners.ts";
import { ACCOUNT_ID, REGION } from "../s3/event-record.ts";
import type { Message, MessageFacts, Queue, QueueSettings } from "./sqs-types.ts";

/** Every way the queues' state changes that a restart must repeat. Visibility of received messages is not kept. */
export type SqsChange =
  | {
      readonly type: "queue-created";
      readonly queue: string;
      readonly atMs: number;
      readonly settings: QueueSettings;
    }
  | { readonly type: "queue-deleted"; readonly queue: string }
  | { readonly type: "queue-configured"; readonly queue: string; readonly settings: QueueSettings }
  | {
      readonly type: "queue-tagged";
      readonly queue: string;
      readonly tags: Readonly<Record<string, string>>;
    }
  | { readonly type: "queue-purged"; readonly queue: string }
  | { readonly type: "message-added"; readonly queue: string; readonly message: MessageFacts }
  | {
      readonly type: "message-received";
      readonly queue: string;
      readonly order: number;
      readonly receiveCount: number;
      readonly firstReceivedMs: number;
    }
  | { readonly type: "message-removed"; readonly queue: string; readonly order: number };

export type SqsState = { readonly queues: Map<string, Queue>; nextOrder: number };

export const emptySqsState = (): SqsState => ({ queues: new Map(), nextOrder: 1 });

export const queueArn = (name: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:${name}`;

/** Applies one change. Throws on a change that does not fit the state: the journal or the model is broken. */
export const applySqsChange = (state: SqsState, change: SqsChange): void => {
  if (change.type === "queue-created") {
    state.queues.set(change.queue, newQueue(change.queue, change.atMs, change.settings));
    return;
  }
  const queue = state.queues.get(change.queue);
  if (queue === undefined) throw new Error(`No queue ${change.queue} in the state a change is applied to.`);
  switch (change.type) {
    case "queue-deleted":
      state.queues.delete(change.queue);
      break;
    case "queue-configured":
      queue.settings = change.settings;
      break;
    case "queue-tagged":
      queue.tags = change.tags;
      break;
    case "queue-purged":
      queue.messages.clear();
      queue.ready.clear();
      queue.waiting.clear();
      queue.hidden.clear();
      break;
    case "message-added":
      addMessage(state, queue, { ...change.message });
      break;
    case "message-received": {
      const message = queue.messages.get(change.order);
      if (message !== undefined) {
        message.receiveCount = change.receiveCount;
        message.firstReceivedMs = change.firstReceivedMs;
      }
      break;
    }
    case "message-removed":
      queue.messages.delete(change.order);
      queue.hidden.delete(change.order);
      break;
  }
  queue.listeners.tell();
};

/** The state as the changes that make it, for a fresh journal. Messages in flight come back as visible ones. */
export function* dumpSqsState(state: SqsState): Generator<SqsChange> {
  for (const { name, createdMs, settings, tags, messages } of state.queues.values()) {
    yield { type: "queue-created", queue: name, atMs: createdMs, settings };
    if (Object.keys(tags).length > 0) yield { type: "queue-tagged", queue: name, tags };
    for (const { receiptHandle, ...message } of messages.values()) {
      const visibleAtMs = receiptHandle === undefined ? message.visibleAtMs : message.sentMs;
      yield { type: "message-added", queue: name, message: { ...message, visibleAtMs } };
    }
  }
}

const newQueue = (name: string, createdMs: number, settings: QueueSettings): Queue => ({
  name,
  arn: queueArn(name),
  createdMs,
  settings,
  tags: {},
  messages: new Map(),
  ready: new Heap<Message>((a, b) => a.order - b.order),
  waiting: new Heap((a, b) => a.atMs - b.atMs || a.message.order - b.message.order),
  hidden: new Map(),
  listeners: new Listeners(),
});

/** Keeps a message from receivers until its `visibleAtMs`. */
export const hide = (queue: Queue, message: Message): void => {
  const hiding = { message, atMs: message.visibleAtMs };
  queue.waiting.push(hiding);
  queue.hidden.set(message.order, hiding);
};

const addMessage = (state: SqsState, queue: Queue, message: Message): void => {
  state.nextOrder = Math.max(state.nextOrder, message.order + 1);
  queue.messages.set(message.order, message);
  hide(queue, message);
};
