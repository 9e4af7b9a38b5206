import { DECISIONS_PREFIX } from "../../ledger/names.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import type { ManifestLine, ManifestPlace } from "../manifest/manifest.ts";
import { manifestLines, manifestsUpTo, readManifest } from "../manifest/read-manifest.ts";
import { missingDecision } from "../manifest/valid-decisions.ts";
import type { RestorePlan } from "./plan.ts";

/**
 * Sealed decisions that S3 does not show, of those that are `wanted`. Their bytes are not read: one that was changed is
 * found where it is read.
 *
 * Requests: at most two for each that is wanted, and at most two for each thousand there are. Memory: a page of keys.
 * Throws: `ManifestDamaged`; what S3 throws.
 */
export async function* missingDecisions(
  place: ManifestPlace,
  plan: Pick<RestorePlan, "epoch" | "sealed">,
  wanted: (line: ManifestLine) => boolean,
): AsyncGenerator<ManifestLine> {
  // One that was cut off after it sealed goes on with what it sealed.
  const isSealed = (await readManifest(place, plan.epoch)) !== undefined;
  for (const manifest of await manifestsUpTo(place, isSealed ? plan.epoch : plan.sealed)) {
    const isThere = inOrder(place);
    for await (const line of manifestLines(place, manifest))
      if (wanted(line) && !(await isThere(line.name))) yield line;
  }
}

/** A restore writes these again whatever its table holds. Names sort as instants do. */
export const isWrittenAgain =
  ({ reach }: RestorePlan) =>
  ({ decidedAt }: ManifestLine): boolean =>
    decidedAt >= reach;

/**
 * Stops a restore that would fail half-way, with everything halted, for a decision that it has to read.
 * Throws: `ManifestDamaged`, naming the first that is missing; what S3 throws.
 */
export const checkDecisions = async (place: ManifestPlace, plan: RestorePlan): Promise<void> => {
  for await (const { name } of missingDecisions(place, plan, isWrittenAgain(plan)))
    throw missingDecision(place.bucket, name);
};

/** Asks whether names are there that come in the order of keys, each page of the listing once. */
const inOrder = ({ objects, bucket }: ManifestPlace): ((name: string) => Promise<boolean>) => {
  let page: ReadonlySet<string> = new Set();
  let last = "";
  return async name => {
    if (compareUtf8(name, last) <= 0) return page.has(name);
    const listed = await objects.list({ bucket, prefix: DECISIONS_PREFIX, startAfter: name });
    page = new Set(listed.objects.map(({ key }) => key));
    // The last page says of all names behind it that they are not there, but for the one that is asked for now.
    last = listed.cursor === undefined ? BEHIND_ALL : (listed.objects.at(-1)?.key ?? name);
    return (await objects.head({ bucket, key: name })) !== undefined;
  };
};

/** Sorts behind every key of a decision. */
const BEHIND_ALL = `${DECISIONS_PREFIX}~`;
