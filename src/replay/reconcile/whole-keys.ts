import type { Observation } from "../../tracking/observation.ts";
import type { KeyPicture } from "./compare.ts";

/**
 * The pictures of a stream by key, at most `keysMax` keys at a time. Where the stream is sorted by bucket and key, as
 * a listing and mostly a report is, each key comes once and whole; elsewhere it may come again with further versions.
 */
export async function* wholeKeys(
  batches: AsyncIterable<readonly Observation[]>,
  keysMax: number,
): AsyncGenerator<readonly KeyPicture[]> {
  let open: readonly Observation[] = [];
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    const groups = byKey([...open, ...batch]);
    const last = batch.at(-1);
    if (last !== undefined) {
      open = groups.get(nameOf(last)) ?? [];
      groups.delete(nameOf(last));
    }
    yield* chunksOf(groups, keysMax);
  }
  yield* chunksOf(byKey(open), keysMax);
}

const nameOf = ({ bucket, key }: Observation): string => `${bucket}/${key}`;

const byKey = (pictures: readonly Observation[]): Map<string, Observation[]> => Map.groupBy(pictures, nameOf);

function* chunksOf(
  groups: ReadonlyMap<string, readonly Observation[]>,
  size: number,
): Generator<readonly KeyPicture[]> {
  const pictures = [...groups.values()].flatMap(versions => {
    const [first] = versions;
    return first === undefined ? [] : [{ bucket: first.bucket, key: first.key, versions }];
  });
  for (let at = 0; at < pictures.length; at += size) yield pictures.slice(at, at + size);
}
