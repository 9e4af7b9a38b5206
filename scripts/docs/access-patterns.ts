/** Who reads what of the table, how, and in which files of src. Kept by hand: a new read belongs here. */
export type AccessPattern = {
  readonly who: string;
  readonly what: string;
  readonly how: string;
  readonly files: readonly string[];
};

export const ACCESS_PATTERNS: readonly AccessPattern[] = [
  {
    who: "a decision",
    what: "the original a follow-up refers to",
    how: "get `request`",
    files: ["ledger/judge-batch.ts", "ledger/reading.ts"],
  },
  {
    who: "a decision",
    what: "the streams it touches",
    how: "get `head`, all of a batch at once",
    files: ["ledger/judge-batch.ts", "ledger/reading.ts", "ledger/reads.ts"],
  },
  {
    who: "a decision",
    what: "whether this content is decided or parked already",
    how: "get `state`, `reused`, `parked`; and the `line` at the place it names",
    files: ["ledger/reading.ts"],
  },
  {
    who: "a decided original",
    what: "what is parked for it",
    how: "query `REQ#<flow>#<id>`, `PARKED#` on, 25 at a time",
    files: ["ledger/park.ts"],
  },
  {
    who: "whoever decides on a stream that is open while requests wait under it",
    what: "what is parked under it, until the head's count is zero",
    how: "query `<stream>`, `PARKED#` on, 25 at a time; get `head` before each pass; get `parked` where a row was left",
    files: ["ledger/park.ts", "ledger/release.ts"],
  },
  {
    who: "the sweep; `daybook parked`",
    what: "what is parked, the longest waiting first, and whether its original is decided by now",
    how: "query `WorkIdx`, `release`; get `request`",
    files: ["ledger/waiting.ts", "ledger/sweep.ts"],
  },
  {
    who: "`daybook freeze`, `daybook unfreeze`",
    what: "whether the request is decided, and how many wait under the account",
    how: "get `state`, get `head`",
    files: ["cli/freeze.ts"],
  },
  {
    who: "tracking",
    what: "the row of an event that is told of again",
    how: "conditional puts of `observation`; get where it is there already",
    files: ["tracking/track.ts"],
  },
  {
    who: "tracking",
    what: "all that was observed of a key",
    how: "get `state`, query `KEY#<key>`, `OBJECT#` on",
    files: ["tracking/refresh-state.ts"],
  },
  {
    who: "`daybook inventory ingest`, `daybook crawl`",
    what: "all that is known of a key, its state included",
    how: "query `KEY#<key>`, `OBJECT#` to `STATE`; nothing is written where nothing is new",
    files: ["tracking/refresh-state.ts"],
  },
  {
    who: "`daybook accounts`",
    what: "every open account",
    how: "query `HeadIdx`, its sixteen shards side by side",
    files: ["cli/heads.ts"],
  },
  { who: "`daybook balance`", what: "one account", how: "get `head`", files: ["cli/heads.ts"] },
  {
    who: "`daybook statement`",
    what: "an account's history in the order of decisions",
    how: "query `<account>`, `LINE#` on",
    files: ["projections/statement.ts"],
  },
  {
    who: "an account's open items",
    what: "transactions in one state",
    how: "query `<account>`, `TRANSACTIONS#PENDING#` on",
    files: ["projections/transactions.ts"],
  },
  {
    who: "`daybook event`",
    what: "what became of one request",
    how: "get `state`; query `KEY#<key>`, `OBJECT#` on and `EVENT#` on",
    files: ["cli/event.ts"],
  },
  {
    who: "`daybook scenario`",
    what: "whether a day's requests are decided or parked, and the balances",
    how: "get `state` by key, get `head` by account",
    files: ["cli/run-scenario.ts"],
  },
  {
    who: "`daybook snapshot`",
    what: "where every stream stands",
    how: "query `HeadIdx`, its sixteen shards merged by stream; get `head`, a hundred at once",
    files: ["replay/snapshot/listed-heads.ts", "replay/snapshot/take-snapshot.ts"],
  },
  {
    who: "`daybook verify`",
    what: "every stream a snapshot or the decisions know, where it stood then",
    how: "get `head`, a hundred at once; the `line` at the sequence where the head has gone on",
    files: [
      "replay/verify/decision-at.ts",
      "replay/verify/differences.ts",
      "replay/verify/verify-decisions.ts",
    ],
  },
  {
    who: "`daybook verify --rows` and `--account`",
    what: "every row that follows from decisions, and with `--rows` those that follow from none",
    how: "query `<stream>`, between two gets of its `head`; get `request`, `state`, `reused`, a hundred at once; scan; what was decided meanwhile: get the `line`, query `KEY#<key>`, `REUSED#` on",
    files: [
      "replay/verify/decision-at.ts",
      "replay/verify/find-decision.ts",
      "replay/verify/guard-rows.ts",
      "replay/verify/stream-rows.ts",
      "replay/verify/unexplained.ts",
      "replay/verify/unreadable.ts",
    ],
  },
  {
    who: "the proof in `daybook demo`",
    what: "every stream that S3 knows",
    how: "get `head` by stream",
    files: ["ledger/compare.ts"],
  },
  {
    who: "`daybook overdue`; telling again of decisions whose requests are not placed",
    what: "what waits for a decision, a release or its place, oldest first",
    how: "query `WorkIdx`, up to the instant since when it waits",
    files: ["ledger/place/overdue.ts"],
  },
  {
    who: "placing a request",
    what: "whether its decision holds",
    how: "get `head`, all of a batch at once; the `line` where the stream has moved on",
    files: ["ledger/place/place-batch.ts", "ledger/reading.ts"],
  },
  {
    who: "`daybook objects list`, `count`, `patch --all`",
    what: "objects by the time they were first seen, or by their keys",
    how: "query `RecentIdx`, the sixteen shards of each day merged; get `state` where every key is named",
    files: ["tracking/query/walk-recent.ts", "tracking/query/find-objects.ts"],
  },
  {
    who: "`daybook objects get`, `history`, `patch`, `presign`",
    what: "all that is known of one key",
    how: "get `state`, query `KEY#<key>`, `OBJECT#` on",
    files: ["tracking/refresh-state.ts"],
  },
  {
    who: "`daybook reconcile`",
    what: "what tracking knows of the keys a picture shows, and how they were decided",
    how: "get `state`, a hundred keys at a time; query `KEY#<key>`, `OBJECT#` on, where it does not tell enough, and `REUSED#` on where several contents were stored; get `head` by stream",
    files: [
      "replay/reconcile/reconcile.ts",
      "replay/reconcile/undecided.ts",
      "replay/reconcile/unplaced.ts",
      "replay/reconcile/unpublished.ts",
      "tracking/refresh-state.ts",
    ],
  },
  {
    who: "`daybook reconcile`",
    what: "the keys tracking knows, to find those that a picture does not show",
    how: "query `RecentIdx`, the sixteen shards of a day side by side, day by day",
    files: ["replay/reconcile/tracked-keys.ts"],
  },
  {
    who: "whoever meets a stream whose head is of an older epoch; the replay",
    what: "the decisions it may lack after a restore, and its head",
    how: "query `<stream>`, `CATALOGUE#<epoch>#` on; get `head`",
    files: ["ledger/catalogue.ts", "ledger/repair.ts", "ledger/reading.ts"],
  },
  {
    who: "`daybook restore`, before the pointer moves; `daybook drill`, of its scratch table",
    what: "every row of the restored table, for what belongs to decisions that do not count; all heads",
    how: "scan once; query `HeadIdx`, or scan where heads were put from a snapshot; get `state`, `head`",
    files: ["replay/restore/survey.ts", "replay/restore/survivors.ts", "ledger/guards.ts"],
  },
  {
    who: "`daybook replay --source events`",
    what: "whether there is a table, and the newest decision of each of its streams",
    how: "get `head`; query `HeadIdx`",
    files: ["cli/replay-events.ts", "replay/events-source/find-whole.ts"],
  },
  {
    who: "`daybook replay --rejudge`, for each decision that comes out otherwise",
    what: "whether a copy of its request was ever seen where the decision sent it",
    how: "get `state`",
    files: ["replay/rejudge/told.ts"],
  },
  {
    who: "a bridge whose RUNS_TABLE this is",
    what: "whether an event, or a set of inputs, was worked on",
    how: "get `bridgeSeen`, `bridgeRun`, each by a digest; conditional puts",
    files: ["bridge/records.ts"],
  },
  {
    who: "nobody yet",
    what: "what an account's objects went through; a transaction by its request",
    how: "query `AccountNumberIdx`, `EventKeyIdx`, as in Lab 4; written, not read",
    files: ["tracking/entities.ts", "projections/entities.ts"],
  },
  {
    who: "the local backups, at their start",
    what: "what was written while nobody kept a journal",
    how: "scan; gets of what differs from the journal",
    files: ["local/point-in-time/compare.ts", "local/point-in-time/follower.ts"],
  },
  {
    who: "`daybook demo`, as the wrong script in its story",
    what: "every row, to delete it",
    how: "scan",
    files: ["cli/demo-disaster.ts"],
  },
];

/** What each kind of row is and who writes it; by its name in `tableRows`. */
export const WRITERS: Readonly<Record<string, string>> = {
  head: "Where a stream, here an account, stands: all that a decision reads of it. Replaced by each decision's transaction, on condition of sequence, hash, epoch and the number of requests parked under it; by a parking, which changes that number only.",
  request:
    "The registry of originals: what a follow-up finds its original by. Written once, by the transaction that decides the original, refused or not.",
  parked:
    "A request that waits: for its original, put on condition that this is not in the registry; or under a stream that is closed, here a frozen account, put together with the stream's head. Deleted by the transaction that decides it, or that moves it from one to the other.",
  observation:
    "One row per event that S3 told of, or that was found otherwise. Written once, but for its counter of duplicates and facts that a further source adds.",
  state:
    "Where a request's object stands, over all buckets. Derived from its observations and its decision; replaced on condition of its revision.",
  event:
    "The audit trail, where no other row tells the story: refusals, parkings, objects that were gone. Written again under the same key if it happens again.",
  reused:
    "The decision about other content under a key that was decided before. Written once, by that decision's transaction.",
  balance:
    "Lab 4's balance rows. Derived from the head, replaced by each decision's transaction; for display only.",
  transaction:
    "Lab 4's transaction rows: one per accepted request that moves or holds money. A settlement replaces the PENDING row of its original by one of its own.",
  line: "What happened at one place of an account's sequence, refusals included. Written once, by the decision's transaction.",
  catalogue: "A restore, for each stream that may lack decisions; its repair deletes it",
};
