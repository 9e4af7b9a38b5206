import { codeLines, type Source } from "./sources.ts";

/** The machinery serves any domain: these words are the bank's. Singular; the plural counts too. */
const BANK_WORDS = [
  "account",
  "amount",
  "balance",
  "bank",
  "cent",
  "currency",
  "customer",
  "deposit",
  "euro",
  "money",
  "payment",
  "teller",
  "withdrawal",
];
const MACHINERY = /^src\/(tracking|ledger|replay|bridge|table|ports)\//;
/** A verb of everyday English, not a sum. */
const IDIOMS = /\bamounts? to\b/gi;

/** Words of a text, identifiers taken apart: `recentShard` is `recent` and `shard`. */
const wordsOf = (text: string): readonly string[] =>
  (text.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []).map(word => word.toLowerCase());

const singular = (word: string): string => word.replace(/ies$/, "y").replace(/s$/, "");

/** Bank words in the machinery, in code and comments alike. */
export const bankWordFaults = ({ path, text }: Source): readonly string[] => {
  if (!MACHINERY.test(path)) return [];
  return text.split("\n").flatMap((line, index) =>
    wordsOf(line.replaceAll(IDIOMS, ""))
      .filter(word => BANK_WORDS.includes(singular(word)))
      .map(
        word =>
          `${path}:${index + 1} "${word}" is a word of the bank: say stream, request, change or state, or move it to src/domain`,
      ),
  );
};

const CLOCK_OR_CHANCE =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandomUUID\b|\bset(Timeout|Interval|Immediate)\b|\bperformance\.now\b|node:timers/;
/** The edges, where time and chance come in. */
const EDGES = /^(src\/(aws|local|cli|handlers)\/|src\/app\.ts$|src\/ports\/clock\.ts$)/;

/** Time and chance taken from the machine instead of the ports. */
export const clockFaults = (source: Source): readonly string[] => {
  if (!source.path.startsWith("src/") || EDGES.test(source.path)) return [];
  return codeLines(source)
    .filter(({ code }) => CLOCK_OR_CHANCE.test(code))
    .map(
      ({ line }) =>
        `${source.path}:${line} takes time or chance from the machine: use the ports Clock and Random`,
    );
};

/** Put together from parts, so that this file does not find itself. */
const either = (...parts: readonly (readonly string[])[]): string =>
  parts.map(part => part.join("")).join("|");

const EVERYWHERE: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  {
    pattern: new RegExp(
      either(["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/Us", "ers/"], ["/tmp/", "bash"]),
    ),
    instead: "is a path of one machine: make it relative, or ask for a temporary folder",
  },
  {
    pattern: new RegExp(
      either(["regi", "stry\\.[a-z0-9-]+\\.[a-z]{2}"], ["npm", "js\\."], ["arti", "factory"]),
    ),
    instead: "names a package registry: leave it to the user's own npm settings",
  },
  {
    pattern: new RegExp(`\\b(${either(["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"])})\\b`),
    instead: "is a promise to oneself: do it now, or open an issue",
  },
];

/** What no file of the repository may hold. */
export const leftoverFaults = ({ path, text }: Source): readonly string[] =>
  text
    .split("\n")
    .flatMap((line, index) =>
      EVERYWHERE.flatMap(({ pattern, instead }) =>
        pattern.test(line) ? [`${path}:${index + 1} "${pattern.exec(line)?.[0]}" ${instead}`] : [],
      ),
    );

const MUTED = /\b(?:test|it|describe)(?:\.[a-z]+)*\.(only|skip|skipIf|todo|fails)\b/;

/** Tests that are switched off, or switch others off. */
export const mutedFaults = (source: Source): readonly string[] => {
  if (!source.path.startsWith("test/")) return [];
  return codeLines(source).flatMap(({ line, code }) => {
    const muted = MUTED.exec(code)?.[1];
    return muted === undefined
      ? []
      : [`${source.path}:${line} .${muted} mutes a test: repair it or delete it`];
  });
};
