import { cloudApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { printCents } from "../domain/money.ts";
import { systemClock } from "../local/system-clock.ts";
import { isoInstant } from "../ports/clock.ts";
import { textTable } from "../projections/text-table.ts";
import { type Replayed, recordedReplay } from "../replay/replay/replay.ts";
import { MARGIN_MS } from "../replay/restore/plan.ts";
import { recordedRestore } from "../replay/restore/recorded.ts";
import type { Restored } from "../replay/restore/restore.ts";
import { takeSnapshot } from "../replay/snapshot/take-snapshot.ts";
import { verifyDecisions } from "../replay/verify/verify-decisions.ts";
import { type Store, TRANSACTION_WRITES_MAX } from "../table/store.ts";
import type { Connection } from "./connect.ts";
import { AT_ONCE, HOUR_MS, MINUTE_MS, RESTORED_AFTER_MS, type Told, TRAFFIC } from "./demo-traffic.ts";
import { readAccounts, type ShownAccount } from "./heads.ts";
import type { Output } from "./output.ts";
import { createProgressLine } from "./progress.ts";
import { restoringOf } from "./restore.ts";
import type { RunningCloud } from "./up.ts";

/** Of the seeds, one whose tear tells something. */
const TEAR = { seed: 5, withinMs: HOUR_MS };
const SCAN_PAGES_MAX = 100;

/**
 * The second half of the demo: a snapshot, more requests, the loss of every row of the table, the restore of an earlier
 * second with torn transactions, a request that does not wait for the repair, the replay, and the comparison of the
 * accounts with what they were.
 *
 * Returns: whether all is as it was, and what `--json` tells of it.
 */
export const tellDisaster = async (running: RunningCloud, output: Output) => {
  // From here on it is today: the story before plays at a time when there was no table to restore.
  const startMs = Math.ceil(systemClock.now() / HOUR_MS) * HOUR_MS;
  running.setClock(startMs);
  const told = teller(output);
  const snapshot = await takeSnapshot((await running.liveApp()).ledger);
  if (snapshot.outcome === "refused") throw new Error(snapshot.reason);
  told.heading("5. A snapshot, then five more requests");
  told.line(`Snapshot ${snapshot.manifest.id}: ${snapshot.manifest.streams} accounts`);
  for (const request of TRAFFIC) await put(running, request, startMs, told);
  await running.idle();
  const before = await readAccounts(await running.liveApp());

  told.heading("6. The disaster: every row of the table is deleted");
  running.setClock(startMs + 6 * HOUR_MS + MINUTE_MS);
  told.line(`${await deleteAll((await running.liveApp()).ledger.store)} rows are gone.`);

  const at = isoInstant(startMs + RESTORED_AFTER_MS);
  told.heading(`7. The restore to ${at}, transactions torn within the hour before`);
  const restored = await restoreTo(running, at);
  tellRestored(restored, told);
  const atOnce = await decideAtOnce(running, startMs, told);

  told.heading("8. The replay: what nobody met is repaired from the decisions in S3");
  const replayed = await replay(running);
  told.line(
    `${replayed.counts.repaired} accounts repaired, ${replayed.counts.alreadyDone} were ready, ${replayed.counts.decisions} decisions read`,
  );

  told.heading("9. Equal, to the cent and to the decision");
  const after = await readAccounts(await running.liveApp());
  const accounts = compare(before, after);
  const verified = await verifyDecisions((await running.liveApp()).ledger);
  const isEqual =
    replayed.isRepaired &&
    verified.faults.length + verified.differences.length === 0 &&
    accounts.every(account => account.isEqual);
  tellEqual(accounts, verified.decisions, isEqual, told, output);
  return {
    isEqual,
    snapshot: snapshot.manifest.id,
    restoredTo: at,
    epoch: restored.pointer.epoch,
    gated: restored.gated,
    atOnceMs: atOnce.ms,
    repaired: replayed.counts.repaired,
    accounts,
  };
};

type Teller = { readonly heading: (text: string) => void; readonly line: (text: string) => void };

const teller = (output: Output): Teller => {
  const tell = (text: string): void => {
    if (!output.isJson) output.data(text);
  };
  return {
    heading: text => tell(`\n${output.paint("bold", text)}`),
    line: text => tell(text.replaceAll(/^/gm, "   ")),
  };
};

const put = async (
  running: RunningCloud,
  { key, afterMs, body }: Told,
  startMs: number,
  told: Teller,
): Promise<void> => {
  const atMs = startMs + afterMs;
  running.setClock(atMs);
  await running.app.ledger.objects.put({
    bucket: running.topology.buckets.newEvents,
    key,
    body: JSON.stringify({ EventTimeStamp: atMs / 1000, ...body }),
    ifAbsent: true,
  });
  told.line(`  put ${key}  ${String(body.Amount)}`);
  // Each is decided at its own time, since the restore goes back to a time.
  await running.idle();
};

/** As somebody's wrong script would: behind Daybook's back. */
const deleteAll = async (store: Store): Promise<number> => {
  let deleted = 0;
  for (let page = 0; page < SCAN_PAGES_MAX; page += 1) {
    const { items } = await store.scan({ segment: 0, segments: 1 });
    if (items.length === 0) return deleted;
    for (let from = 0; from < items.length; from += TRANSACTION_WRITES_MAX) {
      const writes = items
        .slice(from, from + TRANSACTION_WRITES_MAX)
        .map(({ PK, SK }) => ({ delete: { PK, SK } }));
      const { outcome } = await store.transact(writes);
      if (outcome === "committed") deleted += writes.length;
    }
  }
  throw new Error(`The table has rows after ${SCAN_PAGES_MAX} rounds of deleting them.`);
};

/** A client of the cloud like any command. */
const withConnection = async <T>(
  { env, clock }: RunningCloud,
  use: (connection: Connection) => Promise<T>,
): Promise<T> => {
  const clients = createClients(env);
  try {
    const app = await cloudApp(clients, env, clock);
    return await use({ app, clients, where: "the demo", endpoint: env.AWS_ENDPOINT_URL });
  } finally {
    clients.close();
  }
};

const restoreTo = (running: RunningCloud, at: string): Promise<Restored> =>
  withConnection(running, async connection => {
    const restoring = await restoringOf(connection, { isAws: false });
    return recordedRestore(
      { ...restoring, torn: TEAR },
      { from: { kind: "pitr", at }, marginMs: MARGIN_MS, reason: "every row was deleted", isInstead: false },
      { isTakeOver: false },
    );
  });

const tellRestored = ({ pointer, manifest, gated, catalogued }: Restored, told: Teller): void => {
  told.line(
    `Epoch ${pointer.epoch} is live in ${pointer.table}; ${manifest.decisions} decisions are sealed.`,
  );
  told.line(`${gated} accounts lack some of ${catalogued} decisions; all others are ready.`);
};

/** A request right after the restore, timed from its put to its published decision. */
const decideAtOnce = async (
  running: RunningCloud,
  startMs: number,
  told: Teller,
): Promise<{ ms: number }> => {
  const began = performance.now();
  told.line("At once, before any replay:");
  await put(running, AT_ONCE, startMs, told);
  const ms = Math.round(performance.now() - began);
  const account = (await readAccounts(await running.liveApp())).find(({ account }) => account === "100030");
  told.line(`  decided and placed: 100030 has ${printCents(account?.actualCents ?? 0)}`);
  return { ms };
};

const replay = (running: RunningCloud): Promise<Replayed> =>
  withConnection(running, async ({ app }) => {
    const line = createProgressLine();
    try {
      const recorded = await recordedReplay(app.ledger, {
        parallel: undefined,
        rate: undefined,
        onRepair: ({ lines, linesTotal, rows }) =>
          line.show({ doing: "repairing", done: lines, total: linesTotal, rows }),
      });
      if (recorded.outcome === "done") return recorded.replayed;
      throw new Error(`The replay did not run: ${recorded.outcome}.`);
    } finally {
      line.close();
    }
  });

/** Each account as it was and as it is; the one that was asked at once has paid out what was asked. */
const compare = (before: readonly ShownAccount[], after: readonly ShownAccount[]) => {
  const now = new Map(after.map(account => [account.account, account]));
  return before.map(({ account, actualCents, availableCents, sequence }) => {
    const paid = account === AT_ONCE.body.SourceAccount ? 5_000 : 0;
    const is = now.get(account);
    return {
      account,
      before: printCents(actualCents),
      since: printCents(-paid),
      after: printCents(is?.actualCents ?? 0),
      isEqual:
        is !== undefined &&
        is.actualCents === actualCents - paid &&
        is.availableCents === availableCents - paid &&
        is.sequence === sequence + (paid > 0 ? 1 : 0),
    };
  });
};

const tellEqual = (
  accounts: ReturnType<typeof compare>,
  decisions: number,
  isEqual: boolean,
  told: Teller,
  output: Output,
): void => {
  const rows = accounts.map(({ account, before, since, after, isEqual: is }) => [
    account,
    before,
    since,
    after,
    is ? "equal" : "DIFFERENT",
  ]);
  told.line(
    textTable(["account", "before the disaster", "since", "now", ""], rows, new Set([1, 2, 3])).trimEnd(),
  );
  if (output.isJson) return;
  output.data("");
  output.data(
    isEqual
      ? output.paint("green", `Equal: the table is again what ${decisions} decisions in S3 say.`)
      : output.paint("red", "NOT EQUAL: the table is not what the decisions in S3 say."),
  );
};
