import type { Counts } from "./counts.ts";
import { count } from "./counts.ts";
import type { Truth } from "./final.ts";
import type { Request } from "./intent.ts";
import type { Decision } from "./oracle/chains.ts";

/** What an account had open when a request was decided on it. */
const holdStateOf = (kinds: ReadonlySet<string>): string =>
  kinds.size === 0 ? "nothing" : kinds.size === 2 ? "both" : kinds.has("deposit") ? "deposit" : "payment";

/** Counts every decision by kind, outcome and what was open on its first account. */
export const auditDecisions = (counts: Counts, { decisions }: Truth, requests: readonly Request[]): void => {
  const kindOf = new Map(requests.map(({ key, intent }) => [key, intent.do]));
  const chains = new Map<string, { sequence: number; decision: Decision; isFirst: boolean }[]>();
  for (const decision of decisions)
    for (const [i, { stream, sequence }] of decision.legs.entries())
      chains.set(stream, [...(chains.get(stream) ?? []), { sequence, decision, isFirst: i === 0 }]);
  for (const [stream, chain] of chains) {
    const open = new Map<string, string>();
    for (const { decision, isFirst } of chain.sort((a, b) => a.sequence - b.sequence)) {
      const { key, outcome, code = "", legs } = decision;
      const said = outcome === "accepted" ? outcome : code;
      const where = stream.startsWith("~") ? "no account" : holdStateOf(new Set(open.values()));
      if (isFirst) count(counts, `${kindOf.get(key) ?? "unknown"}: ${said}: ${where}`);
      const change = legs.find(leg => leg.stream === stream)?.change;
      for (const name of change?.closed ?? []) open.delete(name);
      for (const { request, kind } of change?.opened ?? []) open.set(request, kind);
    }
  }
};

const ALWAYS = ["nothing", "deposit", "payment", "both"];
const cells = (kind: string, saids: readonly string[], states: readonly string[]): readonly string[] =>
  saids.flatMap(said => states.map(state => `${kind}: ${said}: ${state}`));

/**
 * Every cell that the bank's rules and the workload allow: an account that is not open holds nothing, what settles
 * something finds it open, and what refers to nothing known is decided on no account.
 */
export const FEASIBLE: readonly string[] = [
  ...cells("open", ["accepted"], ["nothing"]),
  ...cells("open", ["ACCOUNT_EXISTS", "KEY_REUSED"], ALWAYS),
  ...cells("deposit", ["accepted", "CUSTOMER_MISMATCH"], ALWAYS),
  ...cells("deposit", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("deposit", ["KEY_REUSED"], ALWAYS),
  ...cells("verify", ["accepted", "AMOUNT_MISMATCH"], ["deposit", "both"]),
  ...cells("verify", ["ALREADY_SETTLED", "ACCOUNT_MISMATCH"], ALWAYS),
  ...cells("verify", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("verify", ["ORIGINAL_NOT_FOUND", "KEY_REUSED"], ALWAYS),
  ...cells("withdraw", ["accepted", "INSUFFICIENT_FUNDS", "CUSTOMER_MISMATCH", "KEY_REUSED"], ALWAYS),
  ...cells("withdraw", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("receive", ["accepted", "CUSTOMER_MISMATCH", "KEY_REUSED"], ALWAYS),
  ...cells("receive", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("pay", ["accepted", "INSUFFICIENT_FUNDS", "CUSTOMER_MISMATCH", "KEY_REUSED"], ALWAYS),
  ...cells("pay", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("paid", ["accepted"], ["payment", "both"]),
  ...cells("paid", ["ALREADY_SETTLED", "ACCOUNT_MISMATCH"], ALWAYS),
  ...cells("paid", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("paid", ["ORIGINAL_NOT_FOUND", "KEY_REUSED"], [...ALWAYS, "no account"]),
  ...cells("bounced", ["accepted", "AMOUNT_MISMATCH"], ["payment", "both"]),
  ...cells("bounced", ["ALREADY_SETTLED", "ACCOUNT_MISMATCH"], ALWAYS),
  ...cells("bounced", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("bounced", ["ORIGINAL_NOT_FOUND", "KEY_REUSED"], [...ALWAYS, "no account"]),
  ...cells("transfer", ["accepted", "INSUFFICIENT_FUNDS", "KEY_REUSED"], ALWAYS),
  ...cells("transfer", ["UNKNOWN_ACCOUNT"], ALWAYS),
  ...cells("freeze", ["accepted", "STATUS_UNCHANGED", "KEY_REUSED"], ALWAYS),
  ...cells("freeze", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("unfreeze", ["accepted", "STATUS_UNCHANGED", "KEY_REUSED"], ALWAYS),
  ...cells("unfreeze", ["UNKNOWN_ACCOUNT"], ["nothing"]),
  ...cells("bad", ["MALFORMED_JSON", "UNKNOWN_EVENT_TYPE", "BAD_KEY", "OBJECT_TOO_LARGE"], ["no account"]),
  ...cells(
    "bad",
    [
      "MISSING_FIELD",
      "NON_POSITIVE_AMOUNT",
      "INVALID_AMOUNT",
      "TOO_MANY_DECIMALS",
      "SAME_ACCOUNT_TRANSFER",
      "BAD_TIMESTAMP",
    ],
    ALWAYS,
  ),
];
