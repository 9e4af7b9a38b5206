import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { Presigner } from "../ports/object-store.ts";

/** Addresses signed with the client's credentials, at its endpoint. */
export const createPresigner = (client: S3Client): Presigner => ({
  presign: ({ bucket, key, versionId }, { now, expiresSeconds }) =>
    getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }), {
      expiresIn: expiresSeconds,
      signingDate: new Date(now),
    }),
});
