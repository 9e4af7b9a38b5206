import { messageSourceNamed } from "../aws/message-source.ts";
import { GroupFailed } from "../bridge/group-failed.ts";
import type { Outcome } from "../bridge/group-outcome.ts";
import { type GroupPlan, planGroup } from "../bridge/plan-group.ts";
import type { Bridge } from "../bridge/ports.ts";
import { runGroup } from "../bridge/run-group.ts";
import { watch } from "../bridge/watch.ts";
import { openBridge } from "./bridge-cloud.ts";
import { type Output, Refused } from "./output.ts";
import type { Stopping } from "./stopping.ts";

export type BridgeFolder = { readonly bucket: string; readonly prefix: string; readonly isAws: boolean };

/** A prefix names a folder, with its slash or without. */
const groupOf = ({ bucket, prefix }: BridgeFolder) => ({
  bucket,
  prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
  triggers: [],
  isUnderflow: false,
});

/** `daybook bridge run`: one group, now, without an event. Throws: `Refused` where it fails. */
export const bridgeRunCommand = async (folder: BridgeFolder, output: Output): Promise<number> => {
  const { bridge, clients } = await openBridge(folder.isAws);
  try {
    const group = groupOf(folder);
    const { handlerMs, uploadReserveMs } = bridge.settings.limits;
    const outcome = await runGroup(bridge, group, () => handlerMs + uploadReserveMs);
    if (output.isJson) output.json({ bucket: group.bucket, prefix: group.prefix, ...outcome });
    if (outcome.outcome === "failed") throw new Refused(`${outcome.code}: ${outcome.reason}`);
    if (!output.isJson) output.data(outcomeText(outcome));
    return 0;
  } finally {
    clients.close();
  }
};

const outcomeText = (outcome: Exclude<Outcome, { readonly outcome: "failed" }>): string => {
  switch (outcome.outcome) {
    case "ran":
      return [
        `Ran over ${outcome.pulled} objects; stored ${outcome.uploaded.length}, deleted ${outcome.deleted.length}.`,
        ...outcome.uploaded.map(key => `  ${key}`),
      ].join("\n");
    case "filtered":
      return "Did not run: the filter answered false.";
    case "ran-before":
      return "Did not run: it ran over the same objects before.";
    case "duplicate":
      return "Did not run: it was done before.";
    default: {
      const never: never = outcome;
      return never;
    }
  }
};

/** `daybook bridge plan`: what `run` would be given, without a download and without the handler. Throws: `Refused` where it would fail. */
export const bridgePlanCommand = async (folder: BridgeFolder, output: Output): Promise<number> => {
  const { bridge, clients } = await openBridge(folder.isAws);
  try {
    const { bucket, prefix } = groupOf(folder);
    const { listing, filterValue, isRunning, paths, bytes, skipped } = await planOrRefused(
      bridge,
      { bucket, prefix },
      output,
    );
    const pulled = paths.files.map(({ object, path }) => ({
      key: object.key,
      path,
      sizeBytes: object.sizeBytes,
    }));
    if (output.isJson)
      output.json({ bucket, prefix, isRunning, filterValue, listed: listing.length, bytes, pulled, skipped });
    else {
      const filter = filterValue === undefined ? "" : `, the filter says ${filterValue || "nothing"}`;
      output.data(
        `${isRunning ? "Would run" : "Would not run"}: ${listing.length} objects listed${filter}, ${pulled.length} pulled (${bytes} bytes).`,
      );
      for (const { key, path } of pulled) output.data(`  ${key} as ${path}`);
      for (const key of skipped) output.data(`  ${key} left out`);
    }
    return 0;
  } finally {
    clients.close();
  }
};

/** A key, a limit or a filter by which a run would fail is an answer to whoever asks for the plan. Throws: `Refused`. */
const planOrRefused = async (
  bridge: Bridge,
  group: { readonly bucket: string; readonly prefix: string },
  output: Output,
): Promise<GroupPlan> => {
  const traits = { isFolding: false, isWindows: process.platform === "win32" };
  try {
    return await planGroup(bridge, group, traits);
  } catch (error) {
    if (!(error instanceof GroupFailed)) throw error;
    const { code, message } = error;
    if (output.isJson) output.json({ ...group, outcome: "failed", code, reason: message });
    throw new Refused(`${code}: ${message}`, { cause: error });
  }
};

/** `daybook bridge watch`: works on a queue of S3's events until it is stopped. */
export const bridgeWatchCommand = async (
  { queue, isAws }: { readonly queue: string; readonly isAws: boolean },
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const asked = stopping.asked();
  const { bridge, clients } = await openBridge(isAws, "SQS");
  const abort = new AbortController();
  try {
    const source = await messageSourceNamed(await clients.sqs(), queue);
    output.talk(`Watching ${queue}. Stop it with Ctrl-C: the batch that runs is finished first.`);
    void asked.then(reason => {
      output.talk(`Stopping: ${reason}.`);
      abort.abort();
    });
    await watch(bridge, source, {
      signal: abort.signal,
      onBatch: ({ groups }) => {
        for (const group of groups) if (output.isJson) output.json(group);
      },
    });
    if (output.isJson) output.json({ type: "summary" });
    return 0;
  } finally {
    clients.close();
  }
};
