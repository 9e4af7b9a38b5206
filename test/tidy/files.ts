import { basename, posix } from "node:path";
import { importsOf, isTypeScript, type Source } from "./sources.ts";

/** Longest file of code that one reads in a sitting, and longest file of tests, which are mostly tables of cases. */
const LINES_MAX = 250;
const TEST_LINES_MAX = 600;

/** Files that may be longer, each with its reason. */
const LONGER: Readonly<Record<string, string>> = {
  "src/domain/events.ts": "a table: one entry per type of event",
  "src/local/sqs/sqs.ts": "the queue's operations, each a few lines over one state",
  "src/local/wire/s3-objects.ts": "one short handler per operation of S3 on objects",
  "src/local/wire/sqs-json.ts": "one short handler per operation of SQS",
};

const isCode = ({ path }: Source): boolean =>
  /^(src|cdk|scripts|bin|test)\//.test(path) && /\.[tj]s$/.test(path);

const linesOf = ({ text }: Source): number => text.split("\n").length - 1;

/** Files that are too long, and exceptions that are no longer needed. */
export const lengthFaults = (sources: readonly Source[]): readonly string[] => {
  const code = sources.filter(isCode);
  const long = code.filter(
    source => linesOf(source) > (source.path.startsWith("test/") ? TEST_LINES_MAX : LINES_MAX),
  );
  return [
    ...long
      .filter(({ path }) => !(path in LONGER))
      .map(source => `${source.path} has ${linesOf(source)} lines: split it by idea`),
    ...Object.keys(LONGER)
      .filter(path => !long.some(source => source.path === path))
      .map(path => `${path} is not too long any more: take it from the list in test/tidy/files.ts`),
  ];
};

const VAGUE_NAME = /^(utils?|helpers?|manager|services?|common|core|misc|index)\b/;

/** File names that are not in kebab case, or say nothing. */
export const nameFaults = (sources: readonly Source[]): readonly string[] =>
  sources.filter(isCode).flatMap(({ path }) => {
    const name = basename(path);
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*\.[tj]s$/.test(name))
      return [`${path} is not in kebab case: rename it`];
    return VAGUE_NAME.test(name) ? [`${path} has a name that says nothing: name its idea`] : [];
  });

/** Where programs begin, and who begins them. */
const ENTRY_POINTS: readonly { readonly path: RegExp; readonly by: string }[] = [
  { path: /^src\/cli\/main\.ts$/, by: "bin/daybook.js" },
  { path: /^src\/handlers\/[a-z-]+\.ts$/, by: "Lambda" },
  { path: /^cdk\/app\.ts$/, by: "cdk/cdk.json" },
  { path: /^scripts\/[a-z-]+\.ts$/, by: "the scripts of package.json" },
  { path: /^test\/bench\/[a-z-]+\.ts$/, by: "the scripts of package.json" },
  { path: /^test\/.*\.test\.ts$/, by: "Vitest" },
  { path: /^vitest\.config\.ts$/, by: "Vitest" },
  { path: /^test\/support\/dynamodb-local\.setup\.ts$/, by: "vitest.config.ts" },
];

const isEntryPoint = ({ path }: Source): boolean => ENTRY_POINTS.some(entry => entry.path.test(path));

/** Files a file names as text, to run them in another process or thread. */
const namedFiles = ({ path, text }: Source): readonly string[] =>
  [...text.matchAll(/"((?:\.{1,2}\/)?[^"\s]+\.ts)"/g)].map(([, name = ""]) =>
    posix.join(posix.dirname(path), name),
  );

/** TypeScript files that no entry point leads to. */
export const deadFiles = (sources: readonly Source[]): readonly string[] => {
  const byPath = new Map(sources.filter(isTypeScript).map(source => [source.path, source]));
  const reached = new Set<string>();
  const waiting = [...byPath.values()].filter(isEntryPoint);
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    if (reached.has(source.path)) continue;
    reached.add(source.path);
    for (const path of [...importsOf(source).map(({ to }) => to), ...namedFiles(source)]) {
      const next = byPath.get(path);
      if (next) waiting.push(next);
    }
  }
  return [...byPath.keys()]
    .filter(path => !reached.has(path))
    .map(path => `${path} is imported by nothing: delete it, or name its entry point in test/tidy/files.ts`);
};
