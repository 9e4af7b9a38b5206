import type { Report } from "../inventory/open-report.ts";
import { readBatches } from "../inventory/read-report.ts";
import type { InventoryRecord } from "../inventory/record.ts";
import { conditionsOf, holds, type Selection } from "./selection.ts";

/**
 * Answers a selection over some reports. The streaming reader below is one; Athena, which is asked by the text that
 * `selectionSql` makes of the same selection, the other.
 */
export type Select = (
  reports: readonly Report[],
  selection: Selection,
) => AsyncIterable<readonly InventoryRecord[]>;

/**
 * The rows of reports that are wanted, in batches, none of them empty, report after report. One batch is in memory at a
 * time. Every checksum of a report is compared before its first row is handed on.
 *
 * Throws: as `readBatches`.
 */
export const selectByReading: Select = (reports, selection) => read(reports, selection);

async function* read(
  reports: readonly Report[],
  selection: Selection,
): AsyncGenerator<readonly InventoryRecord[]> {
  const conditions = conditionsOf(selection);
  for (const report of reports)
    for await (const { records } of readBatches(report)) {
      const wanted = records.filter(record => conditions.every(condition => holds(condition, record)));
      if (wanted.length > 0) yield wanted;
    }
}
