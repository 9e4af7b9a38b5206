/** A file of a report: the same bytes at every reading, or an error. */
export interface Source {
  /** A path or an s3:// address, for messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** All bytes in order, in pieces. Throws `FileChanged`, and whatever the disk or the network throws. */
  stream(): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** The bytes from `start` up to `end`, which is excluded; both inside the file. Throws as `stream`. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Where the data files of a report are. */
export interface Sources {
  /** Returns: undefined if there is no such file. `key` as the manifest lists it. */
  open(key: string): Promise<Source | undefined>;
  /** How messages name the file of this key. */
  nameOf(key: string): string;
}
