import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

/** Alone in its file, so that a bundle that loads it late takes the client and not every command of the service. */
export const newS3Client = (config: S3ClientConfig): S3Client => new S3Client(config);
