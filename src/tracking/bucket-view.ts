import { arrange, newestSequencedTime } from "./arrange.ts";
import { onlyKnown } from "./known.ts";
import { isByLifecycle, isPresence, type Observation, type ObservationRow } from "./observation.ts";
import { currentView, type VersionView } from "./views.ts";

/** What is in one bucket under a key, as the STATE row carries it. */
export type BucketView =
  | {
      readonly isPresent: true;
      readonly versionId: string;
      readonly time: string;
      readonly sequencer?: string | undefined;
      readonly sizeBytes?: number | undefined;
      readonly eTag?: string | undefined;
      readonly storageClass?: string | undefined;
      readonly restore?: VersionView["restore"];
    }
  | {
      readonly isPresent: false;
      readonly time: string;
      readonly sequencer?: string | undefined;
      /** Whether S3's lifecycle removed it. */
      readonly isExpired: boolean;
    };

/** The present view of one bucket, or `undefined` if nothing is known of it. */
export const bucketView = (rows: readonly ObservationRow[], bucket: string): BucketView | undefined => {
  const current = currentView(rows, bucket);
  if (current !== undefined) return presentView(current);
  const here = rows.filter(row => row.bucket === bucket);
  const last = arrange(here.filter(isPresence), newestSequencedTime(here)).at(-1);
  if (last === undefined) return undefined;
  return onlyKnown<BucketView>({
    isPresent: false,
    time: last.time,
    sequencer: last.sequencer,
    isExpired: isByLifecycle(last),
  });
};

/** The view of a bucket whose current version `latest` made. */
export const presentView = ({
  latest,
  storageClass,
  restore,
}: {
  readonly latest: Observation;
  readonly storageClass?: string | undefined;
  readonly restore?: VersionView["restore"];
}): BucketView =>
  onlyKnown<BucketView>({
    isPresent: true,
    versionId: latest.versionId,
    time: latest.time,
    sequencer: latest.sequencer,
    sizeBytes: latest.sizeBytes,
    eTag: latest.eTag,
    storageClass,
    restore,
  });
