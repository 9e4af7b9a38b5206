import { compareUtf8 } from "../table/utf8-order.ts";

/** An event of S3 about one object, as the bridge reacts to it. */
export type Trigger = {
  readonly bucket: string;
  /** Decoded. */
  readonly key: string;
  /** Without `s3:`, such as `ObjectCreated:Put`. */
  readonly eventName: string;
  readonly versionId?: string | undefined;
  /** Without quotes. */
  readonly eTag?: string | undefined;
  /** Normalised, so that two of one key compare as text. */
  readonly sequencer?: string | undefined;
  /** The message that told of it. */
  readonly messageId: string;
};

/** What runs at once: all triggers of one folder. The handler is run once for all of them. */
export type Group = {
  readonly bucket: string;
  /** Ends in `/`; empty for the whole bucket. */
  readonly prefix: string;
  readonly triggers: readonly Trigger[];
  /** The key has fewer folders than were to be taken off. */
  readonly isUnderflow: boolean;
};

/**
 * The prefix whose objects a key's group pulls.
 *
 * `parentDirs`: 0 is the folder of the key itself, 1 the one around it; negative is the whole bucket.
 * Returns:      also whether there were that many folders. `/b.txt` lies in the folder `/`.
 * Source:       S3 Event Bridge, `PULL_PARENT_DIRS`.
 */
export const prefixOf = (
  key: string,
  parentDirs: number,
): { readonly prefix: string; readonly isUnderflow: boolean } => {
  if (parentDirs < 0) return { prefix: "", isUnderflow: false };
  const folders = key.split("/").slice(0, -1);
  const kept = folders.slice(0, Math.max(0, folders.length - parentDirs));
  return {
    prefix: kept.length === 0 ? "" : `${kept.join("/")}/`,
    isUnderflow: parentDirs > folders.length,
  };
};

/** Triggers by bucket and prefix, sorted by both in the order of their bytes, as S3 itself sorts. */
export const groupsOf = (
  triggers: readonly Trigger[],
  { parentDirs, isMerging }: { readonly parentDirs: number; readonly isMerging: boolean },
): readonly Group[] => {
  const found = new Map<
    string,
    { bucket: string; prefix: string; triggers: Trigger[]; isUnderflow: boolean }
  >();
  for (const trigger of triggers) {
    const { prefix, isUnderflow } = prefixOf(trigger.key, parentDirs);
    const name = `${trigger.bucket}/${prefix}`;
    const group = found.get(name) ?? { bucket: trigger.bucket, prefix, triggers: [], isUnderflow: false };
    group.triggers.push(trigger);
    group.isUnderflow ||= isUnderflow;
    found.set(name, group);
  }
  const sorted = [...found.values()].sort(
    (a, b) => compareUtf8(a.bucket, b.bucket) || compareUtf8(a.prefix, b.prefix),
  );
  return isMerging ? merged(sorted) : sorted;
};

/** Sorted by prefix, a folder comes before what lies in it. */
const merged = (sorted: readonly Group[]): readonly Group[] => {
  const kept: Group[] = [];
  for (const group of sorted) {
    const at = kept.findIndex(
      ({ bucket, prefix }) => bucket === group.bucket && group.prefix.startsWith(prefix),
    );
    const around = kept[at];
    if (around === undefined) kept.push(group);
    else kept[at] = { ...around, triggers: [...around.triggers, ...group.triggers] };
  }
  return kept;
};
