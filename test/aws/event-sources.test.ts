import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { LambdaEventSources } from "../../src/aws/event-sources.ts";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { createQueue } from "../../src/local/sqs/sqs.ts";
import { systemClock } from "../../src/local/system-clock.ts";

const cloud = createLocalCloud({ clock: systemClock, random: seededRandom(1) });
let clients: Clients;
let endpoint: string;
let sources: LambdaEventSources;

beforeAll(async () => {
  for (const name of ["first", "second", "other"]) {
    createQueue(cloud.sqs, name);
    const functionName = name === "other" ? undefined : "reader";
    cloud.startPoller({ queue: name, functionName, handler: async () => {} });
  }
  ({ endpoint } = await cloud.listen());
  clients = createClients({ AWS_ENDPOINT_URL_LAMBDA: endpoint });
  sources = new LambdaEventSources(await clients.lambda());
});
afterAll(async () => {
  clients.close();
  for (const { poller } of cloud.eventSources.all()) await poller.stop();
  await cloud.close();
});

const statesOf = async (name: string) => (await sources.of(name)).map(({ state }) => state);

describe("event sources over the SDK", () => {
  test("are listed by function, with id, queue and state", async () => {
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;
    const arn = (queue: string) => expect.stringMatching(new RegExp(`^arn:aws:sqs:.*:${queue}$`));
    const facts = { id: expect.stringMatching(uuid), functionName: "reader", state: "Enabled" };
    expect(await sources.of("reader")).toEqual([
      { ...facts, sourceArn: arn("first") },
      { ...facts, sourceArn: arn("second") },
    ]);
    expect(await sources.of("other")).toHaveLength(1);
    expect(await sources.of("nobody")).toEqual([]);
  });

  test("are switched one by one", async () => {
    const [first] = await sources.of("reader");
    await sources.enable(first?.id ?? "", false);
    expect([await statesOf("reader"), await statesOf("other")]).toEqual([
      ["Disabled", "Enabled"],
      ["Enabled"],
    ]);
    await sources.enable(first?.id ?? "", true);
    expect(await statesOf("reader")).toEqual(["Enabled", "Enabled"]);
    await expect(sources.enable("00000000-0000-4000-8000-000000000000", true)).rejects.toThrow(
      expect.objectContaining({ name: "ResourceNotFoundException" }),
    );
    expect(clients.counts.requests).toMatchObject({ "lambda.UpdateEventSourceMapping": 3 });
  });
});

describe("on the wire", () => {
  const asked = async (method: string, path: string, body?: string) => {
    const response = await fetch(`${endpoint}/2015-03-31/${path}`, { method, ...(body && { body }) });
    return [response.status, response.headers.get("x-amzn-errortype")];
  };

  test("a function may be named by its ARN or with a version, a source by its queue", async () => {
    const countOf = async (query: string) => {
      const response = await fetch(`${endpoint}/2015-03-31/event-source-mappings/?${query}`);
      const { EventSourceMappings } = (await response.json()) as { EventSourceMappings: unknown[] };
      return EventSourceMappings.length;
    };
    const [first] = await sources.of("reader");
    expect(await countOf("")).toBe(3);
    expect(await countOf("FunctionName=reader:live")).toBe(2);
    expect(await countOf("FunctionName=arn:aws:lambda:us-east-1:000000000000:function:reader")).toBe(2);
    expect(await countOf(`FunctionName=reader&EventSourceArn=${first?.sourceArn}`)).toBe(1);
  });

  test("what is not understood or not there is refused, with its name", async () => {
    const [first] = await sources.of("reader");
    const path = `event-source-mappings/${first?.id}`;
    for (const body of ["", "{", "null", "{}", '{"Enabled":"no"}', '{"Enabled":true,"BatchSize":5}'])
      expect([body, await asked("PUT", path, body)]).toEqual([body, [400, "InvalidParameterValueException"]]);
    const refused = [501, "NotImplementedException"];
    expect(await asked("DELETE", path)).toEqual(refused);
    expect(await asked("POST", "event-source-mappings/")).toEqual(refused);
    expect(await asked("GET", "functions/reader")).toEqual(refused);
    expect(await statesOf("reader")).toEqual(["Enabled", "Enabled"]);
  });
});
