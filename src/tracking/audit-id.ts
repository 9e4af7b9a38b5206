import { hash } from "node:crypto";

/** Enough hexadecimal digits that two events of one object and millisecond do not meet. */
const EVENT_ID_LENGTH = 16;

/**
 * The id of an audit event, from what caused it (a decision's hash, a message id): told again, it is the same row.
 * Not random, so that a retry adds nothing.
 */
export const auditId = (cause: string): string => hash("sha256", cause).slice(0, EVENT_ID_LENGTH);
