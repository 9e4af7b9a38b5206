import type { Pattern } from "./pattern.ts";

/** What a bridge does, and how much of it. Read from the environment by `settingsFrom`. */
export type Settings = {
  /** Tells this bridge's records of what it did from those of others in the same table. */
  readonly name: string;
  readonly eventNames: readonly string[];
  readonly matchKey: Pattern;
  readonly pullParentDirs: number;
  readonly prefixUnderflow: "bucket" | "fail";
  readonly isMergingGroups: boolean;
  /** None: every key. */
  readonly pullMatchKeys: readonly Pattern[];
  /** Folders below the prefix from which is pulled; absent: all. */
  readonly pullDepth: number | undefined;
  /** A jq expression; absent: every group runs. */
  readonly filter: string | undefined;
  readonly filterOnError: "fail" | "run" | "skip";
  /** Absent: the bucket of the event. */
  readonly targetBucket: string | undefined;
  readonly uploadMode: "changed" | "all";
  readonly isDeleting: boolean;
  /** File name, below the prefix, of an object that lists the outputs and is stored after all of them. */
  readonly manifestName: string | undefined;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly okExitCodes: readonly number[];
  readonly handlerEnv: "inherit" | "minimal";
  readonly rootFolderVar: string;
  readonly bucketVar: string;
  readonly keyPrefixVar: string;
  readonly eventsFileVar: string;
  readonly unsafeKeys: "fail" | "skip";
  readonly archived: "fail" | "skip" | "restore";
  readonly links: "skip" | "fail";
  readonly isRunOnce: boolean;
  /** Table of the records; absent: they are kept in memory. */
  readonly runsTable: string | undefined;
  readonly limits: Limits;
};

export type Limits = {
  readonly objectsMax: number;
  readonly totalBytesMax: number;
  readonly diskBytesMax: number;
  readonly printedBytesMax: number;
  readonly depthMax: number;
  readonly downloadsAtOnce: number;
  readonly groupsAtOnce: number;
  readonly filterMs: number;
  readonly handlerMs: number;
  /** Of the time there is, what is left for the upload. */
  readonly uploadReserveMs: number;
};

/** A variable of the environment cannot be used. */
export class InvalidSetting extends Error {
  override readonly name = "InvalidSetting";
  constructor(variable: string, problem: string) {
    super(`${variable}: ${problem}`);
  }
}
