/** A change of a model's state as plain data, so that a journal can hold it and a restart can apply it again. */
export type Change = { readonly type: string };

/** Where models report each change they apply. */
export interface Recorder {
  record(model: "s3" | "sns" | "sqs", change: Change): void;
  /**
   * One request: its changes are kept together or, after a crash, not at all. May be nested; the outermost counts.
   * Returns only when what was recorded survives the end of the process.
   */
  operation<T>(work: () => T): T;
}

/** Keeps nothing: for tests and simulations that end with the process. */
export const forgetfulRecorder: Recorder = { record: () => {}, operation: work => work() };
