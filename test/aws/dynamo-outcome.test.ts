import { expect, test } from "vitest";
import { outcomeOf } from "../../src/aws/dynamo-outcome.ts";

const failure = (name: string, more: object = {}): Error =>
  Object.assign(new Error("why"), { name, ...more });
const cancelled = (...codes: readonly string[]): Error =>
  failure("TransactionCanceledException", { CancellationReasons: codes.map(Code => ({ Code })) });
const retried = { $metadata: { attempts: 2 } };

test.each<[string, Error, "single" | "transaction", string | undefined]>([
  ["a condition", failure("ConditionalCheckFailedException"), "single", "refused"],
  ["a condition after a lost try", failure("ConditionalCheckFailedException", retried), "single", "unknown"],
  ["another transaction", failure("TransactionConflictException"), "single", "conflict"],
  [
    "another transaction after a lost try",
    failure("TransactionConflictException", retried),
    "single",
    "unknown",
  ],
  ["throttling", failure("ThrottlingException", retried), "transaction", "conflict"],
  ["conflicts inside", cancelled("None", "TransactionConflict"), "transaction", "conflict"],
  ["throttling inside", cancelled("ThrottlingError", "None"), "transaction", "conflict"],
  [
    "a condition beside a conflict",
    cancelled("TransactionConflict", "ConditionalCheckFailed"),
    "transaction",
    "refused",
  ],
  ["our own try in progress", failure("TransactionInProgressException"), "transaction", "unknown"],
  [
    "a server error",
    failure("InternalServerError", { $metadata: { httpStatusCode: 500 } }),
    "single",
    "unknown",
  ],
  ["a timeout", failure("TimeoutError"), "transaction", "unknown"],
  ["a broken connection", failure("Error", { code: "ECONNRESET" }), "single", "unknown"],
  ["a validation inside", cancelled("ValidationError", "None"), "transaction", undefined],
  ["an item over its limits", cancelled("ItemCollectionSizeLimitExceeded"), "transaction", undefined],
  [
    "a missing table",
    failure("ResourceNotFoundException", { $metadata: { httpStatusCode: 400 } }),
    "single",
    undefined,
  ],
  ["a mixed-up token", failure("IdempotentParameterMismatchException"), "transaction", undefined],
  ["a missing file", failure("Error", { code: "ENOENT" }), "single", undefined],
])("%s", (_, error, kind, outcome) => {
  expect(outcomeOf(error, kind)?.outcome).toBe(outcome);
});

test("names the writes whose conditions failed", () => {
  expect(
    outcomeOf(cancelled("ConditionalCheckFailed", "None", "ConditionalCheckFailed"), "transaction"),
  ).toEqual({
    outcome: "refused",
    failed: [0, 2],
  });
});
