import "./calm-zlib.ts";
import { mutantNamed } from "./mutants.ts";
import { loadMutated } from "./mutate.ts";

// A process of its own for histories: gets seeds, gives back what came of them. A mutant is given as its argument.
const [name] = process.argv.slice(2);
if (name !== undefined && name !== "") loadMutated(mutantNamed(name));
// Thousands of errors are thrown on purpose: what led to each is of no use.
Error.stackTraceLimit = 0;
// Loaded after the hook, so that it can change what they import.
const { runBatch } = await import("./batch.ts");

process.on("message", (seeds: readonly number[]) => {
  void runBatch(seeds).then(
    end => process.send?.({ end }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? error.stack : String(error), seeds }),
  );
});
process.send?.({ isReady: true });
