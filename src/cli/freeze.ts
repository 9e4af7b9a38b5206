import { setTimeout as sleep } from "node:timers/promises";
import type { App } from "../app.ts";
import { REQUEST_ID } from "../domain/key.ts";
import { REFUSALS, type RefusalCode } from "../domain/refusals.ts";
import { readState } from "../tracking/refresh-state.ts";
import type { DecisionSummary } from "../tracking/state.ts";
import { cloudNow } from "./clock.ts";
import { connect } from "./connect.ts";
import { Misused, type Output, Refused } from "./output.ts";

const ASK_EVERY_MS = 100;
/** A minute: a decision takes a second or two, the draining of a busy account goes on without us. */
const ASKS_MAX = 600;

export type FreezeOptions = {
  readonly account: string;
  readonly reason: string;
  /** The request's id; made from account and time if absent. */
  readonly id: string | undefined;
  readonly employee: string | undefined;
  readonly isAws: boolean;
};

const decisionOf = async (app: App, key: string): Promise<DecisionSummary> => {
  for (let asked = 0; asked < ASKS_MAX; asked += 1) {
    const state = await readState(app.ledger, key);
    if (state?.decision) return state.decision;
    await sleep(ASK_EVERY_MS);
  }
  throw new Refused(
    `${key} is put and not decided after a minute: is its consumer running, or halted? Look again with: daybook event ${key}`,
  );
};

/** Requests parked under the account, as its head says. */
const parkedUnder = async ({ ledger }: App, account: string): Promise<number> => {
  const [item] = await ledger.store.get([ledger.rows.head.key({ stream: account })]);
  return item === undefined ? 0 : ledger.rows.head.read(item).parkedCount;
};

const put = async (app: App, key: string, body: object): Promise<void> => {
  const bucket = app.config.buckets.newEvents;
  const { outcome } = await app.ledger.objects.put({
    bucket,
    key,
    body: JSON.stringify(body),
    ifAbsent: true,
  });
  if (outcome === "exists")
    throw new Refused(`${key} is taken already: choose another id, or look at it with: daybook event ${key}`);
};

const tell = (
  told: { key: string; account: string; status: string; decision: DecisionSummary; parkedCount: number },
  output: Output,
): number => {
  const { key, account, status, decision, parkedCount } = told;
  const { outcome, code } = decision;
  if (output.isJson)
    output.json({ key, account, outcome, ...(code === undefined ? {} : { code }), parkedCount });
  else if (code === undefined) {
    const waiting = parkedCount === 0 ? "" : ` ${parkedCount} requests wait under it.`;
    output.data(`Account ${account} is ${status}: ${key}.${waiting}`);
  } else output.data(`Refused ${code}: ${REFUSALS[code as RefusalCode].means} ${key}`);
  return outcome === "accepted" ? 0 : 1;
};

/**
 * `daybook freeze ACCOUNT` and `daybook unfreeze ACCOUNT`: puts the request, which is an event like any other, and waits
 * until it is decided.
 *
 * Returns: the exit code; 1 if it is refused. Throws: `Misused` for a name no account or id can have, `Refused` where the
 * key is taken or no decision comes.
 */
export const freezeCommand = async (
  type: "freeze_account" | "unfreeze_account",
  { account, reason, id, employee, isAws }: FreezeOptions,
  output: Output,
): Promise<number> => {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(account))
    throw new Misused(`Expected an account's number, 1 to 64 letters, digits or hyphens, got "${account}".`);
  if (id !== undefined && !REQUEST_ID.test(id))
    throw new Misused(`Expected an id of 1 to 128 letters, digits, ".", "_" or "-", got "${id}".`);
  const connection = await connect(isAws);
  try {
    const { app } = connection;
    const nowMs = await cloudNow(connection);
    const key = `${type}_${id ?? `${account}-${nowMs.toString(36)}`}.event`;
    await put(app, key, {
      EventTimeStamp: Math.floor(nowMs / 1_000),
      TargetAccount: account,
      Reason: reason,
      ...(employee === undefined ? {} : { EmployeeId: employee }),
    });
    const decision = await decisionOf(app, key);
    const status = type === "freeze_account" ? "frozen" : "open";
    return tell({ key, account, status, decision, parkedCount: await parkedUnder(app, account) }, output);
  } finally {
    connection.clients.close();
  }
};
