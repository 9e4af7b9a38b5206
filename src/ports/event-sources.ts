/** A queue that calls a function (Lambda: event source mapping). */
export type EventSource = {
  readonly id: string;
  /** Name of the function that is called. */
  readonly functionName: string;
  /** ARN of the queue. */
  readonly sourceArn: string;
  /** As Lambda says it: Enabled, Disabled, and for a while Enabling, Disabling or Updating. */
  readonly state: string;
};

/** What calls the functions, to be switched off and on. Messages stay in their queues meanwhile, untouched. */
export interface EventSources {
  /** All that call a function; none for a function that is not deployed. */
  of(functionName: string): Promise<readonly EventSource[]>;
  /** Asks for it; Lambda takes up to a minute. Running calls end. Throws: the service's error. */
  enable(id: string, isEnabled: boolean): Promise<void>;
}
