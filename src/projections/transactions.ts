import type { Store } from "../table/store.ts";
import { bankEntities, type StoredTransaction } from "./entities.ts";

/** Rows asked for at once; DynamoDB may end a page earlier. */
const PAGE_ROWS = 500;
/** Five million rows of one state; more than any account is shown with. */
const PAGES_MAX = 10_000;

/** An account's transactions in one state, by key: PENDING ones are what is open. Throws beyond `PAGES_MAX` pages. */
export const transactionsOf = async function* (
  store: Pick<Store, "query">,
  account: string,
  state: "PENDING" | "VERIFIED" | "REJECTED",
): AsyncGenerator<StoredTransaction> {
  const from = `TRANSACTIONS#${state}#`;
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const range = { partition: account, from, to: `${from}\u{10FFFF}`, limit: PAGE_ROWS };
    const { items, cursor: next } = await store.query({ ...range, cursor });
    for (const item of items) yield bankEntities.transaction.read(item);
    if (next === undefined) return;
    cursor = next;
  }
  throw new Error(`Account ${account} has more than ${PAGES_MAX} pages of ${state} transactions`);
};
