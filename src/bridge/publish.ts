import type { Outputs } from "./find-outputs.ts";
import type { Group } from "./group.ts";
import type { PublishedFacts } from "./group-outcome.ts";
import { DEPTH_MARK, RUN_MARK } from "./lineage.ts";
import type { Bridge } from "./ports.ts";
import type { PulledFile } from "./pull.ts";
import type { RunFolder } from "./run-folder.ts";
import { type UploadTarget, upload } from "./upload.ts";
import { isElsewhere } from "./work-on.ts";

type Run = {
  readonly bridge: Bridge;
  readonly group: Group;
  readonly folder: RunFolder;
  readonly depth: number;
};

/**
 * Stores the outputs, then what tells that they are all there, then deletes what the handler deleted, if it is to.
 * Throws: `GroupFailed`; what S3 throws.
 */
export const publish = async (run: Run, outputs: Outputs): Promise<PublishedFacts> => {
  const { bridge, group, folder, depth } = run;
  const { settings, objects, parts } = bridge;
  const target: UploadTarget = {
    objects,
    parts,
    root: folder.root,
    bucket: settings.targetBucket ?? group.bucket,
    prefix: group.prefix,
    runId: folder.id,
    depth,
  };
  const uploaded = await upload(target, outputs.files);
  if (settings.manifestName !== undefined && outputs.files.length > 0)
    await putManifest(bridge, target, { name: settings.manifestName, outputs, isNew: uploaded.length > 0 });
  const deleted =
    settings.isDeleting && !isElsewhere(bridge, group)
      ? await deletePulled(bridge, group, outputs.deleted)
      : [];
  return { uploaded, deleted, ignored: outputs.ignored };
};

/**
 * Outputs are stored one by one; whoever must see all or none of them waits for this object. Where none of them is new
 * and it tells of the same ones already, it is not stored again: it would trigger a bridge on its own folder for ever.
 */
const putManifest = async (
  { objects }: Bridge,
  { bucket, prefix, runId, depth }: UploadTarget,
  { name, outputs, isNew }: { readonly name: string; readonly outputs: Outputs; readonly isNew: boolean },
): Promise<void> => {
  const listed = outputs.files.map(({ path, sha256, sizeBytes }) => ({
    key: `${prefix}${path}`,
    sha256,
    sizeBytes,
  }));
  const key = `${prefix}${name}`;
  const bodyOf = (run: string): string => `${JSON.stringify({ runId: run, outputs: listed }, null, 2)}\n`;
  if (!isNew) {
    const there = await objects.get({ bucket, key });
    const storedBy = there?.facts.metadata[RUN_MARK] ?? "";
    if (there !== undefined && new TextDecoder().decode(there.body) === bodyOf(storedBy)) return;
  }
  await objects.put({
    bucket,
    key,
    body: bodyOf(runId),
    contentType: "application/json",
    metadata: { [RUN_MARK]: runId, [DEPTH_MARK]: String(depth) },
  });
};

/** Only what is still the version that was pulled. Somebody who stores between this look and the deletion loses it. */
const deletePulled = async (
  { objects, log }: Bridge,
  { bucket }: Group,
  files: readonly PulledFile[],
): Promise<readonly string[]> => {
  const deleted: string[] = [];
  for (const { object } of files) {
    const there = await objects.head({ bucket, key: object.key });
    if (there?.eTag !== object.eTag)
      log.warn("Not deleted: it was overwritten or is gone", { key: object.key });
    else {
      await objects.delete({ bucket, key: object.key });
      deleted.push(object.key);
    }
  }
  return deleted;
};
