/** One guard of the product taken away: in a file, these fragments are replaced by those. Each occurs once. */
export type Mutant = {
  readonly name: string;
  /** What is broken, in a sentence. */
  readonly breaks: string;
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
};

const mutant = (name: string, breaks: string, file: string, from: string, to: string): Mutant => ({
  name,
  breaks,
  edits: [{ file: `src/${file}`, from, to }],
});

const DECIDING: readonly Mutant[] = [
  mutant(
    "acknowledge-unpublished",
    "a decision is acknowledged before it is published",
    "ledger/decide.ts",
    "  await publish(ledger, decision);\n",
    "",
  ),
  mutant(
    "no-fence",
    "an old worker acknowledges after a restore began",
    "ledger/project.ts",
    "if (await isEpochOver(ledger)) {",
    "if (!ledger) {",
  ),
  mutant(
    "no-help",
    "a decision is committed while the one before it is not published",
    "ledger/decide.ts",
    "  for (const head of reading.heads) await publishPredecessor(ledger, head);\n",
    "",
  ),
  mutant(
    "found-unpublished",
    "a decision found in the table is acknowledged unpublished",
    "ledger/decide.ts",
    "  for (const item of items) if (item) await publishPredecessor(ledger, head.read(item));\n",
    "",
  ),
  mutant(
    "timeout-is-success",
    "a transaction without an answer counts as committed",
    "ledger/decide.ts",
    'if (outcome.outcome !== "committed") return { result: "lost", reason: reasonOf(outcome) };\n  invocation.reads.absorb(writes);',
    'if (outcome.outcome !== "committed" && outcome.outcome !== "unknown") return { result: "lost", reason: reasonOf(outcome) };\n  invocation.reads.absorb(writes);',
  ),
  mutant(
    "head-unguarded",
    "a commit does not ask whether the head has moved",
    "ledger/commit.ts",
    "    if: unchangedHead(before),\n",
    "",
  ),
  mutant(
    "head-by-epoch-only",
    "a commit asks for the head's epoch and not for its place",
    "ledger/parked-count.ts",
    "equals: { sequence, hash, epoch, parkedCount }",
    "equals: { epoch }",
  ),
  mutant(
    "no-memory",
    "a request is judged again though its row says that it is decided",
    "ledger/reading.ts",
    "decision: first?.digest === found.digest ? first :",
    "decision: first?.digest === found.digest ? undefined :",
  ),
  mutant(
    "trust-the-row",
    "a request counts as decided by its own row alone, whatever the chains say",
    "ledger/reading.ts",
    "  for (const [i, leg] of decision.legs.entries()) {\n    const isOld",
    "  for (const [i, leg] of [...decision.legs.entries()].slice(2)) {\n    const isOld",
  ),
  mutant(
    "reuse-allowed",
    "other content of a used key is decided as if it were new",
    "ledger/decide.ts",
    "const reuse = state?.decision?.digest === candidate.found.digest ? undefined : state?.decision;",
    "const reuse = state?.decision?.digest === candidate.found.digest ? state?.decision : undefined;",
  ),
  mutant(
    "unlinked-hash",
    "a hash does not cover the one before it",
    "ledger/chain.ts",
    "    leg.prevHash,\n",
    "",
  ),
];

const WAITING: readonly Mutant[] = [
  mutant(
    "refuse-early",
    "a follow-up is refused while its original is undecided",
    "domain/settle.ts",
    'if (original === undefined) return { outcome: "deferred" };',
    "if (original === undefined) return refused(refuseUnfound(request));",
  ),
  mutant(
    "park-unguarded",
    "a request is parked though what it waits for has happened",
    "ledger/park.ts",
    "    guard(ledger, reading, awaits),\n",
    "",
  ),
  mutant(
    "early-deadline",
    "a deadline passes a day after the request",
    "ledger/waiting.ts",
    "parkedDays * DAY_MS",
    "DAY_MS",
  ),
  mutant(
    "frozen-open",
    "a frozen account is decided on",
    "ledger/judge.ts",
    "([stream, state]) => domain.isClosed(state) || context.draining.has(stream),",
    "([stream]) => context.draining.has(stream),",
  ),
  mutant(
    "left-parked",
    "a decided request stays in its parked row",
    "ledger/commit.ts",
    "    ...(reading.parked ? leaving(ledger, reading.parked, reading.heads, new Set(after.keys())) : []),\n",
    "",
  ),
];

const MONEY: readonly Mutant[] = [
  mutant(
    "judge-by-actual",
    "a debit is judged on ACTUAL, holds and all",
    "domain/guards.ts",
    "state.availableCents < amountCents",
    "state.actualCents < amountCents",
  ),
  mutant(
    "hold-stays",
    "a settlement does not let its hold go",
    "domain/settle.ts",
    "closed: [waiting]",
    "closed: []",
  ),
  mutant(
    "one-leg",
    "a transfer debits nobody",
    "domain/decide.ts",
    "{ stream: account, change: posting(-amountCents) },\n    { stream: target",
    "{ stream: account, change: posting(0) },\n    { stream: target",
  ),
  mutant(
    "canary",
    "every posting is a cent too much",
    "domain/guards.ts",
    "  actualCents: cents,\n",
    "  actualCents: cents + 1,\n",
  ),
];

const RESTORING: readonly Mutant[] = [
  mutant(
    "no-marker",
    "a restore writes no marker",
    "replay/restore/restore.ts",
    "  await putMarker(ledger, plan);\n",
    "",
  ),
  mutant(
    "no-guards",
    "a restored table forgets what was decided",
    "replay/restore/restore.ts",
    "  await writeGuards(next, whole, onStep);\n",
    "",
  ),
  mutant(
    "no-undo",
    "what a torn restore left over stays",
    "replay/restore/restore.ts",
    "  await undo(next, found);\n",
    "",
  ),
  mutant(
    "no-catalogue",
    "a restored table is not told what it lacks",
    "replay/restore/write-table.ts",
    "for (const row of catalogueRows(next, next.epoch, stream, entries)) await hold(check, row);",
    "void check;",
  ),
  mutant(
    "no-gate",
    "a stream is judged on before it is repaired",
    "ledger/reading.ts",
    "if (ledger.epoch === 1) return;",
    "if (ledger.epoch >= 1) return;",
  ),
  mutant(
    "survivors-stay",
    "a head that is ahead of the sealed chains is kept",
    "replay/restore/survivors.ts",
    "    taken.push(stream);\n",
    "",
  ),
  mutant(
    "no-margin",
    "a torn restore is repaired from its second on, and no earlier",
    "replay/restore/plan.ts",
    "wholeSecondMs(at) - marginMs",
    "wholeSecondMs(at) + marginMs",
  ),
  mutant(
    "repair-without-rows",
    "a repair leaves out the rows of the past",
    "ledger/repair.ts",
    "const put = await ledger.store.putAll(rows);",
    "const put = await ledger.store.putAll([]);",
  ),
  mutant(
    "repair-without-passing",
    "a repair leaves out what is open",
    "ledger/repair.ts",
    "const passing = passingWrites(ledger, links);",
    "const passing = passingWrites(ledger, links.slice(0, 0));",
  ),
  mutant(
    "repair-unguarded",
    "a repair does not ask whether the head has moved",
    "ledger/repair.ts",
    "    { put: item, if: unchangedHead(head) },\n",
    "    { put: item },\n",
  ),
];

const AFTERWARDS: readonly Mutant[] = [
  mutant(
    "place-anything",
    "a decision is placed that does not hold",
    "ledger/place/place-batch.ts",
    "if (!(await holds(placing.ledger, reads, record))) {",
    "if (!record) {",
  ),
  mutant(
    "place-twins",
    "of two records with one hash both are placed",
    "ledger/place/holds.ts",
    " &&\n  (await isNamed(ledger, reads, record));",
    ";",
  ),
  mutant(
    "pay-nobody",
    "an accepted payment is announced to nobody",
    "ledger/place/place-record.ts",
    "if (message) await",
    'if (message?.body === "") await',
  ),
  mutant(
    "lost-stays-lost",
    "reconcile does not tell what S3 did not tell",
    "replay/reconcile/reconcile.ts",
    'for (const each of lost) if (!isYoung(each)) await tell(work, "lost", each);',
    "for (const each of lost) if (isYoung(each)) tally.look({ known: 0 });",
  ),
  mutant(
    "undecided-stays",
    "reconcile does not look for requests without a decision",
    "replay/reconcile/reconcile.ts",
    "checks: [undecided, unpublishedCheck()]",
    "checks: [unpublishedCheck()]",
  ),
  mutant(
    "unplaced-stays",
    "reconcile does not look for decisions that are not placed",
    "replay/reconcile/reconcile.ts",
    "if (isComplete && request.looksForUnplaced === true",
    "if (isComplete && request.looksForUnplaced === undefined",
  ),
  mutant(
    "reused-unplaced",
    "reconcile does not look for other content of used keys that is not placed",
    "replay/reconcile/reconcile.ts",
    "if (work.unplacedBefore !== undefined)",
    'if (work.unplacedBefore === "")',
  ),
  mutant(
    "reordered",
    "of two events of an object the older one counts",
    "tracking/arrange.ts",
    "compareSequencers(left.sequencer, right.sequencer)",
    "compareSequencers(right.sequencer, left.sequencer)",
  ),
];

const TOLD: readonly Mutant[] = [
  mutant(
    "announce-double",
    "twice the amount is announced",
    "projections/announcement.ts",
    "amount: printCents(amountCents),\n    amountCents,",
    "amount: printCents(2 * amountCents),\n    amountCents: 2 * amountCents,",
  ),
  mutant(
    "line-wrong",
    "a statement shows debits as credits",
    "projections/bank-rows.ts",
    "EffectOnActualCents: change.actualCents,",
    "EffectOnActualCents: -change.actualCents,",
  ),
  mutant(
    "settled-as-rejected",
    "a statement shows what was paid as rejected",
    "projections/bank-rows.ts",
    'if (change.actualCents !== 0) return "VERIFIED";',
    'if (change.actualCents !== 0) return "REJECTED";',
  ),
  mutant(
    "copy-legs",
    "the copy of a transfer tells of its first account only",
    "ledger/place/placement.ts",
    "  legs: legsText(legs),",
    "  legs: legsText(legs.slice(0, 1)),",
  ),
  mutant(
    "place-acknowledges-all",
    "what could not be placed is acknowledged",
    "ledger/place/place-batch.ts",
    "return new Set(news.filter(each => !isThrough(each)).map(({ id }) => id));",
    'return new Set(news.filter(each => !isThrough(each) && each.id === "").map(({ id }) => id));',
  ),
  mutant(
    "void-placed",
    "a decision that does not hold is placed unless it pays somebody",
    "ledger/place/place-batch.ts",
    "if (!(await holds(placing.ledger, reads, record))) {",
    "if (placing.announce(record) !== undefined && !(await holds(placing.ledger, reads, record))) {",
  ),
  mutant(
    "publish-overwrites",
    "a decision is published over one that stands",
    "ledger/publish.ts",
    "    ifAbsent: true,",
    "    ifAbsent: false,",
  ),
];

const TIMES: readonly Mutant[] = [
  mutant(
    "stays-halted",
    "a restore that is through leaves everything halted",
    "replay/restore/restore.ts",
    "  await consumers.resume(haltReason(plan));\n",
    "",
  ),
  mutant(
    "overtaken-halts",
    "a restore that was overtaken leaves everything halted",
    "replay/restore/halting.ts",
    "    await undoIfOver(ledger, consumers, haltReason(plan));\n",
    "",
  ),
  mutant(
    "deadline-never",
    "no deadline passes",
    "ledger/sweep.ts",
    "isRepaired ? isoInstant(now) : undefined",
    "isRepaired && now < 0 ? isoInstant(now) : undefined",
  ),
  mutant(
    "never-repaired",
    "a replay does not say that everything is repaired",
    "replay/replay/replay.ts",
    "  await markRepaired(ledger);\n",
    "",
  ),
  mutant(
    "reach-forgets",
    "a restore of a table that was being repaired forgets what came late there",
    "replay/restore/plan.ts",
    "if (repaired !== undefined && repaired < reach) return reach;",
    'if (reach !== "") return reach;',
  ),
  mutant(
    "instant-late",
    "a restore takes over what an ended epoch wrote late",
    "replay/restore/plan.ts",
    "Math.min(atMs, wholeSecondMs(ended.begunAt))",
    "atMs",
  ),
];

const TORN: readonly Mutant[] = [
  mutant(
    "state-survives",
    "a state keeps a decision that does not count",
    "replay/restore/survey.ts",
    "if (decision?.legs.some(leg => isVoid(work, leg, { hash: leg.hash }))) {",
    "if (decision?.legs.some(leg => leg.sequence < 0)) {",
  ),
  mutant(
    "parked-survives",
    "a parked row stays of a request that is decided, or that waits elsewhere",
    "replay/restore/survey.ts",
    "const isAwaited = waiting.get(key) === place && ",
    'const isAwaited = digest !== "" || ',
  ),
  mutant(
    "waiting-survives",
    "a state says that a request waits, and nothing is parked",
    "replay/restore/survey.ts",
    "if (kept.has(key)) continue;",
    'if (key !== "") continue;',
  ),
  mutant(
    "undo-once",
    "what could not be undone at the first try is left",
    "replay/restore/survey.ts",
    'if (outcome === "committed" || outcome === "refused") return;',
    "if (outcome !== undefined) return;",
  ),
  mutant(
    "rows-lost",
    "a repair does not ask whether its rows were put",
    "ledger/repair.ts",
    'if (put.outcome !== "committed") throw new Error(`The rows of',
    'if (put.outcome === "refused") throw new Error(`The rows of',
  ),
  mutant(
    "state-unguarded",
    "a commit does not ask whether the request's state has changed",
    "ledger/commit.ts",
    "return { put: rows.state.item(state), if: unchangedSince(previous) };",
    "return { put: rows.state.item(state) };",
  ),
];

/** Every guard that is taken away in turn. */
export const MUTANTS: readonly Mutant[] = [
  ...DECIDING,
  ...WAITING,
  ...MONEY,
  ...RESTORING,
  ...AFTERWARDS,
  ...TOLD,
  ...TIMES,
  ...TORN,
];

/** Which one always fails: it shows that a failure would be seen. */
export const CANARY = "canary";

export const mutantNamed = (name: string): Mutant => {
  const found = MUTANTS.find(each => each.name === name);
  if (found === undefined)
    throw new Error(`There is no mutant ${name}: ${MUTANTS.map(each => each.name).join(", ")}`);
  return found;
};
