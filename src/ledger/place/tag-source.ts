import type { ObjectStore, Tags } from "../../ports/object-store.ts";
import { PLACED_TAG } from "../../ports/placed-tag.ts";
import { NULL_VERSION } from "../../tracking/observation.ts";
import type { Placement } from "./placement.ts";

/** Source: Amazon S3 User Guide, "Categorizing your objects using tags". */
const TAGS_MAX = 10;

/** The tags that are not ours: a copy must not take over what says that its source may leave. */
export const foreignTags = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([name]) => name !== PLACED_TAG.name));

/**
 * The tags of a placed source: those it has, and ours. Where there is no room, one of the others goes; the copy keeps
 * them all.
 */
export const placedTags = (tags: Tags): Tags => {
  const others = Object.entries(foreignTags(tags));
  return Object.fromEntries([...others.slice(0, TAGS_MAX - 1), [PLACED_TAG.name, PLACED_TAG.value]]);
};

/**
 * Tags the source of a verified copy. Writing tags replaces the whole set, so it goes by what was just read; nobody
 * else writes tags of requests (ruling "one writer").
 *
 * The null version can be overwritten by a request that nobody has decided: it is tagged only while it still looks
 * like its copy.
 */
export const tagSource = async (
  objects: ObjectStore,
  { source }: Placement,
  copy: { readonly eTag: string },
  tags: Tags,
): Promise<void> => {
  if (source.versionId === NULL_VERSION && (await objects.head(source))?.eTag !== copy.eTag) return;
  await objects.putTags(source, placedTags(tags));
};
