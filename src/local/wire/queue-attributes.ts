import type { QueueDepth } from "../../ports/messages.ts";
import { SqsError } from "../sqs/sqs-error.ts";
import type { Queue, QueueSettings } from "../sqs/sqs-types.ts";

type Settings = { -readonly [Name in keyof QueueSettings]?: QueueSettings[Name] };

const wholeNumber = (name: string, value: string): number => {
  if (!/^\d+$/.test(value))
    throw new SqsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);
  return Number(value);
};

const redriveOf = (value: string): QueueSettings["redrive"] => {
  if (value === "") return undefined;
  try {
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(value) as Record<string, unknown>; // checked below
    const receivesMax = Number(maxReceiveCount);
    if (typeof deadLetterTargetArn === "string" && Number.isInteger(receivesMax) && receivesMax > 0) {
      return { deadLetterArn: deadLetterTargetArn, receivesMax };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new SqsError("InvalidAttributeValue", "Invalid value for the parameter RedrivePolicy.");
};

/** Attributes that are taken and mean nothing here: access and encryption. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "Policy",
  "SqsManagedSseEnabled",
  "KmsMasterKeyId",
  "KmsDataKeyReusePeriodSeconds",
  "RedriveAllowPolicy",
]);

/** A queue's settings from SQS's attributes. Throws: SqsError InvalidAttributeName (also for FIFO), InvalidAttributeValue. */
export const settingsOf = (attributes: Readonly<Record<string, string>>): Partial<QueueSettings> => {
  const settings: Settings = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "VisibilityTimeout") settings.visibilityTimeoutMs = wholeNumber(name, value) * 1000;
    else if (name === "DelaySeconds") settings.delayMs = wholeNumber(name, value) * 1000;
    else if (name === "ReceiveMessageWaitTimeSeconds") settings.waitMs = wholeNumber(name, value) * 1000;
    else if (name === "MaximumMessageSize") settings.maximumBytes = wholeNumber(name, value);
    else if (name === "MessageRetentionPeriod") settings.retentionMs = wholeNumber(name, value) * 1000;
    else if (name === "RedrivePolicy") settings.redrive = redriveOf(value);
    else if (!WITHOUT_EFFECT.has(name))
      throw new SqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
  return settings;
};

const DAY_MS = 86_400_000;
/** What a queue without a retention of its own says: SQS's default. Nothing is thrown away then. */
const RETENTION_SHOWN_MS = 4 * DAY_MS;

/** All attributes as SQS shows them. */
export const queueAttributes = (queue: Queue, depth: QueueDepth): Readonly<Record<string, string>> => {
  const { settings, arn, createdMs } = queue;
  const { redrive } = settings;
  const inSeconds = (durationMs: number): string => String(Math.floor(durationMs / 1000));
  return {
    QueueArn: arn,
    ApproximateNumberOfMessages: String(depth.visible),
    ApproximateNumberOfMessagesDelayed: String(depth.delayed),
    ApproximateNumberOfMessagesNotVisible: String(depth.inFlight),
    CreatedTimestamp: inSeconds(createdMs),
    LastModifiedTimestamp: inSeconds(createdMs),
    VisibilityTimeout: inSeconds(settings.visibilityTimeoutMs),
    DelaySeconds: inSeconds(settings.delayMs),
    ReceiveMessageWaitTimeSeconds: inSeconds(settings.waitMs),
    MaximumMessageSize: String(settings.maximumBytes),
    MessageRetentionPeriod: inSeconds(settings.retentionMs ?? RETENTION_SHOWN_MS),
    ...(redrive === undefined
      ? {}
      : {
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: redrive.deadLetterArn,
            maxReceiveCount: redrive.receivesMax,
          }),
        }),
  };
};
