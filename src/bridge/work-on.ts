import { lstat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesBelow, findOutputs, type Outputs } from "./find-outputs.ts";
import type { Group } from "./group.ts";
import { GroupFailed } from "./group-failed.ts";
import { handlerEnvironment } from "./handler-environment.ts";
import type { Bridge } from "./ports.ts";
import type { PulledFile } from "./pull.ts";
import type { RunFolder } from "./run-folder.ts";
import { runHandler } from "./run-handler.ts";

/** Room that a download leaves free: a full disk stops more than a handler. */
const SPARE_BYTES = 16 * 1024 * 1024;

/** Throws: `GroupFailed` with NO_SPACE. */
export const checkSpace = async ({ base }: RunFolder, bytes: number): Promise<void> => {
  const { bavail, bsize } = await statfs(base);
  const free = bavail * bsize;
  if (bytes + SPARE_BYTES > free)
    throw new GroupFailed("NO_SPACE", `${bytes} bytes are to be pulled, and ${free} are free`);
};

/** Runs the handler over a folder, and looks what it left there. Throws: `GroupFailed`. */
export const workOn = async ({
  bridge,
  group,
  folder,
  pulled,
  timeMs,
}: {
  readonly bridge: Bridge;
  readonly group: Group;
  readonly folder: RunFolder;
  readonly pulled: readonly PulledFile[];
  readonly timeMs: number;
}): Promise<Outputs> => {
  const { settings, time, log } = bridge;
  const { diskBytesMax, printedBytesMax } = settings.limits;
  const eventsFile = join(folder.base, "events.json");
  await writeFile(eventsFile, eventsText(group));
  // Written last before the handler starts: the file system's own word on when that was.
  const { ctimeNs: sinceNs } = await lstat(eventsFile, { bigint: true });
  await runHandler({
    command: settings.command,
    env: handlerEnvironment(bridge, group, { folder, eventsFile }),
    runId: folder.id,
    timeMs,
    printedBytesMax,
    okExitCodes: settings.okExitCodes,
    overQuota: async () => {
      const bytes = await bytesBelow(folder.base);
      return bytes > diskBytesMax ? `${bytes} bytes of files, at most ${diskBytesMax}` : undefined;
    },
    time,
    log,
  });
  const isAll = settings.uploadMode === "all" && isElsewhere(bridge, group);
  const outputs = await findOutputs(folder, pulled, { sinceNs, isAll, diskBytesMax });
  if (outputs.ignored.length > 0) reportIgnored(bridge, outputs.ignored);
  return outputs;
};

/** Whether outputs go to another bucket than inputs come from. */
export const isElsewhere = ({ settings }: Bridge, { bucket }: Group): boolean =>
  settings.targetBucket !== undefined && settings.targetBucket !== bucket;

const reportIgnored = ({ settings, log }: Bridge, ignored: readonly string[]): void => {
  const [first = ""] = ignored;
  const what = `${ignored.length} links or other things that are no files, such as ${JSON.stringify(first)}`;
  if (settings.links === "fail") throw new GroupFailed("LINK", `The handler left ${what}`);
  log.warn("Not uploaded", { what });
};

const eventsText = ({ bucket, prefix, triggers }: Group): string =>
  `${JSON.stringify({ bucket, prefix, events: triggers }, null, 2)}\n`;
