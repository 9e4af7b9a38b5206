import { type Import, importsOf, type Source } from "./sources.ts";

/** Which parts of src a part may import, besides itself. Dependencies point inwards. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  ports: [],
  config: [],
  table: ["ports"],
  tracking: ["table", "ports"],
  ledger: ["tracking", "table", "ports"],
  replay: ["ledger", "tracking", "table", "ports"],
  bridge: ["tracking", "table", "ports"],
  projections: ["domain", "ledger", "tracking", "table", "ports"],
  aws: ["table", "ports"],
  local: ["table", "ports"],
  app: [
    "aws",
    "bridge",
    "config",
    "domain",
    "ledger",
    "local",
    "ports",
    "projections",
    "replay",
    "table",
    "tracking",
  ],
  handlers: ["app", "aws", "config", "ports", "replay", "tracking"],
  cli: [
    "app",
    "aws",
    "bridge",
    "config",
    "domain",
    "ledger",
    "local",
    "ports",
    "projections",
    "replay",
    "table",
    "tracking",
  ],
};

/** Files that may do what their part may not, each with its reason. */
const ALSO: Readonly<Record<string, { readonly imports: readonly string[]; readonly why: string }>> = {
  "src/handlers/bridge.ts": {
    imports: ["bridge", "local"],
    why: "a bridge serves no domain, so it is put together without app.ts; local: the machine's clock",
  },
  "src/cli/up.ts": { imports: ["handlers"], why: "the local cloud runs the Lambda function itself" },
};

/** Of these only types may be taken: the rows know the machinery's shapes, not its code. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = { projections: ["ledger", "tracking"] };

/** Parts that compute and do not touch the machine. */
const WITHOUT_MACHINE = ["domain", "ports", "config", "table", "tracking", "ledger", "projections"];
/** What of Node they may use all the same: functions of their arguments. */
const PURE_NODE = ["node:crypto", "node:util"];

/** Where each package may be imported in src; a package that is not listed here may not be imported at all. */
const PACKAGES: readonly { readonly name: RegExp; readonly where: RegExp }[] = [
  { name: /^@aws-sdk\//, where: /^src\/aws\// },
  { name: /^@aws-lambda-powertools\//, where: /^src\/aws\/telemetry\.ts$/ },
  { name: /^electrodb$/, where: /^src\/(table\/row|[a-z]+\/entities)\.ts$/ },
  { name: /^decimal\.js$/, where: /^src\/domain\/money\.ts$/ },
  { name: /^aws-lambda$/, where: /^src\/(handlers|local\/lambda)\// },
  { name: /^(commander|cli-progress)$/, where: /^src\/cli\// },
  { name: /^csv-parse(\/|$)/, where: /^src\/(cli|replay)\// },
  { name: /^fast-xml-parser$/, where: /^src\/local\/wire\// },
  { name: /^hyparquet(-compressors)?$/, where: /^src\/replay\/inventory\// },
  { name: /^hyparquet-writer$/, where: /^src\/local\/inventory\// },
  { name: /^rfc6902$/, where: /^src\/tracking\/query\/json-patch\.ts$/ },
  { name: /^re2js$/, where: /^src\/bridge\/pattern\.ts$/ },
  { name: /^jq-web$/, where: /^src\/bridge\/jq-worker\.ts$/ },
  { name: /^p-map$/, where: /^src\/(?!domain\/|ports\/)/ },
];

const partOf = (path: string): string => path.split("/")[1]?.replace(/\.ts$/, "") ?? "";

const localFault = (path: string, { to, isType }: Import): string | undefined => {
  if (!to.startsWith("src/")) return `src never imports ${to}: move what is needed into src`;
  const [from, part] = [partOf(path), partOf(to)];
  if (from === part) return undefined;
  const allowed = [...(MAY_IMPORT[from] ?? []), ...(ALSO[path]?.imports ?? [])];
  if (!allowed.includes(part))
    return `${from} may import ${["only itself", ...allowed].join(", ")}, not ${to}: hand it in from app.ts, or move it inwards`;
  if (TYPES_ONLY[from]?.includes(part) && !isType)
    return `${from} may take only types from ${part}: write "import type", or move the function`;
  return undefined;
};

const packageFault = (path: string, { to }: Import): string | undefined => {
  const part = partOf(path);
  if (to.startsWith("node:")) {
    if (!WITHOUT_MACHINE.includes(part)) return undefined;
    if (part !== "domain" && part !== "ports" && PURE_NODE.includes(to)) return undefined;
    return `${part} does not touch the machine, and ${to} does: put it behind a port`;
  }
  const known = PACKAGES.find(({ name }) => name.test(to));
  if (known === undefined)
    return `${to} is no known dependency: give it a place in test/tidy/walls.ts and a reason in docs/decisions`;
  if (known.where.test(path)) return undefined;
  return `${to} may be imported only where ${known.where.source} says: use the port instead`;
};

/** Imports of a file of src that break a wall, one sentence each: what is wrong, and what to do instead. */
export const wallFaults = (source: Source): readonly string[] =>
  source.path.startsWith("src/")
    ? importsOf(source).flatMap(each => {
        const fault = each.isLocal ? localFault(source.path, each) : packageFault(source.path, each);
        return fault === undefined ? [] : [`${source.path}:${each.line} ${fault}`];
      })
    : [];
