/** A request of this part of the story, and how long after its beginning it comes. */
export type Told = { readonly key: string; readonly afterMs: number; readonly body: Record<string, unknown> };

export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;
const cash = (amount: string, notes: number) => ({ Amount: amount, Currency: { "50-euro-bills": notes } });

/** What comes after the snapshot. The restore goes back to between the third and the fourth. */
export const TRAFFIC: readonly Told[] = [
  {
    key: "cash_withdrawal_after1.event",
    afterMs: HOUR_MS,
    body: { SourceAccount: "100020", ...cash("150.00", 3) },
  },
  {
    key: "incoming_payment_after2.event",
    afterMs: 4 * HOUR_MS,
    body: {
      TargetAccount: "100010",
      Amount: "75.00",
      SourceInstitution: "Far Bank",
      SourceAccount: "Employer 42",
    },
  },
  {
    key: "inter_account_transfer_after3.event",
    afterMs: 4 * HOUR_MS + 30 * MINUTE_MS,
    body: { SourceAccount: "100010", TargetAccount: "100030", Amount: "275.00" },
  },
  {
    key: "cash_withdrawal_after4.event",
    afterMs: 5 * HOUR_MS,
    body: { SourceAccount: "100030", ...cash("500.00", 10) },
  },
  {
    key: "outgoing_payment_unverified_after5.event",
    afterMs: 6 * HOUR_MS,
    body: {
      SourceAccount: "100010",
      TargetInstitution: "Far Bank",
      TargetAccount: "remote",
      Amount: "40.00",
    },
  },
];
export const RESTORED_AFTER_MS = 4 * HOUR_MS + 31 * MINUTE_MS;
/** The first request after the restore, on an account that has to be repaired for it. */
export const AT_ONCE: Told = {
  key: "cash_withdrawal_after6.event",
  afterMs: 7 * HOUR_MS,
  body: { SourceAccount: "100030", ...cash("50.00", 1) },
};
