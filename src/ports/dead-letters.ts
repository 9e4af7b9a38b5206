/** A message that was received too often, as a look at its queue shows it. */
export type DeadLetter = {
  readonly messageId: string;
  readonly body: string;
  /** How often it was received, looks at the dead letters included. Approximate. */
  readonly receives: number;
  /** When it was first sent; ISO instant. */
  readonly sentAt: string;
};

/** What a look at the dead letters of a queue shows. */
export type DeadLettersSeen = {
  readonly queue: string;
  readonly deadLetterQueue: string;
  /** How many there are. Approximate. */
  readonly total: number;
  /** Those that the look caught, the longest waiting first: not always all of them. */
  readonly letters: readonly DeadLetter[];
};

/** `moved` messages are back in the queue they came from, as new ones. `isComplete`: false if it still goes on. */
export type Redriven = {
  readonly queue: string;
  readonly deadLetterQueue: string;
  readonly moved: number;
  readonly isComplete: boolean;
};

/** A queue has no dead-letter queue, or SQS gave up a move; the message says which. */
export class DeadLettersRefused extends Error {
  override readonly name = "DeadLettersRefused";
}

/** The dead letters of a queue, by the queue's own redrive policy. */
export interface DeadLetters {
  /** Looks at up to `max` of them and deletes none. Throws: the service's error; `DeadLettersRefused`. */
  peek(queue: string, max: number): Promise<DeadLettersSeen>;
  /** Moves all back and waits for the end. Throws: as `peek`. */
  redrive(queue: string): Promise<Redriven>;
}
