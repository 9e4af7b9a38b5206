import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { ROOT } from "./pages.ts";

const PINNED = `${ROOT}node_modules/.bin/node`;
/** Longer than any command here takes on a busy machine; a command that hangs must fail and not hang the tests. */
const RUN_MS_MAX = 50_000;

/** Runs the command line from the root of the repository. Returns: what it printed; throws if it failed. */
export const daybook = (...words: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const node = existsSync(PINNED) ? PINNED : process.execPath;
    const child = spawn(node, ["--disable-warning=ExperimentalWarning", "src/cli/main.ts", ...words], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NO_COLOR: "1" },
      timeout: RUN_MS_MAX,
    });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", text => {
      printed += text;
    });
    child.on("error", reject);
    child.on("close", code =>
      code === 0 ? resolve(printed) : reject(new Error(`daybook ${words.join(" ")} exited with ${code}`)),
    );
  });

/** What the command line knows: each command with its options, those of all commands included. */
export type CommandLine = ReadonlyMap<string, ReadonlySet<string>>;

const optionsIn = (help: string): readonly string[] =>
  [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = ""]) => option);

/** Reads the commands and their options from their own help. */
export const readCommandLine = async (): Promise<CommandLine> => {
  const help = await daybook("--help");
  const listed = help.slice(help.indexOf("\nCommands:"));
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)(?: |$)/gm)]
    .map(([, name = ""]) => name)
    .filter(name => name !== "help" && name !== "daybook");
  const global = optionsIn(help);
  const entries = await Promise.all(
    names.map(
      async name => [name, new Set([...global, ...optionsIn(await daybook(name, "--help"))])] as const,
    ),
  );
  return new Map(entries);
};

/** What is wrong with a shown command, if anything. `words` begin behind `daybook`. */
export const misuseOf = (line: CommandLine, words: readonly string[]): string | undefined => {
  const [name = "", ...rest] = words;
  if (name.startsWith("--"))
    return [...line.values()].some(options => options.has(name)) ? undefined : `knows no ${name}`;
  const options = line.get(name);
  if (options === undefined) return `knows no command ${name}`;
  const unknown = rest.find(word => word.startsWith("--") && !options.has(word.replace(/=.*/, "")));
  return unknown === undefined ? undefined : `${name} knows no option ${unknown}`;
};
