import type { PerEvent } from "./measure.ts";
import { ownMetrics } from "./own-metrics.ts";
import { PRICES } from "./prices.ts";
import type { Deployed } from "./template.ts";

export type CostLine = { readonly what: string; readonly dollars: number; readonly how: string };

/** What nobody has measured in the cloud yet. */
export type Assumptions = {
  /** Messages in a batch: a busy queue fills it. */
  readonly batchSize: number;
  readonly liveSecondsPerEvent: number;
  readonly liveGb: number;
  readonly scheduledSeconds: number;
  readonly scheduledGb: number;
  /** Of a request; its decision is some four times as large. */
  readonly requestBytes: number;
  /** What the daily inventory of new-events lists of one request: its version and its delete marker, on each day. */
  readonly listedInNewEvents: number;
  readonly tracedShare: number;
  readonly logBytesPerBatch: number;
};

/** Lambda polls a queue with five readers, each waiting up to 20 seconds. Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS". */
const POLLERS = 5;
const POLL_SECONDS = 20;
const DAYS_PER_MONTH = 30.4;
const SECONDS_PER_MONTH = 730 * 3_600;
const GB = 2 ** 30;
const MILLION = 1e6;

/** What is there costs, though nothing happens. */
export const idleLines = (deployed: Deployed, assumed: Assumptions): readonly CostLine[] => {
  const { alarms, dashboards, functions, polled, scheduledCalls } = deployed;
  const metrics = ownMetrics(functions);
  const polls = (polled * POLLERS * SECONDS_PER_MONTH) / POLL_SECONDS;
  const seconds = scheduledCalls * assumed.scheduledSeconds * assumed.scheduledGb;
  return [
    { what: "alarms", dollars: alarms * PRICES.alarm, how: `${alarms}` },
    { what: "dashboards", dollars: dashboards * PRICES.dashboard, how: `${dashboards}` },
    { what: "metrics of its own", dollars: metrics * PRICES.metric, how: `${metrics}` },
    {
      what: "polling of queues",
      dollars: polls * PRICES.sqsRequest,
      how: `${polled} queues, ${Math.round(polls / 1_000)} thousand requests`,
    },
    {
      what: "scheduled functions",
      dollars: scheduledCalls * PRICES.lambdaRequest + seconds * PRICES.lambdaGbSecond,
      how: `${Math.round(scheduledCalls)} calls, ${Math.round(seconds)} GB-seconds`,
    },
    {
      what: "their requests",
      dollars: scheduledCalls * (10 * PRICES.s3Write + 20 * PRICES.tableReadUnit),
      how: "10 listings and 20 reads a call",
    },
  ];
};

/**
 * What S3 tells of one request: stored by the client, decided, copied; and at its end in new-events three times, since
 * lifecycle puts a delete marker, then removes the version, then the marker.
 * Source: Amazon S3 User Guide, "Receiving notifications from lifecycle"; that the removal of a marker is told of is assumed.
 */
const TOLD = { stored: 1, decided: 1, copied: 1, expired: 3 } as const;

/** A request, its copies and its rows, to the end of its way; storage for a month, with all backups of it there. */
export const perMillionLines = (
  perEvent: PerEvent,
  assumed: Assumptions,
  { reports, backups }: Pick<Deployed, "reports" | "backups">,
): readonly CostLine[] => {
  const { s3Reads, s3Writes, writeUnits, readUnits, tableBytes } = perEvent;
  const notifications = Object.values(TOLD).reduce((sum, times) => sum + times, 0);
  // The copy stays.
  const listed = reports + (assumed.listedInNewEvents * reports) / DAYS_PER_MONTH;
  const batches = (2 * notifications) / assumed.batchSize;
  const tableGb = (tableBytes * MILLION) / GB;
  const objectsGb = (assumed.requestBytes * 6 * MILLION) / GB;
  return [
    { what: "the client's PUT", dollars: PRICES.s3Write * MILLION, how: "1" },
    {
      what: "S3, writes and listings",
      dollars: s3Writes * PRICES.s3Write * MILLION,
      how: `${s3Writes} an event`,
    },
    { what: "S3, reads", dollars: s3Reads * PRICES.s3Read * MILLION, how: `${s3Reads} an event` },
    {
      what: "table, writes",
      dollars: writeUnits * PRICES.tableWriteUnit * MILLION,
      how: `${writeUnits} units an event`,
    },
    {
      what: "table, reads",
      dollars: readUnits * PRICES.tableReadUnit * MILLION,
      how: `${readUnits} units an event`,
    },
    { what: "SNS", dollars: notifications * PRICES.snsPublish * MILLION, how: `${notifications} an event` },
    {
      what: "SQS",
      dollars: (notifications + batches) * PRICES.sqsRequest * MILLION,
      how: `${notifications} sent, ${batches.toFixed(1)} received and deleted`,
    },
    {
      what: "functions",
      dollars:
        (batches / 2) * PRICES.lambdaRequest * MILLION +
        assumed.liveSecondsPerEvent * assumed.liveGb * PRICES.lambdaGbSecond * MILLION,
      how: `${assumed.liveSecondsPerEvent * 1_000} ms at ${assumed.liveGb} GB`,
    },
    {
      what: "logs and traces",
      dollars:
        ((batches / 2) * MILLION * assumed.logBytesPerBatch * PRICES.logGb) / GB +
        (batches / 2) * MILLION * assumed.tracedShare * PRICES.trace,
      how: `${assumed.logBytesPerBatch} bytes a batch, ${assumed.tracedShare * 100} % traced`,
    },
    {
      what: "table, a month",
      dollars: tableGb * PRICES.tableGbMonth,
      how: `${tableGb.toFixed(1)} GB`,
    },
    {
      what: "its past, a month",
      dollars: tableGb * PRICES.pitrGbMonth,
      how: `point-in-time recovery of ${tableGb.toFixed(1)} GB, however many days`,
    },
    {
      what: "its backups, a month",
      dollars: tableGb * backups * PRICES.backupGbMonth,
      how: `${backups.toFixed(1)} backups kept of ${tableGb.toFixed(1)} GB`,
    },
    {
      what: "inventories, a month",
      dollars: listed * PRICES.inventoryPerObject * MILLION,
      how: `each object listed ${listed.toFixed(0)} times`,
    },
    { what: "objects, a month", dollars: objectsGb * PRICES.s3GbMonth, how: `${objectsGb.toFixed(1)} GB` },
  ];
};
