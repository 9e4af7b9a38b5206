import { createReads } from "../ledger/reads.ts";
import { releaseDue } from "../ledger/sweep.ts";
import { type WaitingRequest, waitingRequests } from "../ledger/waiting.ts";
import { textTable } from "../projections/text-table.ts";
import { readControl } from "../replay/control/control.ts";
import { cloudClock } from "./cloud-clock.ts";
import { type Connection, connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";

/** More than anybody reads; the count goes on. */
const SHOWN_MAX = 1_000;
/** Longer than any sweep by hand should take; what is left is for the next one. */
const RELEASE_MS_MAX = 10 * 60_000;

const awaitedText = ({ awaits }: WaitingRequest): string =>
  "original" in awaits
    ? `${awaits.original.flow} ${awaits.original.id}`
    : `account ${awaits.stream} to be unfrozen`;

const show = (waiting: readonly WaitingRequest[], count: number, output: Output): void => {
  if (count === 0) {
    output.talk("Nothing is parked.");
    return;
  }
  const rows = waiting.map(each => [each.since, awaitedText(each), each.deadline ?? "", each.key]);
  output.data(textTable(["since", "waits for", "refused at", "key"], rows, new Set()));
  output.talk(`${count} parked${count > SHOWN_MAX ? `, ${SHOWN_MAX} shown` : ""}.`);
};

const list = async ({ app }: Connection, output: Output): Promise<number> => {
  const shown: WaitingRequest[] = [];
  let count = 0;
  for await (const each of waitingRequests(app.ledger)) {
    count += 1;
    if (output.isJson) output.json(each);
    else if (shown.length < SHOWN_MAX) shown.push(each);
  }
  if (output.isJson) output.json({ type: "summary", count });
  else show(shown, count, output);
  return 0;
};

const release = async (connection: Connection, output: Output): Promise<number> => {
  const clock = await cloudClock(connection);
  const endsAtMs = clock.now() + RELEASE_MS_MAX;
  const ledger = { ...connection.app.ledger, clock };
  const control = await readControl({ objects: ledger.objects, bucket: ledger.decisionsBucket });
  if (control.state === "halted")
    throw new Refused(`All is halted since ${control.at}: nothing is decided until "daybook resume".`);
  const invocation = { reads: createReads(ledger.store), remainingMs: () => endsAtMs - clock.now() };
  const swept = await releaseDue(ledger, invocation, { now: clock.now() });
  if (output.isJson) output.json(swept);
  else {
    const unfinished = swept.isComplete ? "" : " Not all were looked at: run it again.";
    output.data(`${swept.decided} decided, of ${swept.waiting} that were parked.${unfinished}`);
    for (const { place, reason } of swept.troubles) output.talk(`${place}: ${reason}`);
  }
  return swept.isComplete && swept.troubles.length === 0 ? 0 : 1;
};

/**
 * `daybook parked [--release]`: what is parked, since when, for what, and until when; or decides what need not wait any
 * more, deadlines that have passed by the cloud's clock among it.
 *
 * Returns: the exit code; 1 if a release could not look at everything or something failed.
 */
export const parkedCommand = async (
  { isRelease, isAws }: { readonly isRelease: boolean; readonly isAws: boolean },
  output: Output,
): Promise<number> => {
  const connection = await connect(isAws);
  try {
    return await (isRelease ? release : list)(connection, output);
  } finally {
    connection.clients.close();
  }
};
