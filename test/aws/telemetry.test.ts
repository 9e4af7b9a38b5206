import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTelemetry, METRICS_NAMESPACE } from "../../src/aws/telemetry.ts";

const context = {
  functionName: "daybook-overdue",
  awsRequestId: "request",
  memoryLimitInMB: "512",
  invokedFunctionArn: "arn:aws:lambda:eu-central-1:000000000000:function:daybook-overdue",
} as Parameters<ReturnType<typeof createTelemetry>["around"]>[0]; // the part that the log shows

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  vi.stubEnv("POWERTOOLS_SERVICE_NAME", "daybook");
  for (const level of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, level).mockImplementation(line => void lines.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const said = () => lines.map(line => JSON.parse(line));

test("hands over what was counted, under the names that alarms ask for, also where the work fails", async () => {
  const { around, metrics } = createTelemetry();
  const work = around(context, async () => {
    metrics.count("ChainMismatch", 3);
    throw new Error("broken");
  });
  await expect(work).rejects.toThrow("broken");
  const [found] = said().filter(line => line.ChainMismatch !== undefined);
  expect(found).toMatchObject({ ChainMismatch: 3, service: "daybook" });
  expect(found._aws.CloudWatchMetrics).toMatchObject([
    { Namespace: METRICS_NAMESPACE, Dimensions: [["service"]], Metrics: [{ Name: "ChainMismatch" }] },
  ]);
});

test("writes lines that know their invocation", async () => {
  const { around, log } = createTelemetry();
  await around(context, async () => log.warn("A decision is void", { key: "k.event", epoch: 2 }));
  expect(said().find(({ message }) => message === "A decision is void")).toMatchObject({
    level: "WARN",
    key: "k.event",
    epoch: 2,
    function_request_id: "request",
    service: "daybook",
  });
});

test("says nothing where nothing was counted", async () => {
  const { around } = createTelemetry();
  await around(context, async () => "first");
  lines.splice(0);
  await around(context, async () => "second");
  expect(lines).toEqual([]);
});
