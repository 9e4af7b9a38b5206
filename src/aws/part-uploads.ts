import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { PartUpload, PartUploadRequest, PartUploads, StoredPart } from "../ports/part-uploads.ts";
import { translated } from "./s3-calls.ts";
import { unquoted } from "./s3-facts.ts";

/** S3's multipart uploads behind the port. */
export class S3PartUploads implements PartUploads {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  async begin(request: PartUploadRequest): Promise<PartUpload> {
    const { bucket, key, metadata, contentType } = request;
    const { UploadId } = await translated(request, () =>
      this.#client.send(
        new CreateMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          Metadata: metadata && { ...metadata },
          ContentType: contentType,
        }),
      ),
    );
    if (UploadId === undefined) throw new Error(`Expected an upload id for s3://${bucket}/${key}, got none`);
    return { bucket, key, uploadId: UploadId };
  }

  async put(upload: PartUpload, number: number, body: Uint8Array): Promise<StoredPart> {
    const { ETag } = await translated(upload, () =>
      this.#client.send(
        new UploadPartCommand({
          ...targetOf(upload),
          PartNumber: number,
          Body: body,
          ContentLength: body.byteLength,
        }),
      ),
    );
    return { number, eTag: unquoted(ETag) };
  }

  async complete(upload: PartUpload, parts: readonly StoredPart[]): Promise<{ readonly eTag: string }> {
    const Parts = parts.map(({ number, eTag }) => ({ PartNumber: number, ETag: `"${eTag}"` }));
    const { ETag } = await translated(upload, () =>
      this.#client.send(
        new CompleteMultipartUploadCommand({ ...targetOf(upload), MultipartUpload: { Parts } }),
      ),
    );
    return { eTag: unquoted(ETag) };
  }

  async abort(upload: PartUpload): Promise<void> {
    await translated(upload, () => this.#client.send(new AbortMultipartUploadCommand(targetOf(upload))));
  }
}

const targetOf = ({ bucket, key, uploadId }: PartUpload) => ({
  Bucket: bucket,
  Key: key,
  UploadId: uploadId,
});
