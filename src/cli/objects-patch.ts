import pMap from "p-map";
import type { App } from "../app.ts";
import { entriesOf } from "../tracking/query/entry.ts";
import { filterOf } from "../tracking/query/filter.ts";
import { matchingKeys } from "../tracking/query/find-objects.ts";
import { type JsonPatch, parsePatch } from "../tracking/query/json-patch.ts";
import { type PatchOutcome, patchAttributes } from "../tracking/query/patch-attributes.ts";
import { type FilterOptions, filterFrom } from "./objects-options.ts";
import { overObjects, sayFrom, tooMany, unknownKey } from "./objects-query.ts";
import { Misused, type Output, Refused } from "./output.ts";
import { readInput } from "./read-input.ts";

/** Keys patched at once: each is a read and a write of its own. */
const PATCHES_AT_ONCE_MAX = 8;

export type PatchOptions = FilterOptions & {
  readonly patch?: string;
  readonly file?: string;
  readonly all?: boolean;
};

/**
 * `daybook objects patch`: changes the attributes of one key, or of all keys that a filter wants.
 * Throws: `Refused` for a key that is unknown or whose attributes the patch does not fit.
 */
export const objectsPatchCommand = async (
  key: string | undefined,
  options: PatchOptions,
  isAws: boolean,
  output: Output,
): Promise<number> => {
  if ((key === undefined) !== (options.all === true))
    throw new Misused("Name one key to patch, or give --all and the filters of those meant.");
  if (key !== undefined && Object.keys(filterFrom(options)).length > 0)
    throw new Misused("A key that is named is patched whatever it is like: leave the filters out.");
  const text = patchText(options);
  return overObjects(isAws, async app => {
    const patch = parsePatch(text);
    return key === undefined ? patchAll(app, patch, options, output) : patchOne(app, key, patch, output);
  });
};

const patchText = ({ patch, file }: PatchOptions): string => {
  if (patch !== undefined && file === undefined) return patch;
  if (patch === undefined && file !== undefined) return readInput(file).toString();
  throw new Misused("Give the patch either by --patch or by --file.");
};

const patchOne = async (app: App, key: string, patch: JsonPatch, output: Output): Promise<number> => {
  const patched: PatchOutcome =
    key === "" ? { outcome: "unknown" } : await patchAttributes(app.ledger, key, patch);
  if (patched.outcome === "unknown") throw unknownKey(key);
  if ("reason" in patched) throw new Refused(`${key} is as it was: ${patched.reason}.`);
  if (output.isJson) output.json({ key, ...patched });
  else
    output.data(
      `${key}: ${patched.outcome}, ${JSON.stringify("attributes" in patched ? patched.attributes : {})}`,
    );
  return 0;
};

const OUTCOMES = ["patched", "unchanged", "refused", "failed", "unwanted", "unknown"] as const;

const patchAll = async (
  app: App,
  patch: JsonPatch,
  options: PatchOptions,
  output: Output,
): Promise<number> => {
  const filter = filterFrom(options);
  // All are found before the first is written: the patch may change what the filter asks for.
  const found = await matchingKeys(app.ledger, filter, app.clock.now());
  if (found.outcome === "too many") throw tooMany(found, "would be patched, so none was");
  const isWanted = filterOf(filter);
  const outcomes = await pMap(
    found.keys,
    async key => {
      const patched = await patchAttributes(app.ledger, key, patch, state => entriesOf(state).some(isWanted));
      if (output.isJson) output.json({ key, ...patched });
      else output.data(`${patched.outcome}  ${key}${"reason" in patched ? `: ${patched.reason}` : ""}`);
      return patched.outcome;
    },
    { concurrency: PATCHES_AT_ONCE_MAX },
  );
  const counts = OUTCOMES.map(name => [name, outcomes.filter(outcome => outcome === name).length] as const);
  if (output.isJson)
    output.json({ type: "summary", keys: outcomes.length, ...Object.fromEntries(counts), from: found.from });
  else
    output.talk(
      counts.flatMap(([name, count]) => (count === 0 ? [] : `${count} ${name}`)).join(", ") || "None.",
    );
  sayFrom(output, found.from, options);
  return outcomes.some(outcome => outcome === "refused" || outcome === "failed") ? 1 : 0;
};
