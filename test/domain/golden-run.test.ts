import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { bodies, openBook } from "./book.ts";

const euro = (pairs: Record<string, readonly [number, number]>) =>
  Object.entries(pairs).map(([account, [actual, available]]) => [account, [actual * 100, available * 100]]);

test("the Lab's own 13 events come out as posted-only balances say (B3, column P)", () => {
  const book = openBook({ ...DEFAULT_SETTINGS, currencyRequired: false });
  const teller = (customer: string) => ({ Verified: true, CustomerNumber: customer });
  const steps: [string, object, Record<string, readonly [number, number]>][] = [
    [
      "cash_deposit_r0000001",
      bodies.deposit("100010", "200.00", teller("330001001")),
      { "100010": [200, 200] },
    ],
    [
      "cash_deposit_r0000002",
      bodies.deposit("100020", "500.00", teller("330001002")),
      { "100020": [500, 500] },
    ],
    [
      "cash_deposit_r0000003",
      bodies.deposit("100030", "1000.00", teller("330001001")),
      { "100030": [1000, 1000] },
    ],
    ["incoming_payment_r0000004", bodies.incoming("100010", "300.00"), { "100010": [500, 500] }],
    ["cash_deposit_r0000005", bodies.deposit("100010", "100.00"), { "100010": [500, 500] }],
    ["verify_cash_deposit_r0000006", bodies.verify("100010", "100.00", "r0000005"), { "100010": [600, 600] }],
    ["cash_withdrawal_r0000007", bodies.withdrawal("100020", "50.00"), { "100020": [450, 450] }],
    ["outgoing_payment_unverified_r0000008", bodies.outgoing("100030", "250.00"), { "100030": [1000, 750] }],
    ["outgoing_payment_verified_r0000009", bodies.settled("r0000008"), { "100030": [750, 750] }],
    ["outgoing_payment_unverified_r0000010", bodies.outgoing("100010", "1000.00"), { "100010": [600, 600] }],
    ["outgoing_payment_unverified_r0000011", bodies.outgoing("100010", "100.00"), { "100010": [600, 500] }],
    ["outgoing_payment_rejected_r0000012", bodies.settled("r0000011"), { "100010": [600, 600] }],
    [
      "inter_account_transfer_r0000013",
      bodies.transfer("100030", "100010", "400.00"),
      { "100030": [350, 350], "100010": [1000, 1000] },
    ],
  ];
  for (const [name, body, expected] of steps) {
    const outcome = book.put(name, { ...body });
    const refused = name.endsWith("r0000010");
    expect([name, outcome.outcome, outcome.code]).toEqual([
      name,
      refused ? "refused" : "accepted",
      refused ? "INSUFFICIENT_FUNDS" : undefined,
    ]);
    expect(Object.keys(expected).map(account => [account, book.balancesOf(account)])).toEqual(euro(expected));
  }
  const total = ["100010", "100020", "100030"].reduce((sum, account) => sum + book.balancesOf(account)[0], 0);
  expect(total).toBe(180_000);
});
