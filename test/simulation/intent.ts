/**
 * What a request is meant to be, in the words of the simulation: the workload makes a body of it, the oracle judges it,
 * and neither asks the other. Cents; `ref` is the id of the original.
 */
export type Intent =
  | { readonly do: "open"; readonly account: string; readonly customer: string }
  | {
      readonly do: "deposit";
      readonly account: string;
      readonly cents: number;
      readonly counted: boolean;
      readonly customer?: string;
    }
  | {
      readonly do: "verify";
      readonly account: string;
      readonly ref: string;
      /** Absent: the deposit is refused. */
      readonly cents?: number;
      readonly evidence: boolean;
    }
  | {
      readonly do: "withdraw" | "receive" | "pay";
      readonly account: string;
      readonly cents: number;
      readonly customer?: string;
    }
  | { readonly do: "paid"; readonly ref: string; readonly account?: string }
  | { readonly do: "bounced"; readonly ref: string; readonly account?: string; readonly cents?: number }
  | { readonly do: "transfer"; readonly account: string; readonly target: string; readonly cents: number }
  | { readonly do: "freeze" | "unfreeze"; readonly account: string }
  /** Refused by itself, whatever the accounts are. */
  | { readonly do: "bad"; readonly code: string };

/** One object that a client stores. */
export type Request = {
  readonly key: string;
  readonly id: string;
  readonly body: string;
  readonly intent: Intent;
  /** Whether the client stores it only if nothing is there. */
  readonly ifAbsent: boolean;
};
