import type { NextAction } from "../../tracking/lifecycle.ts";
import type { ObjectState } from "../../tracking/state.ts";
import type { AnyLedger } from "../ledger.ts";

/** States read in a page; they are small. */
const PAGE_STATES = 500;
/** 5 million: beyond that waiting objects are no list any more but an outage. */
const PAGES_MAX = 10_000;

/**
 * The objects whose next step has been due since `before` (ISO instant) or longer, oldest first.
 *
 * From an index, which may lag a moment behind: for sweeps and for display, never for a decision.
 */
export async function* overdue(
  { store, rows }: Pick<AnyLedger, "store" | "rows">,
  action: NextAction,
  before: string,
): AsyncGenerator<ObjectState> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.query({
      index: { name: "WorkIdx", partition: "NextAction", sort: "Since" },
      partition: action,
      to: before,
      limit: PAGE_STATES,
      cursor,
    });
    for (const item of found.items) yield rows.state.read(item);
    cursor = found.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX * PAGE_STATES} objects wait for "${action}": this is an outage.`);
}
