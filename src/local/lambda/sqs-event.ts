import { hash } from "node:crypto";
import type { SQSEvent, SQSMessageAttributes, SQSRecord } from "aws-lambda";
import { REGION } from "../s3/event-record.ts";
import type { Received } from "../sqs/sqs.ts";
import type { MessageAttributes } from "../sqs/sqs-types.ts";

/** What SQS shows as the sender of what a service delivered. */
export const SENDER_ID = "AIDAIENQZJOLO23YVJ4VO";

/** A batch as Lambda hands it to a function. Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS". */
export const sqsEvent = (queueArn: string, messages: readonly Received[]): SQSEvent => ({
  Records: messages.map(message => sqsRecord(queueArn, message)),
});

const sqsRecord = (queueArn: string, message: Received): SQSRecord => ({
  messageId: message.messageId,
  receiptHandle: message.receiptHandle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentMs),
    SenderId: SENDER_ID,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
  },
  messageAttributes: recordAttributes(message.attributes),
  // Made for whoever reads it: no function here does.
  get md5OfBody() {
    return hash("md5", message.body);
  },
  eventSource: "aws:sqs",
  eventSourceARN: queueArn,
  awsRegion: REGION,
});

const recordAttributes = (attributes: MessageAttributes): SQSMessageAttributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        dataType: DataType as "String", // the type lists the three base types; a custom suffix is legal too
        stringListValues: [],
        binaryListValues: [],
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: BinaryValue }),
      },
    ]),
  );
