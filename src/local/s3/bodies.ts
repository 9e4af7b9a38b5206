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
  /** One body of several in a row, as of the parts of an upload. */
  join(bodies: readonly Body[]): Body;
  revive(json: BodyJson): Body;
}

export const memoryBody = (bytes: Uint8Array): Body => ({
  sizeBytes: bytes.byteLength,
  read: (start = 0, end = bytes.byteLength) => bytes.subarray(start, end),
  toJSON: () => ({
    base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
  }),
});

/** Bodies in a row, without a copy of them: an upload of gigabytes is held once. */
const joinedBody = (bodies: readonly Body[]): Body => {
  const sizeBytes = bodies.reduce((sum, body) => sum + body.sizeBytes, 0);
  const read: Body["read"] = (start = 0, end = sizeBytes) => {
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (const body of bodies) {
      const [from, to] = [Math.max(start - at, 0), Math.min(end - at, body.sizeBytes)];
      if (from < to) pieces.push(body.read(from, to));
      at += body.sizeBytes;
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  };
  return { sizeBytes, read, toJSON: () => memoryBody(read()).toJSON() };
};

/** Every body in memory. */
export const memoryBodies: Bodies = {
  keep: memoryBody,
  join: joinedBody,
  revive: json => {
    if (!("base64" in json))
      throw new Error(`A body in file ${json.sha256} needs the data folder it lies in.`);
    return memoryBody(Buffer.from(json.base64, "base64"));
  },
};
