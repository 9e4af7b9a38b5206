import type { Intent } from "../intent.ts";
import type { Invariant } from "../invariants.ts";
import { openBank } from "./bank.ts";
import type { Decision, Standing } from "./chains.ts";

type Fault = { readonly invariant: Invariant; readonly what: string };
/** What the client meant by a content; `id`: as in its key. */
export type Meant = { readonly id: string; readonly intent: Intent };

/** Three days, counted from when S3 stored the request. */
const DEADLINE_MS = 3 * 86_400_000;
/** Refusals that no original is asked for. */
const WITHOUT_ORIGINAL = new Set(["UNKNOWN_ACCOUNT", "KEY_REUSED", "CUSTOMER_MISMATCH"]);

/** Longer than an invocation and the error of any clock: what happened so much earlier was seen. */
const UNSEEN_MS = 20_000;

const flowOf = ({ do: what }: Intent): string | undefined =>
  what === "deposit" || what === "verify"
    ? "deposit"
    : what === "pay" || what === "paid" || what === "bounced"
      ? "payment"
      : undefined;

/** The original that a decision must come after: one that settles does, unless its deadline passed first. */
const awaited = ({ code = "", facts }: Decision, intent: Intent): string | undefined =>
  "ref" in intent && !WITHOUT_ORIGINAL.has(code) && facts.deadline === undefined
    ? `${flowOf(intent)} ${intent.ref}`
    : undefined;

/**
 * Asks the clerk about every decision, in an order in which they may have been made: along each chain, an original
 * before what settles it. Says where the two differ.
 */
export const askShadow = (
  decisions: readonly Decision[],
  meantBy: (decision: Decision) => Meant | undefined,
  standings: ReadonlyMap<string, Standing>,
): readonly Fault[] => {
  const faults: Fault[] = [];
  const bank = openBank();
  const openedMs = new Map<string, number>();
  for (const { outcome, decidedAt, legs } of decisions)
    for (const { stream, change } of legs)
      if (outcome === "accepted" && change.customer !== undefined)
        openedMs.set(stream, Date.parse(decidedAt));
  const next = new Map<string, number>();
  const isUp = ({ legs }: Decision): boolean =>
    legs.every(({ stream, sequence }) => (next.get(stream) ?? 1) === sequence);
  const decided = new Set<string>();
  const registered = new Set(
    decisions.flatMap(each => {
      const meant = each.reused ? undefined : meantBy(each);
      const flow = meant && registers(meant, each);
      return flow === undefined ? [] : [flow];
    }),
  );
  let left = [...decisions];
  while (left.length > 0) {
    const at = left.findIndex(decision => {
      const meant = meantBy(decision);
      const original = meant && awaited(decision, meant.intent);
      return isUp(decision) && (original === undefined || decided.has(original) || !registered.has(original));
    });
    const decision = left[at];
    if (decision === undefined) {
      faults.push({ invariant: "I11", what: `No order explains ${left.map(({ key }) => key).join(", ")}` });
      return faults;
    }
    left = left.filter(each => each !== decision);
    for (const { stream, sequence } of decision.legs) next.set(stream, sequence + 1);
    const meant = meantBy(decision);
    if (meant === undefined)
      faults.push({ invariant: "I1", what: `${decision.key} decides a content nobody stored` });
    else if (decision.reused) {
      if (decision.code !== "KEY_REUSED")
        faults.push({ invariant: "I1", what: `${decision.key} is reused and ${decision.outcome}` });
    } else {
      compare(bank, decision, meant, { faults, openedMs });
      const flow = registers(meant, decision);
      if (flow !== undefined) decided.add(flow);
    }
  }
  for (const [account, { actualCents, availableCents }] of standings) {
    const [actual, available] = bank.standing(account);
    if (actual !== actualCents || available !== availableCents)
      faults.push({
        invariant: "I18",
        what: `${account} has ${actualCents}/${availableCents}, the clerk says ${actual}/${available}`,
      });
  }
  return faults;
};

/** What later requests may wait for. A malformed one counts by its key. */
const registers = ({ id, intent }: Meant, { key }: Decision): string | undefined => {
  if (intent.do === "deposit") return `deposit ${id}`;
  if (intent.do === "pay") return `payment ${id}`;
  if (intent.do !== "bad") return undefined;
  return key.startsWith("cash_deposit_") ? `deposit ${id}` : undefined;
};

const compare = (
  bank: ReturnType<typeof openBank>,
  decision: Decision,
  { id, intent }: Meant,
  { faults, openedMs }: { readonly faults: Fault[]; readonly openedMs: ReadonlyMap<string, number> },
): void => {
  const { key, outcome, code, facts, legs, settings } = decision;
  const fault = (invariant: Invariant, what: string): unknown =>
    faults.push({ invariant, what: `${key}: ${what}` });
  const isPassing = intent.do === "freeze" || intent.do === "unfreeze" || intent.do === "bad";
  for (const { stream } of legs)
    if (!isPassing && bank.isFrozen(stream)) fault("I11", `decided while ${stream} was frozen`);
  const said = outcome === "accepted" ? "accepted" : (code ?? "");
  if (facts.deadline !== undefined) {
    if (said !== "ORIGINAL_NOT_FOUND") fault("I11", `its deadline passed, and it is ${said}`);
    if (String(facts.deadline) > decision.decidedAt) fault("I11", "its deadline had not passed");
    if (Date.parse(String(facts.deadline)) - Date.parse(decision.source.eventTime) !== DEADLINE_MS)
      fault("I11", `its deadline was ${facts.deadline}, it was stored at ${decision.source.eventTime}`);
    return;
  }
  // A refused transfer was judged on its target, too, before or after that was opened: no chain says which.
  if (intent.do === "transfer") {
    const sinceMs =
      Date.parse(decision.decidedAt) - (openedMs.get(intent.target) ?? Number.POSITIVE_INFINITY);
    const isTargetUnknown = said === "UNKNOWN_ACCOUNT" && facts.account === intent.target;
    if (isTargetUnknown && bank.isOpen(intent.target) && sinceMs < UNSEEN_MS) return;
    if (said === "INSUFFICIENT_FUNDS" && !bank.isOpen(intent.target) && sinceMs > -UNSEEN_MS) return;
  }
  if (intent.do === "bad" && registers({ id, intent }, decision) !== undefined) bank.refuseDeposit(id);
  const word = bank.ask(intent, id, settings.autoOpen !== false);
  if (word.said === "deferred") fault("I11", `${said}, though its original is not decided`);
  else if (word.said !== said) fault("I18", `${said}, the clerk says ${word.said}`);
  else if (outcome === "accepted") compareLegs(word.delta, legs, fault);
};

const compareLegs = (
  delta: ReadonlyMap<string, readonly [actual: number, available: number]>,
  legs: Decision["legs"],
  fault: (invariant: Invariant, what: string) => unknown,
): void => {
  for (const [account, [actual, available]] of delta) {
    const change = legs.find(({ stream }) => stream === account)?.change ?? {
      actualCents: 0,
      availableCents: 0,
    };
    if (change.actualCents !== actual || change.availableCents !== available)
      fault(
        "I6",
        `moves ${change.actualCents}/${change.availableCents} on ${account}, the clerk ${actual}/${available}`,
      );
  }
  const sum = legs.reduce((total, { change }) => total + change.actualCents, 0);
  if (legs.length > 1 && sum !== 0) fault("I6", `a transfer adds up to ${sum}`);
};
