import { randomUuidOf } from "../ids.ts";
import { queueByArn, type Sqs, sendMessage } from "./sqs.ts";
import { SqsError } from "./sqs-error.ts";
import type { MoveTask } from "./sqs-types.ts";

/**
 * Sends the messages of a dead-letter queue back to the queues they came from, or to one given queue, as new messages.
 * Throws: SqsError ResourceNotFoundException.
 */
export const startMoveTask = (
  sqs: Sqs,
  { sourceArn, destinationArn }: { readonly sourceArn: string; readonly destinationArn?: string | undefined },
): MoveTask =>
  sqs.operation(() => {
    const source = queueByArn(sqs, sourceArn);
    const target =
      destinationArn === undefined
        ? [...sqs.state.queues.values()].find(queue => queue.settings.redrive?.deadLetterArn === sourceArn)
        : queueByArn(sqs, destinationArn);
    if (source === undefined || target === undefined) {
      throw new SqsError("ResourceNotFoundException", "The resource that you specified does not exist.");
    }
    const messages = [...source.messages.values()];
    for (const { order, body, attributes } of messages) {
      sendMessage(sqs, target.name, { body, attributes });
      sqs.commit({ type: "message-removed", queue: source.name, order });
    }
    const handle = randomUuidOf(sqs.random);
    const task = { handle, sourceArn, destinationArn, moved: messages.length, startedMs: sqs.clock.now() };
    sqs.moveTasks.push(task);
    return task;
  });
