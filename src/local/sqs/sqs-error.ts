/**
 * Error codes of SQS: the name in the JSON protocol, and the older one in `x-amzn-query-error`, which SDKs still read.
 * Source: Amazon SQS API model (awsQueryError traits).
 */
const CODES = {
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  QueueNameExists: "QueueAlreadyExists",
  ReceiptHandleIsInvalid: "ReceiptHandleIsInvalid",
  MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
  InvalidAttributeName: "InvalidAttributeName",
  InvalidAttributeValue: "InvalidAttributeValue",
  InvalidMessageContents: "InvalidMessageContents",
  InvalidParameterValueException: "InvalidParameterValue",
  MissingRequiredParameterException: "MissingParameter",
  EmptyBatchRequest: "AWS.SimpleQueueService.EmptyBatchRequest",
  TooManyEntriesInBatchRequest: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
  BatchEntryIdsNotDistinct: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
  BatchRequestTooLong: "AWS.SimpleQueueService.BatchRequestTooLong",
  ResourceNotFoundException: "ResourceNotFoundException",
  UnsupportedOperation: "AWS.SimpleQueueService.UnsupportedOperation",
} as const;

export type SqsCode = keyof typeof CODES;

/** What SQS answers with an error code (HTTP 400). */
export class SqsError extends Error {
  override readonly name = "SqsError";
  readonly code: SqsCode;
  readonly queryCode: string;

  constructor(code: SqsCode, message: string) {
    super(message);
    this.code = code;
    this.queryCode = CODES[code];
  }
}
