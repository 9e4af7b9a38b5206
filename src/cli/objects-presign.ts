import type { App } from "../app.ts";
import { createPresigner } from "../aws/presigner.ts";
import { isoInstant } from "../ports/clock.ts";
import { unreadable } from "../tracking/query/readable.ts";
import { readObservations, readState } from "../tracking/refresh-state.ts";
import { currentView } from "../tracking/views.ts";
import { overObjects, unknownKey } from "./objects-query.ts";
import { type Output, Refused } from "./output.ts";

/**
 * `daybook objects presign KEY`: a web address at which the current version can be read for a while.
 *
 * Tracking says which version is meant, S3 whether it is still the current one and can be read.
 * Throws: `Refused` if nothing is known of the key, it is not in the bucket, or it cannot be read.
 */
export const objectsPresignCommand = (
  key: string,
  { bucket, expires }: { readonly bucket?: string; readonly expires: number },
  isAws: boolean,
  output: Output,
): Promise<number> =>
  overObjects(isAws, async (app, clients) => {
    const address = await readableVersion(app, key, bucket);
    const now = app.clock.now();
    const url = await createPresigner(await clients.s3()).presign(address, { now, expiresSeconds: expires });
    const expiresAt = isoInstant(now + expires * 1000);
    if (output.isJson) output.json({ url, ...address, expiresAt });
    else {
      output.data(url);
      output.talk(`Version ${address.versionId} of s3://${address.bucket}/${key}, until ${expiresAt}.`);
    }
    return 0;
  });

const readableVersion = async ({ ledger, clock }: App, key: string, asked: string | undefined) => {
  const state = key === "" ? undefined : await readState(ledger, key);
  if (state === undefined) throw unknownKey(key);
  const bucket = asked ?? state.location?.bucket;
  const view = bucket === undefined ? undefined : state.buckets[bucket];
  if (bucket === undefined || view?.isPresent !== true)
    throw new Refused(`${key} is not in ${bucket === undefined ? "any bucket" : `s3://${bucket}`} now.`);
  const { versionId } = view;
  const head = await ledger.objects.head({ bucket, key });
  if (head === undefined || (head.versionId ?? "null") !== versionId)
    throw new Refused(
      `S3 has ${head === undefined ? "no" : "another"} current version of s3://${bucket}/${key} than version ${versionId}: tracking has not heard of it yet.`,
    );
  const known = currentView(await readObservations(ledger, key), bucket);
  const reason = unreadable(head, known?.accessTier, isoInstant(clock.now()));
  if (reason !== undefined) throw new Refused(`s3://${bucket}/${key} cannot be read: ${reason}.`);
  return { bucket, key, versionId };
};
