/** A message that nobody else sees for a while. */
export type ReceivedMessage = {
  readonly id: string;
  readonly body: string;
  /** What deletes or extends this receive of it. */
  readonly receipt: string;
};

/** A queue from which messages are taken by whoever works on them (SQS). */
export interface MessageSource {
  /** Waits up to `waitSeconds` (20 at most) for up to ten messages, each hidden for `hiddenSeconds`. */
  receive(request: {
    readonly waitSeconds: number;
    readonly hiddenSeconds: number;
    /** Ends the wait early; then none are returned. */
    readonly signal: AbortSignal;
  }): Promise<readonly ReceivedMessage[]>;
  /** Keeps it hidden for so long from now on; 0 hands it back at once. */
  hide(message: ReceivedMessage, seconds: number): Promise<void>;
  delete(message: ReceivedMessage): Promise<void>;
}
