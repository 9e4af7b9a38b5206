import type { ObjectStore } from "../ports/object-store.ts";
import { openReport, openReportFile, type Report } from "../replay/inventory/open-report.ts";
import { Misused } from "./output.ts";

const S3_ADDRESS = /^s3:\/\/([^/]+)\/(.+)$/;

/** Where a manifest that was named on the command line is. */
export type ManifestPlace = { readonly path: string } | { readonly bucket: string; readonly key: string };

/** A path, or an s3:// address. Throws: `Misused` for an address that names no object. */
export const manifestPlace = (manifest: string): ManifestPlace => {
  if (!manifest.startsWith("s3:")) return { path: manifest };
  const [, bucket, key] = S3_ADDRESS.exec(manifest) ?? [];
  if (bucket === undefined || key === undefined)
    throw new Misused(`Expected a path or s3://BUCKET/KEY of a manifest, got ${manifest}`);
  return { bucket, key };
};

/** The report of a manifest on disk, or in the S3 of a connection. Throws: as `openReport`. */
export const openManifest = (place: ManifestPlace, objects: ObjectStore): Promise<Report> =>
  "path" in place ? openReportFile(place.path) : openReport(place, objects);
