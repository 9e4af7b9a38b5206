/** Why a group did not end well. Each code is explained in docs/BRIDGE.md. */
export type FailureCode =
  | "ARCHIVED"
  | "BUSY"
  | "DISK_QUOTA"
  | "ERROR"
  | "FILTER_FAILED"
  | "FILTER_TIMEOUT"
  | "FOLDER_GONE"
  | "HANDLER_EXIT"
  | "HANDLER_LEFT_PROCESSES"
  | "HANDLER_MISSING"
  | "HANDLER_SIGNAL"
  | "HANDLER_TIMEOUT"
  | "INPUTS_CHANGED"
  | "KEY_TOO_LONG"
  | "LEASE_LOST"
  | "LINK"
  | "MAX_DEPTH"
  | "NAME_TOO_LONG"
  | "NO_SPACE"
  | "NO_TIME"
  | "PATH_COLLISION"
  | "PREFIX_UNDERFLOW"
  | "PRINTED_TOO_MUCH"
  | "RESTORING"
  | "TOO_MANY_BYTES"
  | "TOO_MANY_OBJECTS"
  | "UNSAFE_KEY"
  | "UNSAFE_NAME";

/**
 * A group ends here: nothing more of it is uploaded, its messages come again. It is thrown, though it is expected,
 * because it ends a group from any depth of its work; `runGroup` turns it into an outcome.
 */
export class GroupFailed extends Error {
  override readonly name = "GroupFailed";
  readonly code: FailureCode;
  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}
