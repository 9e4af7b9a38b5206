/** Services a function's code asks; the clients of all others are left out of its bundle. */
export type Service = "dynamodb" | "s3" | "sns" | "sqs" | "lambda" | "dynamodb-streams";

export type BucketRole = "newEvents" | "archive" | "rejected" | "decisions";
export type TopicRole = "objects" | "decided" | "payments";
export type QueueRole = "project" | "place";

/** IAM actions, by what they are allowed on. Each is one that the function's code asks for. */
export type Grants = {
  readonly buckets?: Readonly<Partial<Record<BucketRole, readonly string[]>>>;
  /** On the live table, which may be one that a restore made, and its indexes. */
  readonly table?: readonly string[];
  /** On the tables that restores make, and not on the first one. */
  readonly restored?: readonly string[];
  readonly topics?: readonly TopicRole[];
  /** On the scratch table of drills alone. */
  readonly scratch?: readonly string[];
  /** On the event source mappings of the functions that read queues. */
  readonly eventSources?: readonly string[];
};

export type FunctionSpec = {
  readonly name: string;
  /** From the root of the repository. */
  readonly entry: string;
  readonly description: string;
  readonly services: readonly Service[];
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly grants: Grants;
  /** Packages that shared code brings into the bundle and this function never runs. */
  readonly neverRun?: readonly string[];
  /** SDK commands that shared adapters bring into the bundle and this function never sends, with the reason. */
  readonly neverSent: readonly string[];
};
