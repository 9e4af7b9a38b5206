import { takeSnapshot } from "../replay/snapshot/take-snapshot.ts";
import { cloudClock } from "./cloud-clock.ts";
import { connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";
import { createProgressLine } from "./progress.ts";

/** `daybook snapshot`: writes down where every stream stands, while traffic goes on. Throws: `Refused`. */
export const snapshotCommand = async (isAws: boolean, output: Output): Promise<number> => {
  const connection = await connect(isAws);
  const { app, clients } = connection;
  const line = createProgressLine();
  try {
    const ledger = { ...app.ledger, clock: await cloudClock(connection) };
    const onProgress = (streams: number): void =>
      line.show({ doing: "reading", done: streams, rows: streams });
    const taken = await takeSnapshot(ledger, { onProgress });
    line.close();
    if (taken.outcome === "refused") throw new Refused(`No snapshot was taken: ${taken.reason}`);
    const { id, streams, parts, digest } = taken.manifest;
    if (output.isJson) output.json(taken.manifest);
    else output.data(`Snapshot ${id}: ${streams} streams in ${parts.length} parts, digest ${digest}`);
    return 0;
  } finally {
    line.close();
    clients.close();
  }
};
