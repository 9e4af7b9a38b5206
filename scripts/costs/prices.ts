import { S3_PRICES } from "../../src/replay/costs/prices.ts";

/**
 * What AWS charges, in US dollars, US East (N. Virginia), free tiers and taxes left out; those of S3 are kept where
 * bundles are priced.
 *
 * Source: the pricing pages of the services, as read in September to November 2026; alarms, dashboards, metrics, logs
 * and traces from Amazon CloudWatch's and AWS X-Ray's pages as they have stood for years. Amazon DynamoDB pricing:
 * backups on demand, which AWS Backup's weekly ones are. Amazon S3 pricing, "S3 Inventory": quoted by several, not read
 * on the page itself.
 */
export const PRICES = {
  s3Read: S3_PRICES.readPer1000 / 1_000,
  s3Write: S3_PRICES.writePer1000 / 1_000,
  s3GbMonth: S3_PRICES.storagePerGbMonth.STANDARD,
  snsPublish: 0.5 / 1e6,
  sqsRequest: 0.4 / 1e6,
  lambdaRequest: 0.2 / 1e6,
  /** On arm64. */
  lambdaGbSecond: 0.0000133334,
  tableWriteUnit: 0.625 / 1e6,
  tableReadUnit: 0.125 / 1e6,
  tableGbMonth: 0.25,
  pitrGbMonth: 0.2,
  backupGbMonth: 0.1,
  inventoryPerObject: 0.0025 / 1e6,
  restoreGb: 0.15,
  alarm: 0.1,
  dashboard: 3,
  metric: 0.3,
  logGb: 0.5,
  trace: 5 / 1e6,
  stepTransition: 25 / 1e6,
} as const;
