import { CommanderError } from "commander";
import { BucketMissing } from "../aws/s3-errors.ts";
import { InvalidSetting } from "../bridge/settings.ts";
import { InvalidConfig } from "../config.ts";
import { ObjectDamaged } from "../ledger/json-in-s3.ts";
import { SplitBrain } from "../ledger/publish.ts";
import { UnreadableRecord } from "../ledger/record.ts";
import { OffTheChain } from "../ledger/repair-errors.ts";
import { JournalCorrupt } from "../local/durability/journal.ts";
import { DataFolderLocked } from "../local/durability/lock.ts";
import { JavaMissing } from "../local/dynamodb-local.ts";
import { PointInTimeFailed } from "../local/point-in-time/over-control.ts";
import { DeadLettersRefused } from "../ports/dead-letters.ts";
import { BundleDamaged } from "../replay/bundle/errors.ts";
import { ControlDamaged } from "../replay/control/control.ts";
import { InventoryError } from "../replay/inventory/errors.ts";
import { ManifestDamaged } from "../replay/manifest/manifest.ts";
import { TooManyKeys } from "../replay/reconcile/too-many-keys.ts";
import { EpochOver } from "../replay/replay/replay-errors.ts";
import { RestoreRefused, RestoreTakenOver } from "../replay/restore/restore-errors.ts";
import { RunTakenOver } from "../replay/runs/run.ts";
import { SnapshotDamaged } from "../replay/snapshot/snapshot-errors.ts";
import { EpochEnded } from "../replay/verify/epoch-ended.ts";
import { InvalidQuery } from "../tracking/query/invalid-query.ts";
import { Misused, Refused } from "./output.ts";
import { InvalidScenario } from "./scenario-error.ts";

/** How a command that threw ends: what the process exits with, and what is said on stderr, if anything is left to say. */
export type Failure = { readonly exitCode: number; readonly text?: string };

const REFUSED = 1;
const MISUSED = 2;
/** EX_SOFTWARE of sysexits.h: the program itself is wrong. */
const DEFECT = 70;

/**
 * Errors whose message says all there is to say, in a line. They lie in files that import next to nothing, since this one
 * is read by every command, the help included.
 */
const PLAIN = [
  Refused,
  InvalidScenario,
  JavaMissing,
  DataFolderLocked,
  JournalCorrupt,
  BucketMissing,
  UnreadableRecord,
  ObjectDamaged,
  ControlDamaged,
  SnapshotDamaged,
  DeadLettersRefused,
  PointInTimeFailed,
  RestoreRefused,
  RestoreTakenOver,
  RunTakenOver,
  EpochOver,
  EpochEnded,
  OffTheChain,
  SplitBrain,
  ManifestDamaged,
  BundleDamaged,
  InventoryError,
  TooManyKeys,
];
const MISUSES = [Misused, InvalidConfig, InvalidQuery, InvalidSetting];

const isOneOf = (error: unknown, kinds: readonly (new (...args: never[]) => Error)[]): error is Error =>
  kinds.some(kind => error instanceof kind);

/** The operating system refused something; its message names what and which file or address. */
const isFromSystem = (error: Error): boolean => "syscall" in error && "code" in error;

/** The SDK marks answers of a service, and what happened on the way there; credentials it looks for itself. */
const isFromCloud = (error: Error): boolean =>
  "$metadata" in error || error.name === "CredentialsProviderError" || error.message === "Region is missing";

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

/** What an error that ended a command means for whoever typed it. Source: exit codes of the main help text. */
export const failureOf = (error: unknown): Failure => {
  // Commander has printed its message already; asking for help or the version ends with 0.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : MISUSED };
  if (isOneOf(error, MISUSES)) return { exitCode: MISUSED, text: error.message };
  if (isOneOf(error, PLAIN)) return { exitCode: REFUSED, text: error.message };
  if (!(error instanceof Error)) return { exitCode: DEFECT, text: String(error) };
  if (error.name === "ResourceNotFoundException")
    return {
      exitCode: REFUSED,
      text: `The table is not there (${oneLine(error.message)}): DAYBOOK_TABLE names it until the first restore. If it was lost, "daybook restore" makes it again.`,
    };
  if (isFromCloud(error))
    return {
      exitCode: REFUSED,
      text: `The cloud did not do it: ${oneLine(error.name === "Error" ? error.message : `${error.name}: ${error.message}`)}`,
    };
  if (isFromSystem(error)) return { exitCode: REFUSED, text: oneLine(error.message) };
  return { exitCode: DEFECT, text: `A defect in Daybook: ${error.stack ?? error.message}` };
};
