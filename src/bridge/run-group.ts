import { keepClaims, LEASE_MS } from "./claims.ts";
import type { Group } from "./group.ts";
import { GroupFailed } from "./group-failed.ts";
import { type Outcome, type RunFacts, timings } from "./group-outcome.ts";
import { depthOf } from "./lineage.ts";
import { type GroupPlan, planGroup } from "./plan-group.ts";
import type { Bridge, RemainingMs } from "./ports.ts";
import { publish } from "./publish.ts";
import { ListingStale, type PulledFile, pull } from "./pull.ts";
import { inputsOf, type RunInputs } from "./records.ts";
import { closeRunFolder, emptyRunFolder, openRunFolder, type RunFolder } from "./run-folder.ts";
import { checkSpace, workOn } from "./work-on.ts";

/** A listing may be overtaken once; twice means that somebody writes all the time, and the messages come again. */
const LISTINGS_MAX = 2;
/** Less than this for the handler is not worth a start. */
const HANDLER_MS_MIN = 1_000;

/**
 * Runs one group: list, filter, pull, handler, upload.
 *
 * Returns: what became of it; a failure of any kind is an outcome, so that other groups go on.
 */
export const runGroup = async (bridge: Bridge, group: Group, remainingMs: RemainingMs): Promise<Outcome> => {
  const { settings, temporaryFolder, random } = bridge;
  const timing = timings(bridge.time);
  let folder: RunFolder | undefined;
  try {
    if (group.isUnderflow && settings.prefixUnderflow === "fail")
      throw new GroupFailed("PREFIX_UNDERFLOW", "A key has fewer folders than PULL_PARENT_DIRS");
    const depth = await depthOf(bridge.objects, group, settings.limits.depthMax);
    folder = await openRunFolder(temporaryFolder, random);
    return await runIn({
      bridge,
      group,
      folder,
      depth,
      timing,
      timeMs: timeFor(bridge, remainingMs),
    });
  } catch (error) {
    return failed(error);
  } finally {
    if (folder !== undefined) await close(bridge, folder);
  }
};

/** What cannot be removed is left to the next start; the group is done all the same. */
const close = async ({ log }: Bridge, folder: RunFolder): Promise<void> => {
  await closeRunFolder(folder).catch((error: unknown) =>
    log.error("A folder could not be removed", { runId: folder.id, reason: String(error) }),
  );
};

const failed = (error: unknown): Outcome => {
  if (error instanceof GroupFailed) return { outcome: "failed", code: error.code, reason: error.message };
  if (error instanceof ListingStale)
    return { outcome: "failed", code: "INPUTS_CHANGED", reason: `${error.message}, and again` };
  if (!(error instanceof Error)) return { outcome: "failed", code: "ERROR", reason: String(error) };
  if (error.name === "ObjectFrozen") return { outcome: "failed", code: "ARCHIVED", reason: error.message };
  if ((error as NodeJS.ErrnoException).code === "ENOSPC")
    return { outcome: "failed", code: "NO_SPACE", reason: error.message };
  return { outcome: "failed", code: "ERROR", reason: `${error.name}: ${error.message}` };
};

/** Throws: `GroupFailed` with NO_TIME. */
const timeFor = ({ settings: { limits } }: Bridge, remainingMs: RemainingMs): (() => number) => {
  return () => {
    const timeMs = Math.min(limits.handlerMs, remainingMs() - limits.uploadReserveMs);
    if (timeMs >= HANDLER_MS_MIN) return timeMs;
    throw new GroupFailed("NO_TIME", "Too little time is left to run the handler and store its outputs");
  };
};

type Run = {
  readonly bridge: Bridge;
  readonly group: Group;
  readonly folder: RunFolder;
  readonly depth: number;
  readonly timing: ReturnType<typeof timings>;
  readonly timeMs: () => number;
};

const runIn = async (run: Run): Promise<Outcome> => {
  for (let listings = 1; ; listings += 1) {
    try {
      return await runOnce(run);
    } catch (error) {
      if (!(error instanceof ListingStale) || listings === LISTINGS_MAX) throw error;
      run.bridge.log.warn("Listed anew", { reason: error.message });
      await emptyRunFolder(run.folder);
    }
  }
};

const runOnce = async (run: Run): Promise<Outcome> => {
  const { bridge, group, folder, timing } = run;
  const plan = await planGroup(bridge, group, folder.traits);
  timing.mark("listMs");
  if (!plan.isRunning) return { outcome: "filtered", value: plan.filterValue ?? "" };
  if (!bridge.settings.isRunOnce) return await pullAndWork(run, plan, () => Promise.resolve());
  return await runClaimed(run, plan);
};

/** Runs a set of inputs unless it ran. Throws: `GroupFailed` with BUSY while somebody else is at it, LEASE_LOST. */
const runClaimed = async (run: Run, plan: GroupPlan): Promise<Outcome> => {
  const { bridge, group } = run;
  const { records } = bridge;
  const inputs = inputsOf(group, plan.inputs);
  const claim = await records.claimRun(inputs, LEASE_MS);
  if (claim.outcome === "done") return { outcome: "ran-before" };
  if (claim.outcome === "busy")
    throw new GroupFailed("BUSY", "The same inputs are being worked on elsewhere");
  const { token } = claim;
  const stop = keepClaims(bridge, () => records.confirmRun(inputs, token, LEASE_MS));
  try {
    const outcome = await pullAndWork(run, plan, async () => {
      await checkInputs(run, inputs);
      if (await records.confirmRun(inputs, token, LEASE_MS)) return;
      throw new GroupFailed("LEASE_LOST", "Somebody else has begun with the same inputs: nothing is stored");
    });
    await stop();
    await records.finishRun(inputs, token);
    return outcome;
  } catch (error) {
    await stop();
    await records.releaseRun(inputs, token).catch((problem: unknown) =>
      // It ends by itself in a minute.
      bridge.log.warn("A claim could not be given up", { reason: String(problem) }),
    );
    throw error;
  }
};

/** Outputs of inputs that are not the last must not be stored over those of the last. Throws: INPUTS_CHANGED. */
const checkInputs = async ({ bridge, group, folder }: Run, inputs: RunInputs): Promise<void> => {
  const now = await planGroup(bridge, group, folder.traits);
  if (!now.isRunning || inputsOf(group, now.inputs).digest !== inputs.digest)
    throw new GroupFailed("INPUTS_CHANGED", "The inputs changed while the handler ran: nothing is stored");
};

const pullAndWork = async (
  run: Run,
  plan: GroupPlan,
  beforeUpload: () => Promise<void>,
): Promise<Outcome> => {
  const { bridge, group, folder, timing } = run;
  await checkSpace(folder, plan.bytes);
  const pulled = await pull(bridge.objects, folder, {
    bucket: group.bucket,
    paths: plan.paths,
    atOnce: bridge.settings.limits.downloadsAtOnce,
  });
  timing.mark("pullMs");
  const outputs = await workOn({ ...run, pulled, timeMs: run.timeMs() });
  timing.mark("handlerMs");
  await beforeUpload();
  const published = await publish(run, outputs);
  timing.mark("uploadMs");
  return { outcome: "ran", ...factsOf(run, plan, pulled), ...published, ...timing.taken() };
};

const factsOf = ({ folder, depth }: Run, plan: GroupPlan, pulled: readonly PulledFile[]): RunFacts => ({
  runId: folder.id,
  depth,
  pulled: pulled.length,
  pulledBytes: plan.bytes,
  skipped: plan.skipped,
});
