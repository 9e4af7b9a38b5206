import type { S3 } from "../../src/local/s3/s3.ts";

/** An object as it lies in the model, read past every port. */
export type Lying = { readonly key: string; readonly text: string };

const decoder = new TextDecoder();

/** Every current object under a prefix, unordered. */
export const currentBytes = (s3: S3, bucket: string, prefix: string): readonly Lying[] => {
  const found: Lying[] = [];
  for (const [key, [top]] of s3.state.buckets.get(bucket)?.versions ?? [])
    if (key.startsWith(prefix) && top !== undefined && !top.isDeleteMarker)
      found.push({ key, text: decoder.decode(top.body.read()) });
  return found;
};

/** The text of a decision under its prefix: by its plain name, or by the name with its digest. */
export const currentText = (
  s3: S3,
  bucket: string,
  prefix: string,
  key: string,
  digest: string,
): string | undefined => {
  const versions = s3.state.buckets.get(bucket)?.versions;
  for (const name of [`${prefix}${key}~${digest}`, `${prefix}${key}`]) {
    const top = versions?.get(name)?.[0];
    if (top === undefined || top.isDeleteMarker) continue;
    const text = decoder.decode(top.body.read());
    if (text.includes(digest)) return text;
  }
  return undefined;
};
