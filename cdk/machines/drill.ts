import { call, fail, noRounds, notice, pause, type StateMachine, untilDone } from "./states.ts";

/** As for a restore. */
const ROUNDS_MAX = 50;
const PAUSE_SECONDS = 60;

const isDone = (into: string) => ({ Variable: `$.${into}.Payload.state`, StringEquals: "done" });
const broken = [{ errors: ["States.ALL"], next: "NoClearingAfterFailure" }];
const told = [{ errors: ["States.ALL"], next: "TellFailed" }];

/**
 * A drill: the loss of the table is rehearsed on a scratch table, which is dropped at the end, whatever that was. Input:
 * `{}`.
 */
export const drill = (): StateMachine => ({
  Comment: "Restores into a scratch table, repairs, verifies, drops it",
  StartAt: "NoClearing",
  States: {
    NoClearing: noRounds("clear", "Clear"),
    Clear: call(
      "drill",
      { step: "clear", "rounds.$": "$.clear.Payload.rounds" },
      { into: "clear", next: "IsClear", catches: told },
    ),
    IsClear: untilDone("clear", {
      isDone: isDone("clear"),
      next: "FirstFill",
      again: "WaitToClear",
      tooLong: "TellFailed",
      roundsMax: ROUNDS_MAX,
    }),
    WaitToClear: pause(PAUSE_SECONDS, "Clear"),
    FirstFill: call(
      "drill",
      { step: "fill", rounds: 0 },
      { into: "fill", next: "IsFilled", catches: broken },
    ),
    IsFilled: untilDone("fill", {
      isDone: isDone("fill"),
      next: "Rehearse",
      again: "WaitForTable",
      tooLong: "NoClearingAfterFailure",
      roundsMax: ROUNDS_MAX,
    }),
    WaitForTable: pause(PAUSE_SECONDS, "Fill"),
    Fill: call(
      "drill",
      { step: "fill", "at.$": "$.fill.Payload.at", "rounds.$": "$.fill.Payload.rounds" },
      { into: "fill", next: "IsFilled", catches: broken },
    ),
    Rehearse: call(
      "drill",
      { step: "rehearse", "at.$": "$.fill.Payload.at" },
      { into: "rehearsed", next: "NoClearingAfter", catches: broken },
    ),
    NoClearingAfter: noRounds("clear", "ClearAfter"),
    ClearAfter: call(
      "drill",
      { step: "clear", "rounds.$": "$.clear.Payload.rounds" },
      { into: "clear", next: "IsClearAfter", catches: told },
    ),
    IsClearAfter: untilDone("clear", {
      isDone: isDone("clear"),
      next: "IsEqual",
      again: "WaitToClearAfter",
      tooLong: "TellFailed",
      roundsMax: ROUNDS_MAX,
    }),
    WaitToClearAfter: pause(PAUSE_SECONDS, "ClearAfter"),
    IsEqual: {
      Type: "Choice",
      Choices: [{ Variable: "$.rehearsed.Payload.isEqual", BooleanEquals: true, Next: "Done" }],
      Default: "TellFailed",
    },
    Done: { Type: "Succeed" },
    NoClearingAfterFailure: noRounds("clear", "ClearAfterFailure"),
    ClearAfterFailure: call(
      "drill",
      { step: "clear", "rounds.$": "$.clear.Payload.rounds" },
      {
        into: "clear",
        next: "IsClearAfterFailure",
        catches: told,
      },
    ),
    IsClearAfterFailure: untilDone("clear", {
      isDone: isDone("clear"),
      next: "TellFailed",
      again: "WaitToClearAfterFailure",
      tooLong: "TellFailed",
      roundsMax: ROUNDS_MAX,
    }),
    WaitToClearAfterFailure: pause(PAUSE_SECONDS, "ClearAfterFailure"),
    TellFailed: notice(
      "Daybook: a drill failed",
      { says: "A table that was restored now would not be what S3 says, or none was made.", "all.$": "$" },
      "Failed",
    ),
    Failed: fail("DrillFailed", "See the last answers of the drill function."),
  },
});
