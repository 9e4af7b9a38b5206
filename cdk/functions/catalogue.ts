import { LIVE } from "./live-functions.ts";
import { OPERATING } from "./operating-functions.ts";

/** Every function that is deployed with its code; a bridge is an image. */
export const FUNCTIONS = { ...LIVE, ...OPERATING } as const;

export type FunctionName = keyof typeof FUNCTIONS;
