import { type Command, Option } from "commander";
import { examples, type Session } from "./session.ts";

export const addHalt = (program: Command, { globals, finish }: Session): void => {
  program
    .command("halt")
    .description("stop deciding and placing; requests wait in their queues, untouched")
    .requiredOption("--reason <text>", "why, for whoever finds it halted")
    .addHelpText("after", examples('daybook halt --reason "wrong fees since the last release"'))
    .action(async ({ reason }: { reason: string }) => {
      const { haltCommand } = await import("../halt.ts");
      const { isAws, output } = globals();
      finish(await haltCommand({ reason, isAws }, output));
    });
};

export const addResume = (program: Command, { globals, finish }: Session): void => {
  program
    .command("resume")
    .description("go on after a halt")
    .option("--reason <text>", "why, for the record", "resumed")
    .addHelpText("after", examples("daybook resume"))
    .action(async ({ reason }: { reason: string }) => {
      const { resumeCommand } = await import("../halt.ts");
      const { isAws, output } = globals();
      finish(await resumeCommand({ reason, isAws }, output));
    });
};

const queueOption = (): Option =>
  new Option("--queue <queue>", "only those of this queue").choices(["project", "place"]);

export const addDeadLetters = (program: Command, { globals, finish }: Session): void => {
  const deadLetters = program
    .command("dead-letters")
    .description("messages that were received too often: look at them, or send them back");
  deadLetters
    .command("list")
    .description("show them and the objects they tell of; deletes none, counts are approximate")
    .addOption(queueOption())
    .addHelpText(
      "after",
      examples("daybook dead-letters list", "daybook dead-letters list --queue place --json"),
    )
    .action(async ({ queue }) => {
      const { deadLettersCommand } = await import("../dead-letters.ts");
      const { isAws, output } = globals();
      finish(await deadLettersCommand({ queue, isAws }, output));
    });
  deadLetters
    .command("redrive")
    .description("send them back to their queue, once what stood in their way is gone")
    .addOption(queueOption())
    .addHelpText(
      "after",
      examples("daybook dead-letters redrive", "daybook dead-letters redrive --queue project"),
    )
    .action(async ({ queue }) => {
      const { redriveCommand } = await import("../dead-letters.ts");
      const { isAws, output } = globals();
      finish(await redriveCommand({ queue, isAws }, output));
    });
};
