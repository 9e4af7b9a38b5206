import type { ObjectFacts } from "../../ports/object-store.ts";
import type { DecisionRecord, Facts } from "../domain.ts";
import { bounded, encoded, FIELD_LENGTH_MAX, KEY_LENGTH_MAX } from "./placement.ts";

/** What the copy of a decided request tells of its decision. Instants are ISO. */
export type PlacedDecision = {
  readonly copy: { readonly bucket: string; readonly key: string; readonly versionId?: string | undefined };
  readonly sizeBytes: number;
  readonly eTag: string;
  readonly key: string;
  readonly digest: string;
  readonly outcome: "accepted" | "refused";
  readonly code?: string;
  readonly epoch: number;
  readonly legs: readonly { readonly stream: string; readonly sequence: number }[];
  readonly source: {
    readonly bucket: string;
    readonly versionId?: string;
    readonly sequencer?: string;
    readonly eventTime: string;
  };
  readonly decidedAt: string;
  /** The rest is absent from copies that were placed before it was told, or had no room for it. */
  readonly recordSha256?: string;
  /** The hash before each leg. */
  readonly prev?: readonly string[];
  readonly rules?: string;
  readonly settings?: Facts;
  readonly replaces?: NonNullable<DecisionRecord["replaces"]>;
  /** Of each leg, in the domain's shape. */
  readonly changes?: readonly unknown[];
};

/** What of a copy cannot be read, for people. */
export type Unreadable = { readonly reason: string };

class Illegible extends Error {}

/** Reads what `placementOf` wrote. Returns: why not, for an object that does not tell of a decision in full. */
export const readPlacement = (facts: ObjectFacts): PlacedDecision | Unreadable => {
  try {
    return placedDecision(facts);
  } catch (error) {
    // Nothing else in here throws but JSON and URI decoding, over text that anybody may have written.
    if (error instanceof Illegible || error instanceof SyntaxError || error instanceof URIError)
      return { reason: `its metadata cannot be read: ${error.message}` };
    throw error;
  }
};

const placedDecision = (facts: ObjectFacts): PlacedDecision => {
  const { bucket, key: copyKey, versionId, metadata, sizeBytes, eTag } = facts;
  const { outcome, digest, code } = metadata;
  if (outcome !== "accepted" && outcome !== "refused") throw new Illegible("it names no outcome");
  if (digest === undefined || !/^[0-9a-f]{64}$/.test(digest)) throw new Illegible("it names no digest");
  if ((outcome === "refused") !== (code !== undefined)) throw new Illegible("outcome and code contradict");
  return {
    copy: { bucket, key: copyKey, versionId },
    ...{ sizeBytes, eTag, digest, outcome },
    key: requestKey(copyKey, digest, textIn(metadata, "request-key")),
    ...(code !== undefined && { code: whole(code, FIELD_LENGTH_MAX) }),
    epoch: positive(textIn(metadata, "epoch")),
    legs: legsIn(textIn(metadata, "legs")),
    source: sourceIn(metadata),
    decidedAt: textIn(metadata, "decided-at"),
    ...chainIn(metadata),
  };
};

const sourceIn = (metadata: ObjectFacts["metadata"]): PlacedDecision["source"] => {
  const { "source-version": versionId, "source-sequencer": sequencer } = metadata;
  return {
    bucket: textIn(metadata, "source-bucket"),
    ...(versionId !== undefined && { versionId }),
    ...(sequencer !== undefined && { sequencer: whole(sequencer, FIELD_LENGTH_MAX) }),
    eventTime: textIn(metadata, "event-time"),
  };
};

type Chain = Pick<PlacedDecision, "recordSha256" | "prev" | "rules" | "settings" | "replaces" | "changes">;

const chainIn = ({ record, prev, rules, settings, replaces, changes }: ObjectFacts["metadata"]): Chain => ({
  ...(record !== undefined && { recordSha256: record }),
  ...(prev !== undefined && { prev: prev.split(",") }),
  ...(rules !== undefined && { rules: decodeURIComponent(rules) }),
  ...(settings !== undefined && { settings: JSON.parse(decodeURIComponent(settings)) as Facts }),
  ...(replaces !== undefined && {
    replaces: JSON.parse(decodeURIComponent(replaces)) as NonNullable<DecisionRecord["replaces"]>,
  }),
  ...(changes !== undefined && { changes: JSON.parse(decodeURIComponent(changes)) as readonly unknown[] }),
});

const textIn = (metadata: ObjectFacts["metadata"], name: string): string => {
  const text = metadata[name];
  if (text === undefined) throw new Illegible(`it has no ${name}`);
  return text;
};

const positive = (text: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new Illegible(`expected a number from 1 on, got ${text.slice(0, 20)}`);
  return Number(text);
};

/** Text that was not cut. */
const whole = (text: string, lengthMax: number): string => {
  if (text.length > lengthMax) throw new Illegible("a field of it was cut");
  return decodeURIComponent(text);
};

/** A cut key is told by the copy's own name, which is the key, or the key with its marks escaped and the digest behind. */
const requestKey = (copyKey: string, digest: string, told: string): string => {
  if (told.length <= KEY_LENGTH_MAX) return decodeURIComponent(told);
  const escaped = copyKey.endsWith(`~${digest}`) ? copyKey.slice(0, -digest.length - 1) : copyKey;
  const key = [copyKey, escaped.replaceAll("%7E", "~").replaceAll("%25", "%")].find(
    each => bounded(encoded(each), KEY_LENGTH_MAX) === told,
  );
  if (key === undefined) throw new Illegible("its request's key was cut");
  return key;
};

const legsIn = (text: string): PlacedDecision["legs"] =>
  text.split(",").map(each => {
    const [, stream, sequence] = /^([^:]+):(\d+)$/.exec(each) ?? [];
    if (stream === undefined || sequence === undefined) throw new Illegible("it does not name all its legs");
    return { stream: whole(stream, KEY_LENGTH_MAX), sequence: positive(sequence) };
  });
