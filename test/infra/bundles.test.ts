import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { actionsOf, SDK_OWN } from "../../cdk/functions/actions.ts";
import { BRIDGE } from "../../cdk/functions/bridge-rights.ts";
import { type Bundle, bundleAll, bundleFunction } from "../../cdk/functions/bundle.ts";
import { FUNCTIONS, type FunctionName } from "../../cdk/functions/catalogue.ts";
import { commandsIn } from "../../cdk/functions/commands.ts";
import type { FunctionSpec } from "../../cdk/functions/spec.ts";
import { startCloud } from "../../src/cli/up.ts";
import { configureBucket } from "../../src/local/s3/buckets.ts";
import { type FunctionProcess, queueHandler, startFunction } from "./function-process.ts";
import { type RecordingProxy, recordingProxy } from "./recording-proxy.ts";

/** Aims, printed and not asserted: they are of the machine. */
const AIM_KB = 900;
const AIM_MS = 150;

const folder = mkdtempSync(join(tmpdir(), "daybook-bundles-"));
let bundles: Readonly<Record<FunctionName, Bundle>>;
const specs = Object.values<FunctionSpec>(FUNCTIONS);

beforeAll(async () => {
  bundles = await bundleAll(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Calls of the object store's port that few functions make, and the commands behind them. */
const ASKED_OF_S3 = [
  ["copy", "CopyObject"],
  ["delete", "DeleteObject"],
  ["listVersions", "ListObjectVersions"],
  ["getTags", "GetObjectTagging"],
  ["putTags", "PutObjectTagging"],
  ["restore", "RestoreObject"],
] as const;

const granted = ({ grants }: FunctionSpec): readonly string[] => [
  ...Object.values(grants.buckets ?? {}).flat(),
  ...(grants.table ?? []),
  ...(grants.restored ?? []),
  ...(grants.scratch ?? []),
  ...(grants.eventSources ?? []),
  ...(grants.topics === undefined ? [] : ["sns:Publish"]),
];

describe.each(specs.map(spec => [spec.name, spec] as const))("the function %s", (name, spec) => {
  const commands = () =>
    commandsIn(bundles[name as FunctionName].metafile).filter(each => !SDK_OWN.has(each));

  test("may do what the commands in its bundle ask for, and nothing else", () => {
    const sent = commands().filter(command => !spec.neverSent.includes(command));
    const needed = [...new Set(sent.flatMap(actionsOf))].sort();
    expect([...new Set(granted(spec))].sort()).toEqual(needed);
  });

  test("says of no request to S3 that it never sends it, where code in its bundle asks for it", () => {
    const code = Object.values(bundles[name as FunctionName].metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      // What the ledger asks for lies in every bundle, by the application; `place` alone runs it.
      .filter(([path, { bytesInOutput }]) => path.startsWith("src/replay/") && bytesInOutput > 0)
      .map(([path]) => readFileSync(path, "utf8"));
    const asked = ASKED_OF_S3.filter(([call]) => code.some(text => text.includes(`objects.${call}(`)));
    expect(asked.map(([, command]) => command).filter(each => spec.neverSent.includes(each))).toEqual([]);
  });

  test("says of no command that it never sends it, where its bundle has none", () => {
    expect(spec.neverSent.filter(command => !commands().includes(command))).toEqual([]);
  });
});

test("a bridge may do what the commands in its bundle ask for, and nothing else", async () => {
  const spec: FunctionSpec = {
    name: "bridge",
    description: "",
    memoryMb: 0,
    timeoutSeconds: 0,
    grants: { buckets: { newEvents: BRIDGE.source, archive: BRIDGE.target }, table: BRIDGE.runs },
    ...BRIDGE,
  };
  const { metafile } = await bundleFunction(spec, folder);
  const commands = commandsIn(metafile).filter(each => !SDK_OWN.has(each));
  const neverSent: readonly string[] = BRIDGE.neverSent;
  expect(neverSent.filter(command => !commands.includes(command))).toEqual([]);
  const needed = commands.filter(command => !neverSent.includes(command)).flatMap(actionsOf);
  expect([...new Set(granted(spec))].sort()).toEqual([...new Set(needed)].sort());
});

test("the bundles are small and load fast", () => {
  const rows = specs.map(({ name }) => {
    const { bytes, folder: at } = bundles[name as FunctionName];
    return { name, kilobytes: Math.round(bytes / 1000), importMs: coldImportMs(join(at, "index.mjs")) };
  });
  console.table(rows);
  const over = rows.filter(({ kilobytes, importMs }) => kilobytes > AIM_KB || importMs > AIM_MS);
  console.log(
    over.length === 0
      ? "All within their aims."
      : `Over ${AIM_KB} KB or ${AIM_MS} ms: ${over.map(({ name }) => name)}`,
  );
  expect(rows.every(({ importMs }) => importMs > 0)).toBe(true);
});

/** The best of three, each in a process of its own. */
const coldImportMs = (file: string): number => {
  const script = `const at = performance.now(); await import(${JSON.stringify(file)}); console.log(Math.round(performance.now() - at));`;
  const run = () =>
    Number(execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" }));
  return Math.min(run(), run(), run());
};

describe("the bundles, each in a process of its own,", () => {
  const stops: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  test("run a story through the local cloud, by no other commands than they may send", async () => {
    const running = await startCloud({ currencyRequired: false });
    stops.push(running.stop);
    const { cloud, topology, app, env } = running;
    // The functions of the local cloud itself stand aside.
    for (const source of cloud.eventSources.all()) source.poller.enable(false);
    const proxied = async (
      name: FunctionName,
    ): Promise<{ process: FunctionProcess; commands: readonly ReadonlySet<string>[] }> => {
      const proxies: RecordingProxy[] = [];
      for (const variable of ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
        proxies.push(await recordingProxy(env[variable] ?? ""));
      for (const { close } of proxies) stops.push(close);
      const process = await startFunction(bundles[name], {
        ...env,
        AWS_ENDPOINT_URL: proxies[0]?.endpoint ?? "",
        AWS_ENDPOINT_URL_DYNAMODB: proxies[1]?.endpoint ?? "",
      });
      stops.push(process.stop);
      return { process, commands: proxies.map(({ commands }) => commands) };
    };
    const functions = {
      project: await proxied("project"),
      place: await proxied("place"),
      sweep: await proxied("sweep"),
      snapshot: await proxied("snapshot"),
      overdue: await proxied("overdue"),
      verify: await proxied("verify"),
      reconcile: await proxied("reconcile"),
    };
    for (const role of ["project", "place"] as const) {
      const poller = cloud.startPoller({
        queue: topology.queues[role].name,
        functionName: `${role}-bundle`,
        handler: queueHandler(functions[role].process),
        retryDelayMs: 200,
      });
      stops.push(poller.stop);
    }
    const { newEvents, archive, rejected, decisions } = app.config.buckets;
    // As deployed.
    for (const bucket of [newEvents, decisions])
      configureBucket(cloud.s3, bucket, { requireIfNoneMatch: true });
    const put = (key: string, body: object | string) =>
      app.ledger.objects.put({
        bucket: newEvents,
        key,
        body: typeof body === "string" ? body : JSON.stringify(body),
        ifAbsent: true,
      });
    const at = 1_767_225_600;
    await put("cash_deposit_a1.event", {
      EventTimeStamp: at,
      TargetAccount: "100010",
      CustomerNumber: "330001001",
      Amount: "200.00",
      Verified: true,
    });
    await put("outgoing_payment_unverified_a2.event", {
      EventTimeStamp: at + 60,
      SourceAccount: "100010",
      Amount: "50.00",
      TargetInstitution: "bank",
      TargetAccount: "200020",
    });
    await put("cash_withdrawal_a3.event", {
      EventTimeStamp: at + 120,
      SourceAccount: "100010",
      Amount: "500.00",
    });
    await put("cash_withdrawal_a4.event", "{ poison");
    await running.idle();
    for (const name of ["sweep", "snapshot", "overdue", "verify", "reconcile"] as const)
      expect(await functions[name].process.invoke({}), name).toBeDefined();
    await running.idle();
    const placed = async (bucket: string) =>
      (await app.ledger.objects.list({ bucket })).objects.map(({ key }) => key);
    expect(await placed(archive)).toEqual(expect.arrayContaining(["cash_deposit_a1.event"]));
    expect(await placed(rejected)).toEqual(
      expect.arrayContaining(["cash_withdrawal_a3.event", "cash_withdrawal_a4.event"]),
    );
    expect(await functions.verify.process.invoke({})).toMatchObject({ wrong: 0 });
    // It was they who did it.
    expect([...(functions.project.commands[1] ?? [])]).toContain("TransactWriteItems");
    expect([...(functions.place.commands[0] ?? [])]).toContain("CopyObject");
    for (const [name, { commands }] of Object.entries(functions)) {
      const sent = [...new Set(commands.flatMap(each => [...each]))];
      expect(sent.length, name).toBeGreaterThan(0);
      const allowed = new Set(granted(FUNCTIONS[name as FunctionName]));
      expect(
        sent.flatMap(actionsOf).filter(action => !allowed.has(action)),
        `${name}: ${sent}`,
      ).toEqual([]);
    }
  });
});
