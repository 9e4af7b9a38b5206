import type { Received } from "../../src/local/sqs/sqs.ts";
import type { DecisionSummary } from "../../src/tracking/state.ts";
import { hashesIn, isPlaced } from "./copies.ts";
import { objectsIn } from "./message-objects.ts";
import type { SeenRecord } from "./watch.ts";
import type { LiveApp, World } from "./world.ts";

/** Whoever sees a message about a decision acknowledged may rely on it: the request lies where it belongs, if it holds. */
export const checkPlaced = async (
  world: World,
  app: LiveApp,
  name: string,
  acknowledged: readonly Received[],
): Promise<void> => {
  const { s3, topology, watch } = world;
  const { rows } = app.ledger;
  const store = world.storeOf(app.table);
  for (const { body } of acknowledged)
    for (const { bucket, key } of objectsIn(body)) {
      const [top] = s3.state.buckets.get(bucket)?.versions.get(key) ?? [];
      if (top === undefined || bucket !== topology.buckets.decisions) continue;
      const record = JSON.parse(Buffer.from(top.body.read()).toString("utf8")) as SeenRecord; // the product's own text
      const [state] = await store.get([rows.state.key({ key: record.key })]);
      const [other] = await store.get([rows.reused.key({ key: record.key, digest: record.digest })]);
      const held: DecisionSummary | undefined =
        record.reused === true
          ? other && rows.reused.read(other).decision
          : state && rows.state.read(state).decision;
      if (held?.epoch !== record.epoch || hashesIn(held) !== hashesIn(record)) continue;
      if (!isPlaced(world, record))
        watch.fail("P1", `${name} acknowledged ${key}, whose request is not placed`);
    }
};
