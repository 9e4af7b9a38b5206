import { ACCOUNT_ID } from "../s3/event-record.ts";
import {
  checkTopic,
  createTopic,
  publish,
  type Sns,
  SnsError,
  type Subscription,
  subscribe,
} from "../sns/sns.ts";
import type { MessageAttribute, MessageAttributes } from "../sqs/sqs-types.ts";
import { element, leaf } from "./xml.ts";

type Form = URLSearchParams;
type Handler = (sns: Sns, form: Form) => string;

const NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/";

const required = (form: Form, name: string): string => {
  const value = form.get(name);
  if (value === null) throw new SnsError("InvalidParameter", `Invalid parameter: ${name}`);
  return value;
};

/** `Prefix.entry.1.Name=..&Prefix.entry.1.Value...`: the names of the entries there are, at most ten. */
const entries = (form: Form, prefix: string): readonly string[] => {
  const found: string[] = [];
  for (
    let at = 1;
    form.has(`${prefix}.${at}.Name`) || form.has(`${prefix}.${at}.key`) || form.has(`${prefix}.${at}.Id`);
    at += 1
  )
    found.push(`${prefix}.${at}`);
  return found;
};

const attributesOf = (form: Form, prefix: string): MessageAttributes =>
  Object.fromEntries(
    entries(form, `${prefix}MessageAttributes.entry`).map(entry => {
      const attribute: MessageAttribute = {
        DataType: form.get(`${entry}.Value.DataType`) ?? "String",
        StringValue: form.get(`${entry}.Value.StringValue`) ?? undefined,
        BinaryValue: form.get(`${entry}.Value.BinaryValue`) ?? undefined,
      };
      return [form.get(`${entry}.Name`) ?? "", attribute];
    }),
  );

const map = (form: Form, prefix: string): ReadonlyMap<string, string> =>
  new Map(
    entries(form, `${prefix}.entry`).map(entry => [
      form.get(`${entry}.key`) ?? "",
      form.get(`${entry}.value`) ?? "",
    ]),
  );

const published = (sns: Sns, form: Form, prefix: string, topicArn: string): string =>
  leaf(
    "MessageId",
    publish(sns, topicArn, {
      message: required(form, `${prefix}Message`),
      subject: form.get(`${prefix}Subject`) ?? undefined,
      attributes: attributesOf(form, prefix),
    }),
  );

const subscriptionNamed = (sns: Sns, form: Form): Subscription => {
  const found = sns.state.subscriptions.get(required(form, "SubscriptionArn"));
  if (found === undefined) throw new SnsError("NotFound", "Subscription does not exist");
  return found;
};

const subscriptionsElement = (subscriptions: readonly Subscription[]): string =>
  element(
    "Subscriptions",
    ...subscriptions.map(({ arn, topicArn, queueArn }) =>
      element(
        "member",
        leaf("SubscriptionArn", arn),
        leaf("Owner", ACCOUNT_ID),
        leaf("Protocol", "sqs"),
        leaf("Endpoint", queueArn),
        leaf("TopicArn", topicArn),
      ),
    ),
  );

const attributesElement = (attributes: Readonly<Record<string, string>>): string =>
  element(
    "Attributes",
    ...Object.entries(attributes).map(([name, value]) =>
      element("entry", leaf("key", name), leaf("value", value)),
    ),
  );

const subscribeResult: Handler = (sns, form) => {
  if (required(form, "Protocol") !== "sqs") {
    throw new SnsError("InvalidParameter", "Invalid parameter: Protocol: only sqs is implemented here");
  }
  const attributes = map(form, "Attributes");
  checkSubscriptionAttributes([...attributes.keys()]);
  const { arn } = subscribe(sns, {
    topicArn: required(form, "TopicArn"),
    queueArn: required(form, "Endpoint"),
    isRaw: attributes.get("RawMessageDelivery") === "true",
  });
  return leaf("SubscriptionArn", arn);
};

const checkSubscriptionAttributes = (names: readonly string[]): void => {
  const unknown = names.find(name => name !== "RawMessageDelivery");
  if (unknown !== undefined) {
    throw new SnsError(
      "InvalidParameter",
      `Invalid parameter: AttributeName: ${unknown} is not implemented here`,
    );
  }
};

/** One entry of a batch; one that fails fails alone. */
const batchElement = (
  sns: Sns,
  form: Form,
  entry: string,
  topicArn: string,
): { isDone: boolean; xml: string } => {
  const id = leaf("Id", form.get(`${entry}.Id`) ?? "");
  try {
    return { isDone: true, xml: element("member", id, published(sns, form, `${entry}.`, topicArn)) };
  } catch (error) {
    if (!(error instanceof SnsError) || error.code === "NotFound") throw error;
    return {
      isDone: false,
      xml: element(
        "member",
        id,
        leaf("Code", error.code),
        leaf("Message", error.message),
        leaf("SenderFault", true),
      ),
    };
  }
};

/** What is implemented, by action. Everything else answers 501. */
export const SNS_HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["CreateTopic", (sns, form) => leaf("TopicArn", createTopic(sns, required(form, "Name")))],
  [
    "DeleteTopic",
    (sns, form) => {
      sns.operation(() => sns.commit({ type: "topic-deleted", topicArn: required(form, "TopicArn") }));
      return "";
    },
  ],
  [
    "ListTopics",
    sns => element("Topics", ...[...sns.state.topics].map(arn => element("member", leaf("TopicArn", arn)))),
  ],
  [
    "GetTopicAttributes",
    (sns, form) => {
      const topicArn = required(form, "TopicArn");
      checkTopic(sns, topicArn);
      const count = [...sns.state.subscriptions.values()].filter(other => other.topicArn === topicArn).length;
      return attributesElement({
        TopicArn: topicArn,
        Owner: ACCOUNT_ID,
        SubscriptionsConfirmed: String(count),
        SubscriptionsPending: "0",
        SubscriptionsDeleted: "0",
      });
    },
  ],
  ["Subscribe", subscribeResult],
  [
    "Unsubscribe",
    (sns, form) => {
      const subscriptionArn = required(form, "SubscriptionArn");
      sns.operation(() => sns.commit({ type: "subscription-removed", subscriptionArn }));
      return "";
    },
  ],
  ["ListSubscriptions", sns => subscriptionsElement([...sns.state.subscriptions.values()])],
  [
    "ListSubscriptionsByTopic",
    (sns, form) => {
      const topicArn = required(form, "TopicArn");
      checkTopic(sns, topicArn);
      return subscriptionsElement(
        [...sns.state.subscriptions.values()].filter(other => other.topicArn === topicArn),
      );
    },
  ],
  [
    "GetSubscriptionAttributes",
    (sns, form) => {
      const { arn, topicArn, queueArn, isRaw } = subscriptionNamed(sns, form);
      return attributesElement({
        SubscriptionArn: arn,
        TopicArn: topicArn,
        Owner: ACCOUNT_ID,
        Protocol: "sqs",
        Endpoint: queueArn,
        RawMessageDelivery: String(isRaw),
        PendingConfirmation: "false",
      });
    },
  ],
  [
    "SetSubscriptionAttributes",
    (sns, form) => {
      const subscription = subscriptionNamed(sns, form);
      checkSubscriptionAttributes([required(form, "AttributeName")]);
      const isRaw = form.get("AttributeValue") === "true";
      sns.operation(() => sns.commit({ type: "subscription-set", subscription: { ...subscription, isRaw } }));
      return "";
    },
  ],
  ["Publish", (sns, form) => published(sns, form, "", form.get("TopicArn") ?? required(form, "TargetArn"))],
  [
    "PublishBatch",
    (sns, form) => {
      const topicArn = required(form, "TopicArn");
      const results = sns.operation(() =>
        entries(form, "PublishBatchRequestEntries.member").map(entry =>
          batchElement(sns, form, entry, topicArn),
        ),
      );
      return (
        element("Successful", ...results.filter(({ isDone }) => isDone).map(({ xml }) => xml)) +
        element("Failed", ...results.filter(({ isDone }) => !isDone).map(({ xml }) => xml))
      );
    },
  ],
]);

/** The document of a result. Source: AWS query protocol. */
export const snsDocument = (action: string, result: string, requestId: string): string =>
  `<${action}Response xmlns="${NAMESPACE}">${element(`${action}Result`, result)}${element(
    "ResponseMetadata",
    leaf("RequestId", requestId),
  )}</${action}Response>`;

export const snsErrorDocument = (code: string, message: string, requestId: string): string =>
  `<ErrorResponse xmlns="${NAMESPACE}">${element(
    "Error",
    leaf("Type", "Sender"),
    leaf("Code", code),
    leaf("Message", message),
  )}${leaf("RequestId", requestId)}</ErrorResponse>`;
