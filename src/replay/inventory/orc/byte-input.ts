import { Unreadable } from "../errors.ts";

/** Longest value that is read in one piece: a text, or the values of one run. Keys have 1,024 bytes. */
const TAKE_BYTES_MAX = 64 * 1024 * 1024;

/** The bytes of a stream in their order, out of blocks that are decompressed when they are reached. */
export class ByteInput {
  readonly #blocks: Iterator<Uint8Array, void>;
  #block: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(blocks: Iterable<Uint8Array, void>) {
    this.#blocks = blocks[Symbol.iterator]();
  }

  /** Whether all is read. */
  isAtEnd(): boolean {
    return this.#at === this.#block.length && !this.#advance();
  }

  /** Throws: `Unreadable` at the end. */
  byte(): number {
    if (this.#at === this.#block.length && !this.#advance()) throw new Unreadable("a stream ends too early");
    const byte = this.#block[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }

  /** The next bytes; shared with the block if they lie in one. Throws: `Unreadable` if there are fewer. */
  take(length: number): Uint8Array {
    if (this.#at + length <= this.#block.length) {
      this.#at += length;
      return this.#block.subarray(this.#at - length, this.#at);
    }
    if (length > TAKE_BYTES_MAX) throw new Unreadable(`a value has ${length} bytes`);
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      if (this.#at === this.#block.length && !this.#advance())
        throw new Unreadable("a stream ends too early");
      const part = this.#block.subarray(this.#at, this.#at + length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    return bytes;
  }

  // Blocks of no bytes are passed over.
  #advance(): boolean {
    for (;;) {
      const next = this.#blocks.next();
      if (next.done === true) return false;
      this.#block = next.value;
      this.#at = 0;
      if (this.#block.length > 0) return true;
    }
  }
}
