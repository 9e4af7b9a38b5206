import {
  approval,
  type Catch,
  call,
  endOfItem,
  fail,
  noRounds,
  notice,
  pause,
  type StateMachine,
  service,
  untilDone,
} from "./states.ts";

/** Each round waits up to a quarter of an hour for the table of the past; a restore may take half a day. */
const PREPARE_ROUNDS_MAX = 50;
/** A piece lists some twenty thousand decisions; a round repairs thousands of them. */
const REPAIR_ROUNDS_MAX = 50;
const PAUSE_SECONDS = 60;
/** Rows of an inventory in one call: a tenth of what a call may be handed, and a minute's work. */
const ROWS_PER_CALL = 200;

/** The table that was made is not what S3 says. */
const WRONG_TABLE = ["OffTheChain", "ManifestDamaged", "SplitBrain"];
const wrongTable: Catch = { errors: WRONG_TABLE, next: "TellVerificationFailed" };
const all = (next: string): Catch => ({ errors: ["States.ALL"], next });
const halfway = all("TellHalfway");

/**
 * Restore and replay. Input: `{"wish": {"from": {"kind": "pitr", "at": "<ISO instant>"}, "reason": "<text>"}}`, and, to
 * bring tracking up from an inventory, `"inventory": {"bucket": "<name>", "key": "<.../manifest.json>"}`.
 *
 * Two approvals. The first comes with the plan, and rejecting it changes nothing. The second comes before the pointer
 * moves; rejecting that one leaves all halted, because the epoch before has ended by then.
 */
export const recovery = (repairConcurrency: number): StateMachine => ({
  Comment: "Restores the table, asks before and after, moves the pointer, repairs every account",
  StartAt: "Plan",
  States: {
    Plan: call(
      "restore",
      { step: "plan", "wish.$": "$.wish" },
      {
        into: "plan",
        next: "ApprovePlan",
        catches: [all("Refused")],
      },
    ),
    Refused: fail("RestoreRefused", "Nothing was changed: the answer of Plan says why."),
    ApprovePlan: approval(
      "Daybook: approve a restore",
      {
        says: "Approving halts all consumers and ends the epoch; the table of the past is made then.",
        "plan.$": "$.plan.Payload",
      },
      { next: "NoRounds", rejected: "PlanRejected" },
    ),
    PlanRejected: fail("PlanRejected", "Nothing was changed."),
    NoRounds: noRounds("prepare", "Prepare"),
    Prepare: call(
      "restore",
      { step: "prepare", "wish.$": "$.wish", "rounds.$": "$.prepare.Payload.rounds" },
      { into: "prepare", next: "IsPrepared", catches: [wrongTable, halfway] },
    ),
    IsPrepared: untilDone("prepare", {
      isDone: { Variable: "$.prepare.Payload.state", StringEquals: "prepared" },
      next: "Verify",
      again: "WaitForTable",
      tooLong: "TellHalfway",
      roundsMax: PREPARE_ROUNDS_MAX,
    }),
    WaitForTable: pause(PAUSE_SECONDS, "Prepare"),
    TellHalfway: notice(
      "Daybook: a restore stopped half-way",
      { says: "The pointer was not moved and all is halted.", "all.$": "$" },
      "StoppedHalfway",
    ),
    StoppedHalfway: fail(
      "StoppedHalfway",
      "The pointer was not moved and all is halted: start the same restore again, and it goes on.",
    ),
    Verify: call(
      "restore",
      { step: "verify", "wish.$": "$.wish" },
      { into: "verify", next: "IsEqual", catches: [wrongTable, halfway] },
    ),
    IsEqual: {
      Type: "Choice",
      Choices: [{ Variable: "$.verify.Payload.isEqual", BooleanEquals: true, Next: "ApproveCutOver" }],
      Default: "TellVerificationFailed",
    },
    TellVerificationFailed: notice(
      "Daybook: a restored table is wrong",
      { says: "The pointer was not moved and all is halted.", "all.$": "$" },
      "VerificationFailed",
    ),
    VerificationFailed: fail(
      "VerificationFailed",
      "The pointer was not moved and all is halted: restore to another instant, with isInstead.",
    ),
    ApproveCutOver: approval(
      "Daybook: approve the cut-over",
      {
        says: "Approving moves the pointer to the restored table and resumes the consumers.",
        "plan.$": "$.plan.Payload",
        "verified.$": "$.verify.Payload",
      },
      { next: "MovePointer", rejected: "TellCutOverRejected" },
    ),
    TellCutOverRejected: notice(
      "Daybook: a cut-over was not approved",
      {
        says: "It was rejected, or nobody answered for a day. The pointer was not moved and all is halted.",
        "all.$": "$",
      },
      "CutOverRejected",
    ),
    CutOverRejected: fail(
      "CutOverRejected",
      "The pointer was not moved and all is halted: start the same restore again, or another one with isInstead.",
    ),
    MovePointer: call(
      "restore",
      { step: "move", "wish.$": "$.wish" },
      { into: "moved", next: "ListPieces", catches: [all("TellMoveFailed")] },
    ),
    TellMoveFailed: notice(
      "Daybook: the pointer may not have been moved",
      { says: "All may be halted: look first which table is live.", "all.$": "$" },
      "MoveFailed",
    ),
    MoveFailed: fail(
      "MoveFailed",
      'Look first which table is live: the last name under live/ in the decisions bucket. Is it the new one, "daybook resume" ends the halt; otherwise start the same restore again.',
    ),
    ListPieces: call(
      "replay",
      { step: "list" },
      { into: "list", next: "RepairPieces", catches: [all("TellUnrepaired")] },
    ),
    RepairPieces: {
      Type: "Map",
      ItemsPath: "$.list.Payload.pieces",
      ItemSelector: { "piece.$": "$$.Map.Item.Value", repaired: { Payload: { rounds: 0 } } },
      MaxConcurrency: repairConcurrency,
      ToleratedFailureCount: 0,
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "Repair",
        States: {
          Repair: call(
            "replay",
            { step: "repair", "piece.$": "$.piece", "rounds.$": "$.repaired.Payload.rounds" },
            { into: "repaired", next: "IsRepaired" },
          ),
          IsRepaired: untilDone("repaired", {
            isDone: { Variable: "$.repaired.Payload.isComplete", BooleanEquals: true },
            next: "Repaired",
            again: "Repair",
            tooLong: "TakesTooLong",
            roundsMax: REPAIR_ROUNDS_MAX,
          }),
          Repaired: endOfItem(),
          TakesTooLong: fail("TakesTooLong", "Repair the rest with the command, on a machine that stays."),
        },
      },
      ResultPath: null,
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "TellUnrepaired" }],
      Next: "FinishReplay",
    },
    TellUnrepaired: notice(
      "Daybook: a replay is not complete",
      {
        says: "The restored table is live; accounts that are not repaired are repaired when they are met.",
        "error.$": "$.error",
      },
      "Unrepaired",
    ),
    Unrepaired: fail("Unrepaired", 'Repair the rest: "daybook replay".'),
    FinishReplay: call(
      "replay",
      { step: "finish" },
      { into: "finished", next: "HasInventory", catches: [all("TellUnrepaired")] },
    ),
    HasInventory: {
      Type: "Choice",
      Choices: [{ Variable: "$.inventory.key", IsPresent: true, Next: "TakeInventory" }],
      Default: "Reconcile",
    },
    TakeInventory: {
      Type: "Map",
      ItemReader: {
        Resource: service("s3:getObject"),
        ReaderConfig: { InputType: "MANIFEST" },
        Parameters: { "Bucket.$": "$.inventory.bucket", "Key.$": "$.inventory.key" },
      },
      ItemBatcher: { MaxItemsPerBatch: ROWS_PER_CALL },
      MaxConcurrency: repairConcurrency,
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "Take",
        States: {
          Take: call("ingest", { "Items.$": "$.Items" }, { into: "taken", next: "Taken" }),
          Taken: endOfItem(),
        },
      },
      ToleratedFailureCount: 0,
      ResultPath: null,
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "TellNotCaughtUp" }],
      Next: "Reconcile",
    },
    Reconcile: call("reconcile", {}, { into: "reconciled", next: "Done", catches: [all("TellNotCaughtUp")] }),
    TellNotCaughtUp: notice(
      "Daybook: a restored table has not caught up",
      {
        says: "The restored table is live and repaired; what happened to objects since may be missing in it.",
        "error.$": "$.error",
      },
      "NotCaughtUp",
    ),
    NotCaughtUp: fail("NotCaughtUp", 'Catch up: "daybook inventory ingest", then "daybook reconcile".'),
    Done: { Type: "Succeed" },
  },
});
