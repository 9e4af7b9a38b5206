import type { QueueDepth, Queue as QueuePort } from "../../ports/messages.ts";
import { nextVisibleMs, queueDepth, queueNamed, type Sqs } from "./sqs.ts";

/** A promise with an early end: whoever waits can be sent home. */
export type Waiting = { readonly done: Promise<void>; readonly cancel: () => void };

/** Resolves when the queue has a message to hand out, at once if it has one. Wakes on arrival; asks nothing twice. */
export const whenVisible = (sqs: Sqs, queueName: string): Waiting => {
  const { listeners } = queueNamed(sqs, queueName);
  let resolve = (): void => {};
  const done = new Promise<void>(resolved => {
    resolve = resolved;
  });
  let cancelAlarm = (): void => {};
  const end = (): void => {
    cancelAlarm();
    stopListening();
    resolve();
  };
  const look = (): void => {
    cancelAlarm();
    const nextMs = sqs.state.queues.has(queueName) ? nextVisibleMs(sqs, queueName) : 0;
    const waitMs = nextMs === undefined ? undefined : nextMs - sqs.clock.now();
    if (waitMs !== undefined && waitMs <= 0) end();
    else if (waitMs !== undefined) cancelAlarm = sqs.clock.alarm(waitMs, look);
  };
  const stopListening = listeners.add(look);
  look();
  return { done, cancel: end };
};

/** Resolves when all these queues are empty at once: nothing visible, delayed or in flight. */
export const whenEmpty = (sqs: Sqs, queueNames: readonly string[]): Promise<void> => {
  const queues = queueNames.map(name => queueNamed(sqs, name));
  return new Promise(resolve => {
    const stops: (() => void)[] = [];
    const look = (): void => {
      if (queues.some(queue => queue.messages.size > 0)) return;
      for (const stop of stops) stop();
      resolve();
    };
    for (const { listeners } of queues) stops.push(listeners.add(look));
    look();
  });
};

/** The queue port straight on the model. */
export class LocalQueue implements QueuePort {
  readonly #sqs: Sqs;
  readonly #name: string;

  constructor(sqs: Sqs, name: string) {
    this.#sqs = sqs;
    this.#name = name;
  }

  async depth(): Promise<QueueDepth> {
    return queueDepth(this.#sqs, this.#name);
  }
}
