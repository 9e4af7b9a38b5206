import type { Command } from "commander";
import { chaosOf, runId, withChaos } from "../options.ts";
import { examples, type Session } from "./session.ts";

export const addScenario = (program: Command, { globals, finish }: Session): void => {
  withChaos(program.command("scenario"))
    .description("run a story from a CSV file and compare it with FILE.expected.json if that is there")
    .argument("<file>", "CSV, one request per row, see scenarios/README.md")
    .option("--run-id <id>", "beginning of the request ids on a shared cloud", runId)
    .addHelpText(
      "after",
      examples(
        "daybook scenario scenarios/golden.csv --json",
        "daybook scenario story.csv --shuffle 3 --duplicate 0.5   the outcome stays the same",
      ),
    )
    .action(async (file: string, options) => {
      const { scenarioCommand } = await import("../scenario.ts");
      const { isAws, output } = globals();
      finish(await scenarioCommand(file, { chaos: chaosOf(options), isAws, runId: options.runId }, output));
    });
};

export const addDemo = (program: Command, { globals, finish }: Session): void => {
  program
    .command("demo")
    .description(
      "tell the whole story: requests, chaos, decisions, the loss of the table, its restore, and the proofs from S3 alone",
    )
    .addHelpText("after", examples("daybook demo", "daybook demo --json"))
    .action(async () => {
      const { demoCommand } = await import("../demo.ts");
      finish(await demoCommand(globals().output));
    });
};
