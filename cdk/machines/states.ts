import type { FunctionName } from "../functions/catalogue.ts";

/** A state machine in Amazon States Language, as far as it is used here. */
export type StateMachine = {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
};

export type State = {
  readonly Type: "Task" | "Choice" | "Wait" | "Pass" | "Map" | "Succeed" | "Fail";
  readonly Next?: string;
  readonly [field: string]: unknown;
};

/** Somebody else was faster, or the service is busy; it passes. Six tries last two minutes. */
const THROTTLED = {
  ErrorEquals: [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "ServiceUnavailable",
    "TimeoutError",
  ],
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxAttempts: 6,
  JitterStrategy: "FULL",
} as const;

/** A call that ran into its end of time: every step may be called again, and goes on. */
const OUT_OF_TIME = {
  ErrorEquals: ["Sandbox.Timedout", "States.Timeout"],
  IntervalSeconds: 5,
  MaxAttempts: 2,
};

/** Stands in a definition for what only the deployment knows. */
export const placeholder = (name: string): string => `\${${name}}`;

/** A resource of Step Functions' own, in whatever partition. */
export const service = (name: string): string => `arn:${placeholder("partition")}:states:::${name}`;

export type Catch = { readonly errors: readonly string[]; readonly next: string };

const catchers = (catches: readonly Catch[]) =>
  catches.map(({ errors, next }) => ({ ErrorEquals: errors, ResultPath: "$.error", Next: next }));

/**
 * Calls a function. `payload`: what it gets, in the language of the machine; its answer is left in `$.<into>.Payload`.
 * Throttling is waited out. Without `catches` an error fails the machine, or the execution that a map started.
 */
export const call = (
  name: FunctionName,
  payload: Readonly<Record<string, unknown>>,
  {
    into,
    next,
    catches = [],
  }: { readonly into: string; readonly next: string; readonly catches?: readonly Catch[] },
): State => ({
  Type: "Task",
  Resource: service("lambda:invoke"),
  Parameters: { FunctionName: placeholder(name), Payload: payload },
  ResultSelector: { "Payload.$": "$.Payload" },
  ResultPath: `$.${into}`,
  Retry: [THROTTLED, OUT_OF_TIME],
  Catch: catchers(catches),
  Next: next,
});

/** Somebody may be away for a night. */
const APPROVAL_SECONDS_MAX = 86_400;

/** Asks people, and goes on when one of them says yes with the token. `message`: in the language of the machine. */
export const approval = (
  subject: string,
  message: Readonly<Record<string, unknown>>,
  { next, rejected }: { readonly next: string; readonly rejected: string },
): State => ({
  Type: "Task",
  Resource: service("sns:publish.waitForTaskToken"),
  Parameters: {
    TopicArn: placeholder("operators"),
    Subject: subject,
    Message: { ...message, "execution.$": "$$.Execution.Id", "taskToken.$": "$$.Task.Token" },
  },
  TimeoutSeconds: APPROVAL_SECONDS_MAX,
  ResultPath: null,
  Retry: [THROTTLED],
  Catch: catchers([{ errors: ["States.ALL"], next: rejected }]),
  Next: next,
});

/** Tells people; where they cannot be told it goes on all the same, so that the end is the one that was meant. */
export const notice = (subject: string, message: Readonly<Record<string, unknown>>, next: string): State => ({
  Type: "Task",
  Resource: service("sns:publish"),
  Parameters: {
    TopicArn: placeholder("operators"),
    Subject: subject,
    Message: { ...message, "execution.$": "$$.Execution.Id" },
  },
  ResultPath: null,
  Retry: [THROTTLED],
  Catch: catchers([{ errors: ["States.ALL"], next }]),
  Next: next,
});

/**
 * The end of an execution that a map starts, without an output: the map would collect all outputs, and fails where they
 * are more than 256 KiB. Source: AWS Step Functions Developer Guide, "ResultWriter (Map)".
 */
export const endOfItem = (): State => ({ Type: "Succeed", OutputPath: null });

export const fail = (error: string, cause: string): State => ({ Type: "Fail", Error: error, Cause: cause });

/** Zero rounds so far, where the answers of a call that is repeated will be. */
export const noRounds = (into: string, next: string): State => ({
  Type: "Pass",
  Result: { Payload: { rounds: 0 } },
  ResultPath: `$.${into}`,
  Next: next,
});

/** Goes on if the call is done; waits and repeats it a bounded number of times otherwise. */
export const untilDone = (
  into: string,
  {
    isDone,
    next,
    again,
    tooLong,
    roundsMax,
  }: {
    readonly isDone: Readonly<Record<string, unknown>>;
    readonly next: string;
    readonly again: string;
    readonly tooLong: string;
    readonly roundsMax: number;
  },
): State => ({
  Type: "Choice",
  Choices: [
    { ...isDone, Next: next },
    { Variable: `$.${into}.Payload.rounds`, NumericLessThan: roundsMax, Next: again },
  ],
  Default: tooLong,
});

export const pause = (seconds: number, next: string): State => ({
  Type: "Wait",
  Seconds: seconds,
  Next: next,
});
