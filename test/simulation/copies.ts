import { sha256 } from "./oracle/chains.ts";
import type { World } from "./world.ts";

type Decided = {
  readonly key: string;
  readonly digest: string;
  readonly outcome: string;
  readonly code?: string;
  readonly reused?: boolean;
  readonly epoch: number;
  readonly legs: readonly { readonly stream: string; readonly sequence: number; readonly hash: string }[];
};
type Places = Pick<World, "s3" | "topology" | "watch">;

/** Above this a request is not read, and no copy of it is compared. */
export const READ_BYTES_MAX = 65_536;

export const hashesIn = ({ legs }: Pick<Decided, "legs">): string => legs.map(({ hash }) => hash).join();

const copyOf = ({ s3, topology }: Places, { key, digest, outcome, reused }: Decided) => {
  const bucket = outcome === "accepted" ? topology.buckets.archive : topology.buckets.rejected;
  const versions = s3.state.buckets.get(bucket)?.versions;
  const names = reused === true ? [`${key}~${digest}`] : [key, `${key}~${digest}`];
  const copy = names.map(name => versions?.get(name)?.[0]).find(top => top?.metadata.digest === digest);
  return copy?.isDeleteMarker ? undefined : copy;
};

/** Whether a decided request lies in the bucket of its outcome. */
export const isPlaced = (places: Places, decision: Decided): boolean =>
  copyOf(places, decision) !== undefined;

/** Every decided request lies in its place, byte for byte, and nothing else lies there. */
export const checkCopies = (places: Places, decisions: readonly Decided[]): void => {
  const { s3, topology, watch } = places;
  const { archive, rejected } = topology.buckets;
  const counting = new Set<unknown>();
  for (const decision of decisions) {
    const { key, digest, outcome, code } = decision;
    const copy = copyOf(places, decision);
    counting.add(copy);
    if (copy === undefined) watch.fail("P1", `${key} is ${outcome} and nowhere to be found`);
    else if (
      code !== "OBJECT_TOO_LARGE" &&
      copy.body.sizeBytes <= READ_BYTES_MAX &&
      sha256(copy.body.read()) !== digest
    )
      watch.fail("P1", `the copy of ${key} is not what was decided`);
    else if (copy.metadata.outcome !== outcome || copy.metadata.legs !== legsOf(decision))
      watch.fail("P1", `the copy of ${key} tells of ${copy.metadata.outcome} at ${copy.metadata.legs}`);
  }
  for (const bucket of [archive, rejected])
    for (const [name, [top]] of s3.state.buckets.get(bucket)?.versions ?? [])
      if (top !== undefined && !top.isDeleteMarker && !counting.has(top))
        watch.fail("P1", `${name} lies in ${bucket}, and no decision put it there`);
};

const legsOf = ({ legs }: Decided): string =>
  legs.map(({ stream, sequence }) => `${encodeURIComponent(stream)}:${sequence}`).join();
