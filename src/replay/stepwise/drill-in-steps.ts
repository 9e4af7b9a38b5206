import { isoInstant } from "../../ports/clock.ts";
import { wholeSecondMs } from "../../ports/point-in-time.ts";
import { type Drilled, type Drilling, drill, scratchTable } from "../drill/drill.ts";
import { firstTable } from "../restore/plan.ts";
import { RestoreRefused } from "../restore/restore-errors.ts";
import { unlessNotYet } from "./impatient-clock.ts";

/** The table that drills of a live table use, and drop. */
export const scratchOf = ({ table }: Drilling): string =>
  scratchTable({ table: `${firstTable(table)}-000000` });

/** Drops what an earlier drill left. `waiting`: it is not gone yet; call again. */
export const clearScratch = (drilling: Drilling): Promise<"done" | "waiting"> =>
  unlessNotYet(async () => {
    await drilling.tables.drop(scratchOf(drilling));
    return "done" as const;
  });

/** The instant a drill goes back to: the one asked for, else the last one there is. Throws: `RestoreRefused`. */
export const drillInstant = async ({ at, table, tables }: Drilling): Promise<string> => {
  const instant = at ?? (await tables.pointInTime?.window(table))?.latest;
  if (instant === undefined)
    throw new RestoreRefused(`Nothing keeps the past of the table ${table}: a drill needs its backups.`);
  return isoInstant(wholeSecondMs(instant));
};

/** Makes the scratch table. `waiting`: it is not ready yet; call again. Throws: `RestoreRefused`. */
export const fillScratch = (drilling: Drilling, at: string): Promise<"done" | "waiting"> =>
  unlessNotYet(async () => {
    const { table, tables } = drilling;
    const made = await tables.pointInTime?.restore({
      table,
      to: scratchOf(drilling),
      at,
      isScratch: true,
    });
    if (made?.outcome !== "restored")
      throw new RestoreRefused(
        `The drill got no table of ${at}: ${made?.outcome ?? "nothing keeps its past"}`,
      );
    return "done" as const;
  });

/**
 * The drill itself, on a scratch table that is ready, which it leaves for `clearScratch`.
 * Throws: as `drill`.
 */
export const rehearse = (drilling: Drilling, at: string): Promise<Drilled> =>
  drill({ ...drilling, at, tables: { ...drilling.tables, drop: async () => {} } });
