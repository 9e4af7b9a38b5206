import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export type DocPage = { readonly path: string; readonly text: string };

export const readText = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

const markdownIn = (folder: string): readonly string[] =>
  readdirSync(`${ROOT}${folder}`)
    .filter(name => name.endsWith(".md"))
    .map(name => `${folder}${name}`);

/** Every page people read, by path from the root of the repository. */
export const readPages = (): readonly DocPage[] =>
  ["", "docs/", "docs/decisions/", "scenarios/"]
    .flatMap(markdownIn)
    .map(path => ({ path, text: readText(path) }));

/** A line of a page, with its number. */
type Line = { readonly line: number; readonly text: string };

/** The lines inside fenced blocks. */
const fencedLines = (text: string): readonly Line[] => {
  let isFenced = false;
  return text.split("\n").flatMap((each, index) => {
    if (each.startsWith("```")) {
      isFenced = !isFenced;
      return [];
    }
    return isFenced ? [{ line: index + 1, text: each }] : [];
  });
};

/** Code within sentences and tables. */
const inlineCode = (text: string): readonly Line[] =>
  text
    .split("\n")
    .flatMap((each, index) =>
      [...each.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => ({ line: index + 1, text: code })),
    );

/** A command that a page tells its reader to run: where it stands, and its words. */
export type ShownCommand = { readonly at: string; readonly text: string; readonly words: readonly string[] };

const COMMAND = /^(?:\$ )?(?:[A-Z_]+=\S+ )*((?:npx|npm|node|daybook|\.ci\/run)\b.*)$/;

/** Commands of npm, npx, node and daybook that a page shows; comments behind them are left out. */
export const commandsOf = ({ path, text }: DocPage): readonly ShownCommand[] =>
  [...fencedLines(text), ...inlineCode(text)].flatMap(({ line, text: shown }) => {
    const command = COMMAND.exec(shown.replace(/\s+#.*$/, "").trim())?.[1];
    return command === undefined
      ? []
      : [{ at: `${path}:${line}`, text: command, words: command.split(/\s+/) }];
  });

/** A link to something in the repository, relative to its page: `to` without its anchor. */
export type Link = { readonly at: string; readonly to: string; readonly anchor: string | undefined };

export const linksOf = ({ path, text }: DocPage): readonly Link[] =>
  text.split("\n").flatMap((line, index) =>
    [...line.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter(target => !/^https?:/.test(target))
      .map(target => {
        const [to = "", anchor] = target.split("#");
        return { at: `${path}:${index + 1}`, to, anchor };
      }),
  );

/** The anchors of a page's headings, as GitHub makes them. */
export const anchorsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
