import { describe, expect, test } from "vitest";
import { idleLines, perMillionLines } from "../../scripts/costs/lines.ts";
import { callsPerMonth, deployedIn } from "../../scripts/costs/template.ts";

const ASSUMED = {
  batchSize: 10,
  liveSecondsPerEvent: 0.05,
  liveGb: 0.5,
  scheduledSeconds: 5,
  scheduledGb: 1,
  requestBytes: 500,
  listedInNewEvents: 18,
  tracedShare: 0.05,
  logBytesPerBatch: 500,
};
const EVENT = { s3Reads: 5, s3Writes: 3, tableRequests: 6, writeUnits: 32, readUnits: 8, tableBytes: 5_000 };

const line = (lines: ReturnType<typeof perMillionLines>, what: string): number =>
  lines.find(each => each.what === what)?.dollars ?? Number.NaN;

describe("what a deployment costs", () => {
  test("is counted from its templates", () => {
    const resource = (Type: string, Properties = {}) => ({ Type, Properties });
    const template = {
      Resources: {
        a: resource("AWS::CloudWatch::Alarm"),
        b: resource("AWS::CloudWatch::Alarm"),
        c: resource("AWS::CloudWatch::Dashboard"),
        d: resource("AWS::Lambda::EventSourceMapping"),
        e: resource("AWS::Events::Rule", { ScheduleExpression: "rate(6 hours)" }),
        f: resource("AWS::S3::Bucket", { InventoryConfigurations: [{ ScheduleFrequency: "Weekly" }] }),
        g: resource("AWS::S3::Bucket"),
        h: resource("AWS::Backup::BackupPlan", {
          BackupPlan: {
            BackupPlanRule: [
              { ScheduleExpression: "cron(0 3 ? * SUN *)", Lifecycle: { DeleteAfterDays: 70 } },
            ],
          },
        }),
      },
    };
    const found = deployedIn([template, { Resources: {} }]);
    expect(found).toMatchObject({ alarms: 2, dashboards: 1, polled: 1, functions: 0, inventories: 1 });
    expect([found.reports, found.backups]).toEqual([expect.closeTo(4.34, 1), expect.closeTo(10, 5)]);
    expect(deployedIn([])).toMatchObject({ inventories: 0, reports: 0, backups: 0 });
    const lines = idleLines(found, ASSUMED);
    expect(line(lines, "alarms")).toBeCloseTo(0.2);
    expect(line(lines, "dashboards")).toBeCloseTo(3);
    // Five pollers of one queue ask every twenty seconds.
    expect(line(lines, "polling of queues")).toBeCloseTo(0.2628);
  });

  test("has its schedules called as often as they say", () => {
    expect(callsPerMonth("rate(5 minutes)")).toBe(8_760);
    expect(callsPerMonth("rate(1 day)")).toBeCloseTo(30.4);
    expect(callsPerMonth("cron(20 0 * * ? *)")).toBeCloseTo(30.4);
    expect(callsPerMonth("cron(0 4 ? * SUN *)")).toBeCloseTo(4.34, 1);
    expect(() => callsPerMonth("whenever")).toThrow("Expected a schedule");
  });

  test("is that of its requests, per million events", () => {
    const lines = perMillionLines(EVENT, ASSUMED, { reports: 30.4, backups: 13 });
    expect(line(lines, "the client's PUT")).toBeCloseTo(5);
    expect(line(lines, "S3, writes and listings")).toBeCloseTo(15);
    expect(line(lines, "S3, reads")).toBeCloseTo(2);
    expect(line(lines, "table, writes")).toBeCloseTo(20);
    expect(line(lines, "table, reads")).toBeCloseTo(1);
    // Stored, decided, copied, and three times at its end.
    expect(line(lines, "SNS")).toBeCloseTo(3);
    // Five gigabytes, but for what a GB is.
    expect(line(lines, "table, a month")).toBeCloseTo(1.16);
    expect(line(lines, "its past, a month")).toBeCloseTo(0.93);
    expect(line(lines, "its backups, a month")).toBeCloseTo(6.05);
    // Thirty times the copy, eighteen times what is left of the request.
    expect(line(lines, "inventories, a month")).toBeCloseTo(0.121);
  });
});
