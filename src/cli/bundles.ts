import pMap from "p-map";
import { textTable } from "../projections/text-table.ts";
import type { BundleManifest } from "../replay/bundle/format.ts";
import type { BundlePlace } from "../replay/bundle/place.ts";
import { listBundles } from "../replay/bundle/read-bundle.ts";
import { bundlePlace, orRefused } from "./bundle-place.ts";
import { connect } from "./connect.ts";
import type { Output } from "./output.ts";

/** A question for each part of a bundle; few have more than some. */
const ASKED_AT_ONCE = 8;

/** Where a part stands: `warm` and `thawed` can be read, `cold` and `thawing` cannot, `gone` is a loss. */
const standOf = async ({ objects, archiveBucket }: BundlePlace, key: string): Promise<string> => {
  const facts = await objects.head({ bucket: archiveBucket, key });
  if (facts === undefined) return "gone";
  if (facts.storageClass !== "GLACIER" && facts.storageClass !== "DEEP_ARCHIVE") return "warm";
  if (facts.restore === undefined) return "cold";
  return facts.restore.ongoing ? "thawing" : "thawed";
};

const standsOf = async (place: BundlePlace, { parts }: BundleManifest): Promise<readonly string[]> => {
  const stands = await pMap(parts, ({ key }) => standOf(place, key), { concurrency: ASKED_AT_ONCE });
  return [...new Set(stands)].sort();
};

/** `daybook bundles`: lists every bundle, with its size and whether it can be read. Throws: `Refused`. */
export const bundlesCommand = async (isAws: boolean, output: Output): Promise<number> => {
  const connection = await connect(isAws);
  try {
    return await orRefused(async () => {
      const place = await bundlePlace(connection);
      const rows: string[][] = [];
      for await (const manifest of listBundles(place.objects, place.archiveBucket)) {
        const { day, number, records, parts, bytes, digest } = manifest;
        const stands = await standsOf(place, manifest);
        if (output.isJson) output.json({ day, number, records, parts: parts.length, bytes, digest, stands });
        rows.push([day, ...[number, records, parts.length, bytes].map(String), stands.join(", ")]);
      }
      if (output.isJson) output.json({ type: "summary", bundles: rows.length });
      else if (rows.length === 0) output.talk("There are no bundles yet.");
      else
        output.data(
          textTable(["day", "bundle", "decisions", "parts", "bytes", "is"], rows, new Set([1, 2, 3, 4])),
        );
      return 0;
    });
  } finally {
    connection.clients.close();
  }
};
