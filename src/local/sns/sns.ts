import { type Clock, isoInstant } from "../../ports/clock.ts";
import type { Topic as TopicPort } from "../../ports/messages.ts";
import type { Random } from "../../ports/random.ts";
import type { Chaos } from "../chaos/chaos.ts";
import { forgetfulRecorder, type Recorder } from "../durability/recorder.ts";
import { randomText, randomUuidOf } from "../ids.ts";
import { ACCOUNT_ID, REGION } from "../s3/event-record.ts";
import { queueByArn, type Sqs, sendMessage } from "../sqs/sqs.ts";
import type { MessageAttributes } from "../sqs/sqs-types.ts";

export type Subscription = {
  readonly arn: string;
  readonly topicArn: string;
  readonly queueArn: string;
  /** The queue gets the message itself instead of the envelope around it. */
  readonly isRaw: boolean;
};

export type SnsChange =
  | { readonly type: "topic-created"; readonly topicArn: string }
  | { readonly type: "topic-deleted"; readonly topicArn: string }
  | { readonly type: "subscription-set"; readonly subscription: Subscription }
  | { readonly type: "subscription-removed"; readonly subscriptionArn: string };

export type SnsState = {
  readonly topics: Set<string>;
  readonly subscriptions: Map<string, Subscription>;
};

export type SnsOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly sqs: Sqs;
  readonly chaos: Chaos;
  readonly recorder?: Recorder;
};

/** The topics' model. Subscribers are queues. */
export type Sns = Omit<SnsOptions, "recorder"> & {
  readonly state: SnsState;
  readonly commit: (change: SnsChange) => void;
  readonly operation: <T>(work: () => T) => T;
};

/** What SNS answers with an error code. */
export class SnsError extends Error {
  override readonly name = "SnsError";
  readonly code: "NotFound" | "InvalidParameter";
  constructor(code: SnsError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export const topicArn = (name: string): string => `arn:aws:sns:${REGION}:${ACCOUNT_ID}:${name}`;

export const createSns = ({ recorder = forgetfulRecorder, ...options }: SnsOptions): Sns => {
  const state: SnsState = { topics: new Set(), subscriptions: new Map() };
  return {
    ...options,
    state,
    commit: change => {
      applySnsChange(state, change);
      recorder.record("sns", change);
    },
    operation: work => recorder.operation(work),
  };
};

export const applySnsChange = (state: SnsState, change: SnsChange): void => {
  switch (change.type) {
    case "topic-created":
      state.topics.add(change.topicArn);
      return;
    case "topic-deleted":
      state.topics.delete(change.topicArn);
      for (const { arn, topicArn: topic } of [...state.subscriptions.values()]) {
        if (topic === change.topicArn) state.subscriptions.delete(arn);
      }
      return;
    case "subscription-set":
      state.subscriptions.set(change.subscription.arn, change.subscription);
      return;
    case "subscription-removed":
      state.subscriptions.delete(change.subscriptionArn);
      return;
  }
};

/** The state as the changes that make it, for a fresh journal. */
export function* dumpSnsState(state: SnsState): Generator<SnsChange> {
  for (const topic of state.topics) yield { type: "topic-created", topicArn: topic };
  for (const subscription of state.subscriptions.values()) yield { type: "subscription-set", subscription };
}

/** Returns: the topic's ARN. A topic that exists is left as it is. */
export const createTopic = (sns: Sns, name: string): string =>
  sns.operation(() => {
    const arn = topicArn(name);
    if (!sns.state.topics.has(arn)) sns.commit({ type: "topic-created", topicArn: arn });
    return arn;
  });

/** Throws: SnsError NotFound. */
export const checkTopic = (sns: Sns, arn: string): void => {
  if (!sns.state.topics.has(arn)) throw new SnsError("NotFound", "Topic does not exist");
};

/** Subscribes a queue; the same one twice is one subscription. Throws: SnsError NotFound, InvalidParameter. */
export const subscribe = (
  sns: Sns,
  request: { readonly topicArn: string; readonly queueArn: string; readonly isRaw: boolean },
): Subscription =>
  sns.operation(() => {
    checkTopic(sns, request.topicArn);
    if (queueByArn(sns.sqs, request.queueArn) === undefined) {
      throw new SnsError("InvalidParameter", "Invalid parameter: Endpoint Reason: no such queue");
    }
    const existing = [...sns.state.subscriptions.values()].find(
      other => other.topicArn === request.topicArn && other.queueArn === request.queueArn,
    );
    const arn = existing?.arn ?? `${request.topicArn}:${randomUuidOf(sns.random)}`;
    const subscription = { ...request, arn };
    sns.commit({ type: "subscription-set", subscription });
    return subscription;
  });

export type Publication = {
  readonly message: string;
  readonly subject?: string | undefined;
  readonly attributes?: MessageAttributes | undefined;
};

/**
 * Hands a message to every subscribed queue, through chaos. A queue that is gone loses it, as on AWS.
 * Returns: the message id. Throws: SnsError NotFound.
 */
export const publish = (sns: Sns, arn: string, publication: Publication): string =>
  sns.operation(() => {
    checkTopic(sns, arn);
    const messageId = randomUuidOf(sns.random);
    for (const subscription of sns.state.subscriptions.values()) {
      if (subscription.topicArn === arn) deliver(sns, subscription, messageId, publication);
    }
    return messageId;
  });

const deliver = (sns: Sns, subscription: Subscription, messageId: string, publication: Publication): void => {
  const queue = queueByArn(sns.sqs, subscription.queueArn);
  if (queue === undefined) return;
  const { isRaw } = subscription;
  const body = isRaw ? publication.message : envelope(sns, subscription, messageId, publication);
  for (const delayMs of sns.chaos.hop()) {
    sendMessage(sns.sqs, queue.name, { body, attributes: isRaw ? publication.attributes : {}, delayMs });
  }
};

/** Source: Amazon SNS Developer Guide, "Parsing Amazon SNS message formats". The signature is no real one. */
const envelope = (
  sns: Sns,
  { arn, topicArn: topic }: Subscription,
  messageId: string,
  { message, subject, attributes = {} }: Publication,
): string =>
  JSON.stringify({
    Type: "Notification",
    MessageId: messageId,
    TopicArn: topic,
    Subject: subject,
    Message: message,
    Timestamp: isoInstant(sns.clock.now()),
    SignatureVersion: "1",
    Signature: randomText(sns.random, 64),
    SigningCertURL: `https://sns.${REGION}.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem`,
    UnsubscribeURL: `https://sns.${REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${arn}`,
    MessageAttributes: Object.keys(attributes).length === 0 ? undefined : envelopeAttributes(attributes),
  });

const envelopeAttributes = (attributes: MessageAttributes) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { Type: DataType, Value: StringValue ?? BinaryValue },
    ]),
  );

/** The topic port straight on the model. */
export class LocalTopic implements TopicPort {
  readonly #sns: Sns;
  readonly #arn: string;

  constructor(sns: Sns, arn: string) {
    this.#sns = sns;
    this.#arn = arn;
  }

  async publish({ body, subject }: { readonly body: string; readonly subject?: string }): Promise<void> {
    publish(this.#sns, this.#arn, { message: body, subject });
  }
}
