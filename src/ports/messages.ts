/** Where synthetic notifications and announcements go (SNS). At least once, unordered. */
export interface Topic {
  publish(message: { readonly body: string; readonly subject?: string }): Promise<void>;
}

/** How many messages a queue holds, by state. Approximate on SQS, exact in the local cloud. */
export type QueueDepth = {
  readonly visible: number;
  readonly delayed: number;
  readonly inFlight: number;
};

/** A queue as the operator sees it (SQS); the consumer is Lambda's poller, which hands over batches itself. */
export interface Queue {
  depth(): Promise<QueueDepth>;
}
