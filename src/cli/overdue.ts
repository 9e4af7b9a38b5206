import { leftovers } from "../ledger/place/leftovers.ts";
import { overdue } from "../ledger/place/overdue.ts";
import { isoInstant } from "../ports/clock.ts";
import { textTable } from "../projections/text-table.ts";
import { readControl } from "../replay/control/control.ts";
import { NEXT_ACTIONS, type NextAction } from "../tracking/lifecycle.ts";
import type { ObjectState } from "../tracking/state.ts";
import { cloudNow } from "./clock.ts";
import { type Connection, connect } from "./connect.ts";
import type { Output } from "./output.ts";

/** An object that waits too long: for what, and since when (ISO instant). `leave`: it should be gone from new-events. */
type Waiting = {
  readonly key: string;
  readonly action: NextAction | "leave";
  readonly since: string;
  /** Of what waits to leave the table is not asked. */
  readonly lifecycle?: ObjectState["lifecycle"];
};

/** More than anybody reads; the count goes on. */
const SHOWN_MAX = 1_000;

type Found = { readonly waiting: readonly Waiting[]; readonly count: number };

async function* everything(
  { app: { ledger } }: Connection,
  nowMs: number,
  before: string,
): AsyncGenerator<Waiting> {
  for (const action of NEXT_ACTIONS)
    for await (const { key, since = "", lifecycle } of overdue(ledger, action, before))
      yield { key, action, since, lifecycle };
  for await (const { key, lastModified } of leftovers(ledger.objects, ledger.roles.requests, nowMs))
    if (lastModified <= before) yield { key, action: "leave", since: lastModified };
}

/** What waits for a step does not leave either, and is told once. */
const find = async (connection: Connection, nowMs: number, before: string): Promise<Found> => {
  const waiting: Waiting[] = [];
  const keys = new Set<string>();
  for await (const each of everything(connection, nowMs, before)) {
    if (keys.has(each.key)) continue;
    keys.add(each.key);
    if (waiting.length < SHOWN_MAX) waiting.push(each);
  }
  return { waiting, count: keys.size };
};

const show = ({ waiting, count }: Found, before: string, output: Output): void => {
  if (count === 0) {
    output.talk(`Nothing has waited since ${before} or longer.`);
    return;
  }
  const rows = waiting.map(({ since, action, lifecycle = "", key }) => [since, action, lifecycle, key]);
  output.data(textTable(["since", "waits for", "is", "key"], rows, new Set()));
  output.talk(
    `${count} waiting since ${before} or longer${count > SHOWN_MAX ? `, ${SHOWN_MAX} shown` : ""}.`,
  );
};

/** Under a halt things wait on purpose, and later than it was for long. */
const tellHalt = async ({ app: { ledger } }: Connection, output: Output): Promise<void> => {
  const { state, at, reason } = await readControl({
    objects: ledger.objects,
    bucket: ledger.decisionsBucket,
  });
  if (state === "halted") output.talk(`Everything is halted since ${at}: ${reason}.`);
};

/**
 * `daybook overdue`: the objects that have waited for their decision, their release or their place longer than
 * `olderMs`, by the cloud's clock; and those that lie untagged in the requests bucket for days, whatever the table says.
 *
 * Returns: the exit code; 1 if there is any, so that it can be an alarm.
 */
export const overdueCommand = async (
  { olderMs, isAws }: { readonly olderMs: number; readonly isAws: boolean },
  output: Output,
): Promise<number> => {
  const connection = await connect(isAws);
  try {
    const nowMs = await cloudNow(connection);
    const before = isoInstant(nowMs - olderMs);
    const found = await find(connection, nowMs, before);
    if (output.isJson) output.json({ before, count: found.count, overdue: found.waiting });
    else show(found, before, output);
    await tellHalt(connection, output);
    return found.count === 0 ? 0 : 1;
  } finally {
    connection.clients.close();
  }
};
