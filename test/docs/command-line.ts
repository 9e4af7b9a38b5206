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

/** The commands a help lists; the group `inventory` has a list of its own. */
const commandsIn = (help: string): readonly string[] => {
  const at = help.indexOf("\nCommands:");
  if (at === -1) return [];
  return [...help.slice(at).matchAll(/^ {2}([a-z][a-z-]*)(?: |$)/gm)]
    .map(([, name = ""]) => name)
    .filter(name => name !== "help" && name !== "daybook");
};

type Entry = readonly [name: string, options: ReadonlySet<string>];

const readCommand = async (
  words: readonly string[],
  global: readonly string[],
): Promise<readonly Entry[]> => {
  const help = await daybook(...words, "--help");
  const below = await Promise.all(commandsIn(help).map(name => readCommand([...words, name], global)));
  return [[words.join(" "), new Set([...global, ...optionsIn(help)])], ...below.flat()];
};

/** Reads the commands and their options from their own help; a command of a group as `group command`. */
export const readCommandLine = async (): Promise<CommandLine> => {
  const help = await daybook("--help");
  const entries = await Promise.all(commandsIn(help).map(name => readCommand([name], optionsIn(help))));
  return new Map(entries.flat());
};

/** What is wrong with a shown command, if anything. `words` begin behind `daybook`. */
export const misuseOf = (line: CommandLine, words: readonly string[]): string | undefined => {
  const [first = "", second = ""] = words;
  if (first.startsWith("--"))
    return [...line.values()].some(options => options.has(first)) ? undefined : `knows no ${first}`;
  const name = line.has(`${first} ${second}`) ? `${first} ${second}` : first;
  const rest = words.slice(name.split(" ").length);
  const options = line.get(name);
  if (options === undefined) return `knows no command ${name}`;
  const unknown = rest.find(word => word.startsWith("--") && !options.has(word.replace(/=.*/, "")));
  return unknown === undefined ? undefined : `${name} knows no option ${unknown}`;
};
