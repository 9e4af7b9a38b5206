import { SqsDeadLetters } from "../aws/dead-letters.ts";
import type { DeadLetter, DeadLettersSeen, Redriven } from "../ports/dead-letters.ts";
import { parseNotification } from "../tracking/notification.ts";
import { type Connection, connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";

/** More than anybody reads; the total is told besides. */
const SHOWN_MAX = 1_000;

export type DeadLettersOptions = {
  /** Absent: both queues. */
  readonly queue?: "project" | "place" | undefined;
  readonly isAws: boolean;
};

const queuesOf = ({ app }: Connection, queue: DeadLettersOptions["queue"]): readonly string[] => {
  const { projectQueue, placeQueue } = app.config;
  return queue === undefined ? [projectQueue, placeQueue] : [queue === "project" ? projectQueue : placeQueue];
};

const forQueues = async <T>(
  { queue, isAws }: DeadLettersOptions,
  work: (deadLetters: SqsDeadLetters, queue: string) => Promise<T>,
): Promise<readonly T[]> => {
  const connection = await connect(isAws);
  try {
    const deadLetters = new SqsDeadLetters(await connection.clients.sqs());
    const done: T[] = [];
    for (const name of queuesOf(connection, queue)) done.push(await work(deadLetters, name));
    return done;
  } finally {
    connection.clients.close();
  }
};

/** `daybook dead-letters list`: the messages that were received too often; looks, and deletes none. */
export const deadLettersCommand = async (options: DeadLettersOptions, output: Output): Promise<number> => {
  const queues = await forQueues(options, (deadLetters, queue) => deadLetters.peek(queue, SHOWN_MAX));
  if (output.isJson)
    output.json({ queues: queues.map(seen => ({ ...seen, letters: seen.letters.map(letterJson) })) });
  else for (const seen of queues) tellSeen(seen, output);
  return 0;
};

/** `daybook dead-letters redrive`: sends them back to the queue they came from, once their cause is gone. */
export const redriveCommand = async (options: DeadLettersOptions, output: Output): Promise<number> => {
  const queues = await forQueues(options, (deadLetters, queue) => deadLetters.redrive(queue));
  if (output.isJson) output.json({ queues });
  else for (const redriven of queues) output.data(redrivenText(redriven));
  const going = queues.filter(({ isComplete }) => !isComplete);
  if (going.length > 0)
    throw new Refused("SQS is still moving messages: the figures above are those of this moment.");
  return 0;
};

/** What a message tells of; never its text, which is a payload. */
const toldBy = ({
  body,
}: DeadLetter): { readonly objects: readonly string[]; readonly unreadable?: string } => {
  const told = parseNotification(body);
  if (told.outcome === "unparseable") return { objects: [], unreadable: told.reason };
  const observations = told.outcome === "observations" ? told.observations : [];
  return { objects: observations.map(({ bucket, key }) => `s3://${bucket}/${key}`) };
};

const letterJson = (letter: DeadLetter) => {
  const { messageId, receives, sentAt } = letter;
  return { messageId, receives, sentAt, ...toldBy(letter) };
};

const tellSeen = ({ queue, total, letters }: DeadLettersSeen, output: Output): void => {
  output.data(
    `${queue}: about ${total} dead letters${letters.length < total ? `, ${letters.length} seen` : ""}`,
  );
  for (const letter of letters) {
    const { objects, unreadable } = toldBy(letter);
    const what = unreadable === undefined ? objects.join(" ") : `no S3 event: ${unreadable}`;
    output.data(`  ${letter.messageId}  ${letter.sentAt}  received ${letter.receives} times  ${what}`);
  }
};

const redrivenText = ({ queue, moved }: Redriven): string =>
  `${queue}: ${moved} messages are back in the queue`;
