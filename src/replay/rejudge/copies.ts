import pMap from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { parseRecord } from "../../ledger/record.ts";
import type { ObjectAddress } from "../../ports/object-store.ts";
import { manifestLines, readManifest } from "../manifest/read-manifest.ts";
import { copiesOf } from "./told.ts";

/** Decisions looked at together. */
const AT_ONCE = 32;

/**
 * Takes away the copies of requests from where their former decisions sent them, if the new ones send them elsewhere; the
 * new copies come by placing, as ever. The buckets keep the versions, and the records the requests. Idempotent.
 *
 * `ledger`: of the epoch that a rejudge began. Returns: the copies that were taken away.
 * Throws: `ManifestDamaged`; what S3 throws.
 */
export const withdrawCopies = async (ledger: AnyLedger): Promise<readonly ObjectAddress[]> => {
  const place = placeOfLive(ledger);
  const manifest = await readManifest(place, ledger.epoch);
  if (manifest?.rejudged === undefined) return [];
  const outcomes = new Map<string, string>();
  for await (const { key, digest, outcome } of manifestLines(place, manifest))
    outcomes.set(`${key} ${digest}`, outcome);
  const withdrawn = await pMap(
    manifest.rejudged.void,
    async name => {
      const found = await ledger.objects.get({ bucket: place.bucket, key: name });
      if (found === undefined) throw new Error(`${name} is gone: decisions must never be deleted.`);
      const past = parseRecord(Buffer.from(found.body).toString("utf8"), name);
      if (outcomes.get(`${past.key} ${past.digest}`) === past.outcome) return [];
      const copies = await copiesOf(ledger, past);
      for (const copy of copies) await ledger.objects.delete(copy);
      return copies;
    },
    { concurrency: AT_ONCE },
  );
  return withdrawn.flat();
};
