import type { AccountState } from "./account.ts";
import { canonicalFields, evolve, initialState, noChange, postImage } from "./account.ts";
import { decide } from "./decide.ts";
import { type ParsedRequest, parse, type RequestBytes } from "./parse.ts";
import type { BankRequest } from "./request.ts";
import type { Settings } from "./settings.ts";
import { refuseUnfound } from "./settle.ts";
import type { Context, Original, Verdict } from "./verdict.ts";

/** Raised whenever the same request could get another verdict than before. */
export const RULES_VERSION = "bank-2";

/** The accounts to read: those the request names, then the original's, which some follow-ups do not name. */
const streamsOf = (
  parsed: ParsedRequest & { readonly valid: true },
  original: Original | undefined,
): readonly string[] => [
  ...new Set(original === undefined ? parsed.streams : [...parsed.streams, original.stream]),
];

/**
 * The bank as the machinery takes a domain: three pure functions, a parser, and the texts its chains are hashed over.
 * Fits `Domain` of the ledger by its shape; neither imports the other.
 */
export const bank = {
  name: "bank",
  rules: RULES_VERSION,
  parse: (object: RequestBytes, settings: Settings): ParsedRequest => parse(object, settings),
  streamsOf,
  decide: (request: BankRequest, context: Context): Verdict => decide(request, context),
  initialState,
  evolve,
  noChange,
  canonicalFields,
  postImage,
  isClosed: (state: AccountState): boolean => state.status === "FROZEN",
  passesClosed: ({ type }: BankRequest): boolean => type === "freeze_account" || type === "unfreeze_account",
  refuseUnfound,
  /** Accounts known from refused requests only are not listed. */
  isListed: (state: AccountState): boolean => state.status !== "NONE",
} as const;
