import { Buffer } from "node:buffer";

/** How a journal line holds the bytes of an object: themselves, or the name of the file that has them. */
export type BodyJson = { readonly base64: string } | { readonly sha256: string; readonly sizeBytes: number };

/** The bytes of one stored version. Never changes. */
export interface Body {
  readonly sizeBytes: number;
  /** Bytes `start` up to but without `end`; all of them by default. */
  read(start?: number, end?: number): Uint8Array;
  toJSON(): BodyJson;
}

/** Where bodies are kept. */
export interface Bodies {
  keep(bytes: Uint8Array): Body;
  revive(json: BodyJson): Body;
}

export const memoryBody = (bytes: Uint8Array): Body => ({
  sizeBytes: bytes.byteLength,
  read: (start = 0, end = bytes.byteLength) => bytes.subarray(start, end),
  toJSON: () => ({
    base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
  }),
});

/** Every body in memory. */
export const memoryBodies: Bodies = {
  keep: memoryBody,
  revive: json => {
    if (!("base64" in json))
      throw new Error(`A body in file ${json.sha256} needs the data folder it lies in.`);
    return memoryBody(Buffer.from(json.base64, "base64"));
  },
};
