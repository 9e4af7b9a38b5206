import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { checkFilter, FilterBroken } from "./filter.ts";
import { compilePattern, InvalidPattern, type Pattern } from "./pattern.ts";
import type { BridgeTime } from "./ports.ts";
import { RUN_ID_VAR } from "./processes.ts";
import { choiceIn, type Env, flagIn, integerIn, listIn, textIn, variableNameIn } from "./read-variable.ts";
import { InvalidSetting, type Limits, type Settings } from "./settings.ts";
import { UnclosedQuote, wordsOf } from "./words.ts";

const MIB = 1024 * 1024;
/** Ten times what a folder of files that people look after has. */
const OBJECTS = 10_000;
const OBJECTS_MAX = 1_000_000;
/** Lambda's largest temporary storage. Source: AWS Lambda Developer Guide, "Configure ephemeral storage". */
const DISK_BYTES = 10 * 1024 * MIB;
const BYTES_MAX = 10 ** 13;
const PRINTED_BYTES = 64 * MIB;
/** Maps, reductions and whatever is made of them; a loop is stopped soon all the same. */
const DEPTH = 8;
const DOWNLOADS_AT_ONCE = 16;
const AT_ONCE_MAX = 128;
/** Lambda's longest time. */
const HANDLER_SECONDS = 900;
const SECONDS_MAX = 86_400;
const FILTER_SECONDS = 10;
const UPLOAD_RESERVE_SECONDS = 20;
const DEPTH_MAX = 1_000;
/** S3's own depth of folders in a key. */
const DIRECTORIES_MAX = 1_024;

/**
 * The settings in the environment; every variable is explained in docs/BRIDGE.md.
 *
 * All of it is checked here, patterns and filter too, so that no event meets a bridge that cannot work.
 * Throws: `InvalidSetting`. Source: S3 Event Bridge, "Configuration"; vectors V16, V22, V23 and V53.
 */
export const settingsFrom = async (env: Env, time: BridgeTime): Promise<Settings> => {
  const command = commandIn(env);
  const runsTable = textIn(env, "RUNS_TABLE");
  const isRunOnce = flagIn(env, "RUN_ONCE");
  if (isRunOnce && runsTable === undefined)
    throw new InvalidSetting("RUN_ONCE", "needs RUNS_TABLE, the table where it is written down what ran");
  const limits = limitsIn(env);
  const depth = integerIn(env, "PULL_DEPTH", { ifUnset: -1, min: -1, max: DIRECTORIES_MAX });
  return {
    name: textIn(env, "BRIDGE_NAME") ?? nameOf(env, command),
    eventNames: eventNamesIn(env),
    matchKey: patternIn("MATCH_KEY", env.MATCH_KEY ?? ""),
    pullParentDirs: parentDirsIn(env),
    prefixUnderflow: choiceIn(env, "PREFIX_UNDERFLOW", ["bucket", "fail"]),
    isMergingGroups: flagIn(env, "MERGE_GROUPS"),
    pullMatchKeys: listIn(env, "PULL_MATCH_KEYS").map(text => patternIn("PULL_MATCH_KEYS", text)),
    pullDepth: depth < 0 ? undefined : depth,
    filter: await filterIn(env, { filterMs: limits.filterMs, time }),
    filterOnError: choiceIn(env, "FILTER_ON_ERROR", ["fail", "run", "skip"]),
    targetBucket: textIn(env, "TARGET_BUCKET"),
    uploadMode: choiceIn(env, "UPLOAD_MODE", ["changed", "all"]),
    isDeleting: flagIn(env, "PROPAGATE_DELETES"),
    manifestName: textIn(env, "MANIFEST_NAME"),
    command,
    okExitCodes: exitCodesIn(env),
    handlerEnv: choiceIn(env, "HANDLER_ENV", ["inherit", "minimal"]),
    ...variableNamesIn(env),
    unsafeKeys: choiceIn(env, "UNSAFE_KEYS", ["fail", "skip"]),
    archived: choiceIn(env, "ARCHIVED", ["fail", "skip", "restore"]),
    links: choiceIn(env, "LINKS", ["skip", "fail"]),
    isRunOnce,
    runsTable,
    limits,
  };
};

const limitsIn = (env: Env): Limits => {
  const seconds = (variable: string, ifUnset: number): number =>
    integerIn(env, variable, { ifUnset, min: 1, max: SECONDS_MAX }) * 1000;
  const bytes = (variable: string, ifUnset: number): number =>
    integerIn(env, variable, { ifUnset, min: 1, max: BYTES_MAX });
  const atOnce = (variable: string, ifUnset: number): number =>
    integerIn(env, variable, { ifUnset, min: 1, max: AT_ONCE_MAX });
  return {
    objectsMax: integerIn(env, "MAX_OBJECTS", { ifUnset: OBJECTS, min: 1, max: OBJECTS_MAX }),
    totalBytesMax: bytes("MAX_TOTAL_BYTES", DISK_BYTES),
    diskBytesMax: bytes("MAX_DISK_BYTES", DISK_BYTES),
    printedBytesMax: bytes("MAX_PRINTED_BYTES", PRINTED_BYTES),
    depthMax: integerIn(env, "MAX_DEPTH", { ifUnset: DEPTH, min: 1, max: DEPTH_MAX }),
    downloadsAtOnce: atOnce("DOWNLOADS_AT_ONCE", DOWNLOADS_AT_ONCE),
    groupsAtOnce: atOnce("GROUPS_AT_ONCE", 1),
    filterMs: seconds("FILTER_SECONDS", FILTER_SECONDS),
    handlerMs: seconds("HANDLER_SECONDS", HANDLER_SECONDS),
    uploadReserveMs: seconds("UPLOAD_RESERVE_SECONDS", UPLOAD_RESERVE_SECONDS),
  };
};

const patternIn = (variable: string, text: string): Pattern => {
  try {
    return compilePattern(text);
  } catch (error) {
    throw error instanceof InvalidPattern ? new InvalidSetting(variable, error.message) : error;
  }
};

/** Unset is 0; empty is a mistake, as it was in the ancestor. */
const parentDirsIn = (env: Env): number => {
  if (env.PULL_PARENT_DIRS !== undefined && textIn(env, "PULL_PARENT_DIRS") === undefined)
    throw new InvalidSetting("PULL_PARENT_DIRS", "expected a whole number, got nothing");
  return integerIn(env, "PULL_PARENT_DIRS", { ifUnset: 0, min: -DIRECTORIES_MAX, max: DIRECTORIES_MAX });
};

const commandIn = (env: Env): readonly string[] => {
  const text = textIn(env, "HANDLER_COMMAND");
  if (text === undefined) throw new InvalidSetting("HANDLER_COMMAND", "expected a command, got nothing");
  if (flagIn(env, "HANDLER_SHELL")) return ["/bin/sh", "-c", text];
  try {
    const words = wordsOf(text);
    if (words[0] !== undefined && words[0] !== "") return words;
    throw new InvalidSetting("HANDLER_COMMAND", "expected a command, got nothing");
  } catch (error) {
    throw error instanceof UnclosedQuote ? new InvalidSetting("HANDLER_COMMAND", error.message) : error;
  }
};

/** Throws: `InvalidSetting` for a name that would be given twice, of which the handler could see only one value. */
const variableNamesIn = (
  env: Env,
): Pick<Settings, "rootFolderVar" | "bucketVar" | "keyPrefixVar" | "eventsFileVar"> => {
  const taken = new Set(["TARGET_BUCKET", RUN_ID_VAR]);
  const nameIn = (variable: string, ifUnset: string): string => {
    const name = variableNameIn(env, variable, ifUnset);
    if (taken.has(name))
      throw new InvalidSetting(variable, `the handler gets something else in ${name}: choose another name`);
    taken.add(name);
    return name;
  };
  return {
    rootFolderVar: nameIn("ROOT_FOLDER_VAR", "ROOT_FOLDER"),
    bucketVar: nameIn("BUCKET_VAR", "BUCKET"),
    keyPrefixVar: nameIn("KEY_PREFIX_VAR", "KEY_PREFIX"),
    eventsFileVar: nameIn("EVENTS_FILE_VAR", "EVENTS_FILE"),
  };
};

const exitCodesIn = (env: Env): readonly number[] => {
  const codes = listIn(env, "HANDLER_OK_EXIT_CODES");
  const wrong = codes.find(code => !/^\d{1,3}$/.test(code) || Number(code) > 255);
  if (wrong !== undefined)
    throw new InvalidSetting("HANDLER_OK_EXIT_CODES", `expected numbers from 0 to 255, got "${wrong}"`);
  return codes.length === 0 ? [0] : codes.map(Number);
};

const eventNamesIn = (env: Env): readonly string[] => {
  const names = listIn(env, "EVENT_NAMES").map(name => name.replace(/^s3:/, ""));
  const wrong = names.find(name => !/^[A-Za-z]+(:(\*|[A-Za-z]+))?$/.test(name));
  if (wrong !== undefined)
    throw new InvalidSetting("EVENT_NAMES", `expected names such as ObjectCreated:*, got "${wrong}"`);
  return names.length === 0 ? ["ObjectCreated:*"] : names;
};

const filterIn = async (
  env: Env,
  { filterMs, time }: { readonly filterMs: number; readonly time: BridgeTime },
): Promise<string | undefined> => {
  const expression = textIn(env, "EXECUTION_FILTER_EXPR");
  const file = textIn(env, "EXECUTION_FILTER_FILE");
  if (expression !== undefined && file !== undefined)
    throw new InvalidSetting("EXECUTION_FILTER_EXPR", "both it and EXECUTION_FILTER_FILE are set: unset one");
  const variable = file === undefined ? "EXECUTION_FILTER_EXPR" : "EXECUTION_FILTER_FILE";
  const filter = file === undefined ? expression : filterOf(file);
  if (filter === undefined) return undefined;
  try {
    await checkFilter(filter, { filterMs, time });
    return filter;
  } catch (error) {
    throw error instanceof FilterBroken ? new InvalidSetting(variable, error.message) : error;
  }
};

const filterOf = (file: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InvalidSetting("EXECUTION_FILTER_FILE", `cannot be read as UTF-8: ${why}`);
  }
};

/** What decides which events a bridge works on, what its handler is given and what of it is stored where. */
const NAMING = [
  "MATCH_KEY",
  "EVENT_NAMES",
  "PULL_PARENT_DIRS",
  "PULL_MATCH_KEYS",
  "PULL_DEPTH",
  "MERGE_GROUPS",
  "EXECUTION_FILTER_EXPR",
  "EXECUTION_FILTER_FILE",
  "TARGET_BUCKET",
  "UPLOAD_MODE",
  "MANIFEST_NAME",
];

/** A function has a name of its own; elsewhere, what is run where tells bridges apart. */
const nameOf = (env: Env, command: readonly string[]): string => {
  const what = [command, ...NAMING.map(variable => env[variable])];
  return (
    textIn(env, "AWS_LAMBDA_FUNCTION_NAME") ??
    createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 16)
  );
};
