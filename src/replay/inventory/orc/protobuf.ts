import { Unreadable } from "../errors.ts";

/** A field of a protobuf message: a number for varints, bytes for what has a length. Fixed-width fields are passed over. */
export type Field =
  | { readonly id: number; readonly value: number; readonly bytes?: undefined }
  | { readonly id: number; readonly bytes: Uint8Array; readonly value?: undefined };

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
/** Seven bits each: 64 bits. */
const VARINT_BYTES_MAX = 10;

/**
 * The fields of a message in their order. ORC's footers need no more of protobuf than this.
 *
 * Throws: `Unreadable` for bytes that are no message, and for numbers beyond 2^53.
 * Source: Protocol Buffers documentation, "Encoding".
 */
export const fieldsOf = (message: Uint8Array): readonly Field[] => {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    const read = varintAt(message, at);
    at = read.end;
    return read.value;
  };
  const pass = (length: number): Uint8Array => {
    if (at + length > message.length) throw new Unreadable("a footer ends within a field");
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const id = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) fields.push({ id, value: varint() });
    else if (wireType === LENGTH_DELIMITED) fields.push({ id, bytes: pass(varint()) });
    else if (wireType === FIXED_64) pass(8);
    else if (wireType === FIXED_32) pass(4);
    else throw new Unreadable(`a footer has a field of wire type ${wireType}`);
  }
  return fields;
};

/** The last value of a field, as protobuf has it; 0 if there is none. */
export const numberIn = (fields: readonly Field[], id: number): number =>
  fields.findLast(field => field.id === id && field.value !== undefined)?.value ?? 0;

export const textIn = (fields: readonly Field[], id: number): string | undefined => {
  const bytes = fields.findLast(field => field.id === id && field.bytes !== undefined)?.bytes;
  return bytes && new TextDecoder().decode(bytes);
};

/** All messages of a repeated field. */
export const messagesIn = (fields: readonly Field[], id: number): readonly (readonly Field[])[] =>
  bytesIn(fields, id).map(fieldsOf);

export const textsIn = (fields: readonly Field[], id: number): readonly string[] =>
  bytesIn(fields, id).map(bytes => new TextDecoder().decode(bytes));

/** All numbers of a repeated field, packed or one by one. */
export const numbersIn = (fields: readonly Field[], id: number): readonly number[] =>
  fields
    .filter(field => field.id === id)
    .flatMap(field => (field.bytes === undefined ? [field.value] : unpacked(field.bytes)));

const bytesIn = (fields: readonly Field[], id: number): readonly Uint8Array[] =>
  fields.flatMap(field => (field.id === id && field.bytes !== undefined ? [field.bytes] : []));

const unpacked = (bytes: Uint8Array): readonly number[] => {
  const values: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = varintAt(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
};

const varintAt = (bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } => {
  let value = 0;
  let scale = 1;
  for (let at = start; at < start + VARINT_BYTES_MAX; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new Unreadable("a footer ends within a number");
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    if (!Number.isSafeInteger(value)) throw new Unreadable("a footer has a number beyond 2^53");
    return { value, end: at + 1 };
  }
  throw new Unreadable("a footer has a number of more than 64 bits");
};
