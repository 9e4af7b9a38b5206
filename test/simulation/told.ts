import type { Received } from "../../src/local/sqs/sqs.ts";
import type { DecisionSummary } from "../../src/tracking/state.ts";
import { READ_BYTES_MAX } from "./copies.ts";
import { objectsIn } from "./message-objects.ts";
import { sha256 } from "./oracle/chains.ts";
import type { LiveApp, World } from "./world.ts";

/**
 * Whoever sees a message acknowledged is told: each request in it is decided, parked, or gone. What was told is looked
 * up in the table of the function that did it, past every port.
 */
export const tellAnswered = async (
  world: World,
  app: LiveApp,
  name: string,
  acknowledged: readonly Received[],
): Promise<void> => {
  const { s3, topology, watch } = world;
  const { rows } = app.ledger;
  const store = world.storeOf(app.table);
  for (const { body } of acknowledged) {
    for (const { eventName, bucket, key, versionId } of objectsIn(body)) {
      if (!eventName.startsWith("ObjectCreated:") || bucket !== topology.buckets.newEvents) continue;
      const version = s3.state.buckets
        .get(bucket)
        ?.versions.get(key)
        ?.find(each => each.versionId === versionId);
      if (version === undefined || version.isDeleteMarker) continue;
      const [item] = await store.get([rows.state.key({ key })]);
      const state = item && rows.state.read(item);
      const digest =
        version.body.sizeBytes > READ_BYTES_MAX
          ? sha256(`unread:${version.body.sizeBytes}:${version.eTag}`)
          : sha256(version.body.read());
      const [other] = await store.get([rows.reused.key({ key, digest })]);
      const decision: DecisionSummary | undefined =
        state?.decision?.digest === digest ? state.decision : other && rows.reused.read(other).decision;
      // Where it waits, its own row says; its key's state may be that of other content, which came first.
      const isParked = (): boolean =>
        store
          .snapshot()
          .filter(each => each.__edb_e__ === rows.parked.name)
          .map(each => rows.parked.read(each))
          .some(row => row.observation.key === key && row.digest === digest);
      // Acknowledged because it was parked: that somebody decides it by now, nobody was told.
      const wasParked = (): boolean =>
        store.snapshot().some(each => each.PK === `KEY#${key}` && each.EventType === "Parked");
      if (decision !== undefined && (watch.isPublished(decision.epoch, key, digest) || !wasParked())) {
        const legs = decision.legs.map(leg => ({ ...leg, prevHash: "" }));
        watch.tell(name, {
          ...decision,
          legs,
          key,
          ...(decision.code !== undefined ? { code: decision.code } : {}),
        } as never);
      } else if (decision === undefined && !isParked())
        watch.fail(
          "I15",
          `${name} acknowledged ${key} (${digest.slice(0, 8)}), which is neither decided nor parked`,
        );
    }
  }
};
