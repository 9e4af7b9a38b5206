import { EVENT_TYPES, type EventType } from "./events.ts";
import { utf8Length } from "./utf8.ts";

/** S3 allows 1,024 bytes; half of it leaves room for what table keys put in front (ruling 3). */
export const KEY_BYTES_MAX = 512;

const TYPES = EVENT_TYPES.join("|");
const KEY = new RegExp(`^(${TYPES})_([A-Za-z0-9._-]{1,128})\\.event$`);
/** Begins like a request: a known type, then the id's underscore, an extension, or nothing. */
const EVENT_LIKE = new RegExp(`^(${TYPES})([_.]|$)`);

/** A request id: 1 to 128 letters, digits, `.`, `_`, `-`. */
export const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

export type KeyOutcome =
  | { readonly ok: true; readonly type: EventType; readonly id: string }
  | { readonly ok: false; readonly code: "BAD_KEY" | "UNKNOWN_EVENT_TYPE" };

const fileNameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);

/**
 * Type and request id of an object's key.
 *
 * Shape:   the decoded key; `prefix` is the one folder requests lie under, with its slash, or empty.
 * Returns: type and id; BAD_KEY for a key over 512 bytes and for one that begins with a known type but has a bad id
 *          or lies in another folder; UNKNOWN_EVENT_TYPE for anything else.
 * Source:  rulings 3, 8 and 18: key and request identity are one, so that no folder can post a request twice.
 */
export const parseKey = (key: string, prefix: string): KeyOutcome => {
  if (utf8Length(key) > KEY_BYTES_MAX) return { ok: false, code: "BAD_KEY" };
  const name = key.startsWith(prefix) ? key.slice(prefix.length) : "";
  const [, type, id] = KEY.exec(name) ?? [];
  // The pattern lists the types, so what it found is one.
  if (type !== undefined && id !== undefined) return { ok: true, type: type as EventType, id };
  const isMeant = EVENT_LIKE.test(name) || EVENT_LIKE.test(fileNameOf(key));
  return { ok: false, code: isMeant ? "BAD_KEY" : "UNKNOWN_EVENT_TYPE" };
};
