import type { Heap } from "../heap.ts";
import type { Listeners } from "../listeners.ts";

export type MessageAttribute = {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  /** Base64. */
  readonly BinaryValue?: string | undefined;
};
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a restart needs of a message. */
export type MessageFacts = {
  /** Place in the order of sending, unique in the whole cloud: what tells two copies of one message apart. */
  readonly order: number;
  readonly messageId: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly sentMs: number;
  /** Not handed out before this instant. */
  readonly visibleAtMs: number;
  readonly receiveCount: number;
  readonly firstReceivedMs?: number | undefined;
};

export type Message = { -readonly [Name in keyof MessageFacts]: MessageFacts[Name] } & {
  /** Of the latest receive; absent for a message nobody holds. */
  receiptHandle?: string | undefined;
};

export type QueueSettings = {
  readonly visibilityTimeoutMs: number;
  readonly delayMs: number;
  /** How long a receive waits for a message by default; the wire does the waiting. */
  readonly waitMs: number;
  readonly maximumBytes: number;
  /** Messages older than this vanish. Absent: kept, so that a clock moved by months loses nothing. */
  readonly retentionMs?: number | undefined;
  readonly redrive?: { readonly deadLetterArn: string; readonly receivesMax: number } | undefined;
};

/** A message that is not handed out before an instant. */
export type Hiding = { readonly message: Message; readonly atMs: number };

export type Queue = {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  settings: QueueSettings;
  tags: Readonly<Record<string, string>>;
  readonly messages: Map<number, Message>;
  /** May hold messages that are deleted: `messages` decides. */
  readonly ready: Heap<Message>;
  /** Delayed and in flight. Only the latest entry of a message counts: `hidden` has it. */
  readonly waiting: Heap<Hiding>;
  readonly hidden: Map<number, Hiding>;
  readonly listeners: Listeners;
};

/** Moves of messages from a dead-letter queue back to where they came from. They are done when they are asked for. */
export type MoveTask = {
  readonly handle: string;
  readonly sourceArn: string;
  readonly destinationArn: string | undefined;
  readonly moved: number;
  readonly startedMs: number;
};
