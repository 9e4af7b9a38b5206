import { gunzipSync, gzipSync } from "node:zlib";
import { sha256Hex } from "../../ledger/chain.ts";
import { BundleDamaged } from "./errors.ts";
import type { PublishedDecision } from "./find-decisions.ts";
import { entryOf, fileOf, type IndexEntry, type PartIndex } from "./format.ts";

/**
 * How a part is cut. A member is what is fetched to read one record; a part is what is held in memory to be made, and
 * large enough that the 40 KB Glacier adds to every object are nothing.
 */
export type PartLimits = { readonly memberTextBytes: number; readonly partBytes: number };

export const PART_LIMITS: PartLimits = { memberTextBytes: 64 * 1024, partBytes: 16 * 1024 * 1024 };

/** A decision's text fits into an item of 400 KB, beside what a member had before it was added. */
const MEMBER_TEXT_BYTES_MAX = 1024 * 1024;

/** A part in memory. */
export type PackedPart = { readonly bytes: Buffer; readonly index: PartIndex };

/** Takes decisions until a part is full. */
export type Packer = {
  readonly add: (decision: PublishedDecision) => void;
  readonly isFull: () => boolean;
  /** Undefined if nothing was added. */
  readonly end: (key: string) => PackedPart | undefined;
};

export const createPacker = ({ memberTextBytes, partBytes }: PartLimits): Packer => {
  const members: Buffer[] = [];
  const entries: IndexEntry[] = [];
  const sums = { textBytes: 0, requestBytes: 0, unread: 0 };
  let waiting: PublishedDecision[] = [];
  let waitingBytes = 0;
  let offset = 0;
  const closeMember = (): void => {
    if (waiting.length === 0) return;
    const member = packMember(waiting.map(({ text }) => text));
    for (const [line, { key, text, record }] of waiting.entries())
      entries.push(entryOf(record, { key, sha256: sha256Hex(text), offset, length: member.length, line }));
    members.push(member);
    offset += member.length;
    waiting = [];
    waitingBytes = 0;
  };
  return {
    add: decision => {
      const { text, record } = decision;
      waiting.push(decision);
      waitingBytes += text.length + 1;
      sums.textBytes += text.length + 1;
      sums.requestBytes += record.source.sizeBytes;
      if (record.text === undefined && record.base64 === undefined) sums.unread += 1;
      if (waitingBytes >= memberTextBytes) closeMember();
    },
    isFull: () => offset >= partBytes,
    end: key => {
      closeMember();
      if (entries.length === 0) return undefined;
      const bytes = Buffer.concat(members);
      return { bytes, index: { part: fileOf(key, bytes), records: entries.length, ...sums, entries } };
    },
  };
};

const LINE_FEED = Buffer.from("\n");
/** Byte 9 of a gzip header tells the system it was made on; 255 stands for none, so that all systems make the same. */
const SYSTEM_BYTE = 9;
const NO_SYSTEM = 255;

/** One gzip member, a whole gzip file by itself: the lines, a line feed behind each. Source: RFC 1952, 2.2 and 2.3. */
export const packMember = (lines: readonly Uint8Array[]): Buffer => {
  const member = gzipSync(Buffer.concat(lines.flatMap(line => [line, LINE_FEED])), { level: 9 });
  member[SYSTEM_BYTE] = NO_SYSTEM;
  return member;
};

/** The lines of a member. Throws: `BundleDamaged`, naming the part and the first byte. */
export const linesOfMember = (member: Uint8Array, part: string, offset: number): readonly Buffer[] => {
  const text = inflated(member, part, offset);
  const lines: Buffer[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(0x0a, start);
    if (end === -1) throw new BundleDamaged(part, `the gzip member at byte ${offset} ends within a line`);
    lines.push(text.subarray(start, end));
    start = end + 1;
  }
  return lines;
};

const inflated = (member: Uint8Array, part: string, offset: number): Buffer => {
  try {
    return gunzipSync(member, { maxOutputLength: MEMBER_TEXT_BYTES_MAX });
  } catch (cause) {
    throw new BundleDamaged(part, `the gzip member at byte ${offset} cannot be read`, { cause });
  }
};

/** Entries by the member they lie in, in their order. */
export const byMember = (entries: readonly IndexEntry[]): readonly (readonly IndexEntry[])[] => [
  ...Map.groupBy(entries, ({ offset }) => offset).values(),
];
