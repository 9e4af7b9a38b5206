import { Duration } from "aws-cdk-lib";
import { type LifecycleRule, StorageClass } from "aws-cdk-lib/aws-s3";
import {
  BUNDLE_COLD_BYTES_ABOVE,
  BUNDLE_COLD_CLASS,
  BUNDLE_PREFIX,
  BUNDLED_NONCURRENT_DAYS,
  BUNDLED_TAG,
} from "../../src/ports/bundle-storage.ts";
import { PLACED_TAG } from "../../src/ports/placed-tag.ts";
import type { Settings } from "../settings.ts";

const MARKERS: LifecycleRule = { id: "markers", expiredObjectDeleteMarker: true };

/** Requests leave once they are placed: nothing without the tag ever expires. */
export const newEventsRules = ({
  placedExpireDays,
  placedNoncurrentDays,
}: Settings): readonly LifecycleRule[] => [
  {
    id: "placed",
    tagFilters: { [PLACED_TAG.name]: PLACED_TAG.value },
    expiration: Duration.days(placedExpireDays),
    noncurrentVersionExpiration: Duration.days(placedNoncurrentDays),
  },
  MARKERS,
];

/** Parts of bundles go cold, in one move: from class to class it would cost twice. */
export const archiveRules = (settings: Settings): readonly LifecycleRule[] => [
  {
    id: "bundles",
    prefix: BUNDLE_PREFIX,
    objectSizeGreaterThan: BUNDLE_COLD_BYTES_ABOVE,
    transitions: [
      {
        storageClass: new StorageClass(BUNDLE_COLD_CLASS),
        transitionAfter: Duration.days(settings.bundleColdDays),
      },
    ],
  },
  ...copyRules(settings),
];

/** What befalls the copies of requests: by default nothing. */
export const copyRules = ({ bundledExpireDays, copyColdDays }: Settings): readonly LifecycleRule[] => [
  ...(copyColdDays === 0
    ? []
    : [
        {
          id: "copies",
          transitions: [
            { storageClass: StorageClass.DEEP_ARCHIVE, transitionAfter: Duration.days(copyColdDays) },
          ],
        },
      ]),
  ...(bundledExpireDays === 0
    ? []
    : [
        {
          id: "bundled",
          tagFilters: { [BUNDLED_TAG.name]: BUNDLED_TAG.value },
          expiration: Duration.days(bundledExpireDays),
          noncurrentVersionExpiration: Duration.days(BUNDLED_NONCURRENT_DAYS),
        },
        MARKERS,
      ]),
];
