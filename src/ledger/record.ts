import type { DecisionRecord } from "./domain.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The request's bytes as a record carries them: text where that is the shorter JSON, else base64.
 *
 * A request of control characters grows sixfold when it is escaped, which would not fit into an item any more;
 * base64 grows by a third whatever the bytes are.
 */
export const requestText = (bytes: Uint8Array | undefined): { text?: string; base64?: string } => {
  if (bytes === undefined) return {};
  const base64 = Buffer.from(bytes).toString("base64");
  try {
    const text = utf8.decode(bytes);
    return Buffer.byteLength(JSON.stringify(text), "utf8") <= base64.length * 1.5 ? { text } : { base64 };
  } catch {
    return { base64 };
  }
};

/** The bytes a record carries; `undefined` for a request that was too large to read. */
export const requestBytes = (record: {
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
}): Uint8Array | undefined => {
  if (record.text !== undefined) return Buffer.from(record.text, "utf8");
  return record.base64 === undefined ? undefined : Buffer.from(record.base64, "base64");
};

/**
 * A committed record and its one text: what is stored with the head, published and compared, byte for byte. The text is
 * made once and never again from the record, since JSON does not promise to come out as it went in.
 */
export type CommittedDecision<Change = unknown> = {
  readonly record: DecisionRecord<Change>;
  readonly text: string;
};

/** One line of JSON. */
export const recordText = (record: DecisionRecord): string => JSON.stringify(record);

/** Something lies where a decision should, and is none. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
  constructor(where: string, text: string, options?: ErrorOptions) {
    const shown = JSON.stringify(text.slice(0, 80));
    super(
      `Expected a decision record in ${where}, got ${shown}: decisions are never changed, so somebody else wrote it; an older version of the object may be the decision.`,
      options,
    );
  }
}

/**
 * A record from its published text. `name`: of the object, for the error.
 *
 * Throws: `UnreadableRecord`, if the text is no decision record.
 */
export const parseRecord = <Change>(text: string, name: string): DecisionRecord<Change> => {
  const record = jsonIn(text, name) as Partial<DecisionRecord<Change>> | null;
  if (typeof record?.key !== "string" || !Array.isArray(record.legs)) throw new UnreadableRecord(name, text);
  return record as DecisionRecord<Change>; // written by recordText, which is all that lies under these names
};

const jsonIn = (text: string, name: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnreadableRecord(name, text, { cause });
  }
};

/** Same request, same content: the two texts speak of one decision. */
export const sameIdentity = (a: DecisionRecord, b: DecisionRecord): boolean =>
  a.key === b.key && a.digest === b.digest;
