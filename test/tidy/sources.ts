import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

/** One import of a file. `to` is a path from the root of the repository, or a package's name. */
export type Import = {
  readonly to: string;
  readonly line: number;
  /** Only types are taken: nothing is loaded. */
  readonly isType: boolean;
  readonly isLocal: boolean;
};

/** A text file, by its path from the root of the repository. */
export type Source = { readonly path: string; readonly text: string };

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Neither ours nor written by hand. */
const SKIPPED = new Set([".git", ".daybook", "node_modules", "coverage", "fixtures"]);

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(`${ROOT}${folder}`, { withFileTypes: true }).flatMap(entry => {
    const path = posix.join(folder, entry.name);
    if (SKIPPED.has(entry.name)) return [];
    return entry.isDirectory() ? filesUnder(path) : [path];
  });

const TEXT_FILE = /\.(ts|js|md|csv|yaml|yml|json|sh)$|^\.ci\/|(^|\/)\.(npmrc|gitignore)$/;

/** Every text file of the repository, but fixtures and what npm installed. */
export const readSources = (): readonly Source[] =>
  filesUnder("")
    .filter(path => TEXT_FILE.test(path))
    .map(path => ({ path, text: readFileSync(`${ROOT}${path}`, "utf8") }));

export const isTypeScript = ({ path }: Source): boolean => path.endsWith(".ts");

/** Static imports and re-exports, over several lines too; group 1 is `type` where only types are taken. */
const STATIC_IMPORT = /^(?:import|export)\s+(type\s)?(?:[^"'`;()=]*?\sfrom\s+)?"([^"\n]+)"/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*()"([^"\n]+)"\s*\)/g;

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

/** What a file imports, in no particular order. */
export const importsOf = ({ path, text }: Source): readonly Import[] =>
  [STATIC_IMPORT, DYNAMIC_IMPORT].flatMap(pattern =>
    [...text.matchAll(pattern)].map(({ 1: type, 2: name = "", index }) => {
      const isLocal = name.startsWith(".");
      const to = isLocal ? posix.join(posix.dirname(path), name) : name;
      return { to, line: lineAt(text, index), isType: Boolean(type), isLocal };
    }),
  );

/** Lines of code with their numbers: comments on lines of their own are left out, and what follows `//`. */
export const codeLines = ({ text }: Source): readonly { readonly line: number; readonly code: string }[] =>
  text
    .split("\n")
    .map((code, index) => ({ line: index + 1, code }))
    .filter(({ code }) => !/^\s*(\/\/|\/?\*)/.test(code))
    .map(({ line, code }) => ({ line, code: code.replace(/\s\/\/.*$/, "") }));
