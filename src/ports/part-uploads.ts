/** An object that is being stored part by part. */
export type PartUpload = {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
};

export type PartUploadRequest = {
  readonly bucket: string;
  readonly key: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly contentType?: string;
};

/** A part that is stored: its number, from 1 on, and the ETag that completes the upload. */
export type StoredPart = { readonly number: number; readonly eTag: string };

/**
 * Objects too large for one request. A single put ends at 5 GB; parts have 5 MiB or more, the last excepted, and there
 * are at most 10,000 of them. Nothing is to be seen of the object until its upload is completed.
 * Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
 */
export interface PartUploads {
  begin(request: PartUploadRequest): Promise<PartUpload>;
  /** Stores one part; the same number again replaces it. Throws: the service's error. */
  put(upload: PartUpload, number: number, body: Uint8Array): Promise<StoredPart>;
  complete(upload: PartUpload, parts: readonly StoredPart[]): Promise<{ readonly eTag: string }>;
  /** Gives it up, so that its parts cost nothing. Throws: the service's error. */
  abort(upload: PartUpload): Promise<void>;
}
