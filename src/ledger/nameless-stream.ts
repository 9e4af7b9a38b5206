import { sha256Hex } from "./chain.ts";

/** Where requests that name no stream take their sequence: one of 16, by the key, so that they spread. */
export const namelessStream = (key: string): string => `~${sha256Hex(key).charAt(0)}`;
