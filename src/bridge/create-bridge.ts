import type { Log } from "../ports/log.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { PartUploads } from "../ports/part-uploads.ts";
import type { Random } from "../ports/random.ts";
import { memoryRows } from "./memory-rows.ts";
import type { Bridge, BridgeTime } from "./ports.ts";
import type { Env } from "./read-variable.ts";
import { type Rows, recordsIn } from "./records.ts";
import { sweepRunFolders } from "./run-folder.ts";
import { settingsFrom } from "./settings-from.ts";

/** What a bridge is made of. */
export type BridgeParts = {
  readonly env: Env;
  readonly objects: ObjectStore;
  readonly parts: PartUploads;
  readonly time: BridgeTime;
  readonly random: Random;
  readonly log: Log;
  readonly temporaryFolder: string;
  /** The table of this name. */
  readonly rowsOf: (table: string) => Promise<Rows>;
};

/**
 * Puts a bridge together by the settings in the environment, and removes what bridges that were killed left behind.
 * Throws: `InvalidSetting`.
 */
export const createBridge = async (parts: BridgeParts): Promise<Bridge> => {
  const { env, time, random, log, temporaryFolder } = parts;
  const settings = await settingsFrom(env, time);
  const rows = settings.runsTable === undefined ? memoryRows() : await parts.rowsOf(settings.runsTable);
  const { removed, left } = await sweepRunFolders(temporaryFolder);
  if (removed > 0) log.warn("Removed folders that were left behind", { removed });
  if (left.length > 0)
    log.warn("Folders that were left behind could not be removed", { folders: left.length, first: left[0] });
  return { ...parts, settings, records: recordsIn(rows, { bridge: settings.name, clock: time, random }) };
};
