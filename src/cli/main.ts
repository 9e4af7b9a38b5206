import { failureOf } from "./failure.ts";
import { outliveReaders } from "./output.ts";
import { createProgram } from "./program.ts";
import { listenForStop, type Stopping } from "./stopping.ts";

/** Runs one command line. Returns: the exit code. */
const run = async (argv: readonly string[], stopping: Stopping): Promise<number> => {
  let code = 0;
  const program = createProgram(stopping, finished => {
    code = finished;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    const { exitCode, text } = failureOf(error);
    if (text !== undefined) process.stderr.write(`${text}\n`);
    return exitCode;
  }
};

outliveReaders();
process.exitCode = await run(process.argv.slice(2), listenForStop());
