import pMap from "p-map";
import type { App } from "../app.ts";
import type { AccountState } from "../domain/account.ts";
import { HEAD_SHARDS, headPartition } from "../ledger/entities.ts";
import { finalThrough } from "../ledger/final.ts";
import type { HeadRow } from "../ledger/reading.ts";
import { type AccountSummary, summaryOf } from "../projections/accounts.ts";

/** Accounts asked about in S3 at once. */
const AT_ONCE = 16;
/** 16 million accounts in pages of 1,000: beyond that a listing is a report. */
const PAGES_MAX = 1_000;
const PAGE_HEADS = 1_000;

/** An account as a command shows it. `provisional`: its newest decision is not published, a restore may undo it. */
export type ShownAccount = AccountSummary & { readonly sequence: number; readonly provisional: boolean };

const shown = async ({ ledger }: App, head: HeadRow): Promise<readonly ShownAccount[]> => {
  const summary = summaryOf({ stream: head.stream, state: head.state as AccountState });
  if (summary === undefined) return [];
  const provisional = (await finalThrough(ledger, head)) < head.sequence;
  return [{ ...summary, sequence: head.sequence, provisional }];
};

/** One account, read consistently; undefined if it was never opened. */
export const readAccount = async (app: App, account: string): Promise<ShownAccount | undefined> => {
  const { store, rows } = app.ledger;
  const [item] = await store.get([rows.head.key({ stream: account })]);
  return item && (await shown(app, rows.head.read(item)))[0];
};

/** Every open or frozen account, by number; from the index of heads, which may lag a moment behind. */
export const readAccounts = async (app: App): Promise<readonly ShownAccount[]> => {
  const shards = await pMap([...HEAD_SHARDS], shard => headsOf(app, shard), { concurrency: AT_ONCE });
  const accounts = await pMap(shards.flat(), head => shown(app, head), { concurrency: AT_ONCE });
  return accounts.flat().sort((a, b) => (a.account < b.account ? -1 : 1));
};

const headsOf = async ({ ledger }: App, shard: string): Promise<readonly HeadRow[]> => {
  const heads: HeadRow[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items, cursor: next } = await ledger.store.query({
      index: { name: "HeadIdx", partition: "HeadShard", sort: "HeadStream" },
      partition: headPartition(shard),
      limit: PAGE_HEADS,
      cursor,
    });
    heads.push(...items.map(item => ledger.rows.head.read(item)));
    cursor = next;
    if (cursor === undefined) return heads;
  }
  throw new Error(`More than ${PAGES_MAX * PAGE_HEADS} accounts in one shard: read the table with a report.`);
};
