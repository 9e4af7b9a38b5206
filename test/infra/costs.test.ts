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
      },
    };
    const found = deployedIn([template, { Resources: {} }]);
    expect(found).toMatchObject({ alarms: 2, dashboards: 1, polled: 1, functions: 0 });
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
    const lines = perMillionLines(EVENT, ASSUMED);
    expect(line(lines, "the client's PUT")).toBeCloseTo(5);
    expect(line(lines, "S3, writes and listings")).toBeCloseTo(15);
    expect(line(lines, "S3, reads")).toBeCloseTo(2);
    expect(line(lines, "table, writes")).toBeCloseTo(20);
    expect(line(lines, "table, reads")).toBeCloseTo(1);
  });
});
