import "../calm-zlib.ts";

// A process of its own for conformance: gets a seed at a time, gives back what came of it. Its argument: the address of
// DynamoDB Local.

// Thousands of errors are thrown on purpose: what led to each is of no use.
Error.stackTraceLimit = 0;
const { callsOfHistory, conformCalls, conformingDynamoDb } = await import("./history.ts");
const dynamodb = conformingDynamoDb(process.argv[2] ?? "");

process.on("message", (seed: number) => {
  void callsOfHistory(seed)
    .then(calls => conformCalls(calls, dynamodb))
    .then(
      end => process.send?.({ seed, end }),
      (error: unknown) =>
        process.send?.({ seed, error: error instanceof Error ? error.stack : String(error) }),
    );
});
// Whoever started it has no more to do for it, or is gone.
process.on("disconnect", () => process.exit());
