import type { WriteOutcome } from "../table/store.ts";

/**
 * What an error of a write means to the caller.
 *
 * Returns: `undefined` for what is no outcome but a defect or a broken set-up (validation, missing table, access
 * denied): rethrow it.
 *
 * A single write has no idempotency token. Where the SDK tried it more than once, the first try may have happened and
 * the later one may have met it, so a refusal, a conflict after several tries is `unknown`: the caller reads again
 * and finds out. A transaction carries a token for all its tries and needs no such care about refusals.
 *
 * Source: Amazon DynamoDB API Reference, "TransactWriteItems" (cancellation reasons) and "Error handling".
 */
export const outcomeOf = (error: unknown, kind: "single" | "transaction"): WriteOutcome | undefined => {
  if (!(error instanceof Error)) return undefined;
  const retried = attemptsOf(error) > 1;
  const reason = `${error.name}: ${error.message}`;
  if (error.name === "TransactionCanceledException") return cancelled(error, reason);
  if (error.name === "ConditionalCheckFailedException")
    return retried ? { outcome: "unknown", reason } : { outcome: "refused", failed: [0] };
  if (IN_THE_WAY.has(error.name))
    return { outcome: kind === "single" && retried ? "unknown" : "conflict", reason };
  return isUnknown(error) ? { outcome: "unknown", reason } : undefined;
};

const IN_THE_WAY: ReadonlySet<string> = new Set([
  "TransactionConflictException",
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "ThrottlingError",
]);

/** Cancellation reasons that another try may not meet again. */
const PASSING: ReadonlySet<string> = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
]);

const cancelled = (error: Error, reason: string): WriteOutcome | undefined => {
  const codes = reasonCodes(error);
  const failed = codes.flatMap((code, at) => (code === "ConditionalCheckFailed" ? [at] : []));
  if (failed.length > 0) return { outcome: "refused", failed };
  return codes.some(code => PASSING.has(code)) ? { outcome: "conflict", reason } : undefined;
};

const reasonCodes = (error: Error): readonly string[] => {
  if (!("CancellationReasons" in error) || !Array.isArray(error.CancellationReasons)) return [];
  return error.CancellationReasons.map((reason: { readonly Code?: string }) => reason.Code ?? "");
};

const BROKEN_CONNECTION: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENOTFOUND",
  "EHOSTUNREACH",
]);

// A transaction still in progress is one of our own tries: it may yet happen.
const NAMES_UNKNOWN: ReadonlySet<string> = new Set([
  "TimeoutError",
  "RequestTimeout",
  "AbortError",
  "TransactionInProgressException",
]);

const isUnknown = (error: Error): boolean =>
  NAMES_UNKNOWN.has(error.name) ||
  ("code" in error && typeof error.code === "string" && BROKEN_CONNECTION.has(error.code)) ||
  (metadataOf(error).httpStatusCode ?? 0) >= 500;

const attemptsOf = (error: Error): number => metadataOf(error).attempts ?? 1;

const metadataOf = (error: Error): { readonly attempts?: number; readonly httpStatusCode?: number } =>
  "$metadata" in error && typeof error.$metadata === "object" && error.$metadata !== null
    ? error.$metadata
    : {};
