import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AccountChange,
  brokenInvariant,
  canonicalFields,
  evolve,
  HOLDS_MAX,
  initialState,
  noChange,
  postImage,
} from "../../src/domain/account.ts";
import { balanceCents } from "../../src/domain/money.ts";
import { bodies, openBook } from "./book.ts";

// Few values on purpose: different changes that look alike are what the property has to tell apart.
const word = fc.constantFrom("", "-", "=", "1", "0", "deposit", "deposit#1", "outgoing", "OPEN", "=OPEN");
const change: fc.Arbitrary<AccountChange> = fc.record(
  {
    actualCents: fc.integer({ min: -2, max: 2 }).map(cents => cents + 0),
    availableCents: fc.integer({ min: -2, max: 2 }).map(cents => cents + 0),
    opened: fc.array(
      fc.record({
        request: word,
        kind: fc.constantFrom("deposit" as const, "outgoing" as const),
        amountCents: fc.nat({ max: 2 }),
      }),
      { maxLength: 2 },
    ),
    closed: fc.array(word, { maxLength: 3 }),
    status: fc.constantFrom("NONE" as const, "OPEN" as const, "FROZEN" as const),
    customer: word,
  },
  { requiredKeys: ["actualCents", "availableCents", "opened", "closed"] },
);

test("different changes have different canonical fields, equal ones the same", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(change, some => {
      const fields = JSON.stringify(canonicalFields(some));
      const { actualCents, availableCents, opened, closed, status, customer } = some;
      const content = JSON.stringify([actualCents, availableCents, opened, closed, status, customer]);
      expect(seen.get(fields) ?? content).toBe(content);
      seen.set(fields, content);
      expect(JSON.stringify(canonicalFields(JSON.parse(JSON.stringify(some))))).toBe(fields);
    }),
    { numRuns: 20_000 },
  );
});

test("a hold taken and names let go that read alike are told apart by the lengths of the lists", () => {
  const letGo: AccountChange = { ...noChange(), closed: ["deposit", "0", "0"] };
  const taken: AccountChange = { ...noChange(), opened: [{ request: "3", kind: "deposit", amountCents: 0 }] };
  expect(canonicalFields(letGo)).not.toEqual(canonicalFields(taken));
});

test("no change is no change, and its state is the same", () => {
  const state = evolve(initialState(), {
    ...noChange(),
    status: "OPEN",
    customer: "c",
    actualCents: 5,
    availableCents: 5,
  });
  expect(evolve(state, noChange())).toEqual(state);
  expect(Object.keys(evolve(initialState(), noChange()))).not.toContain("customer");
});

test("the post-image counts holds and does not list them", () => {
  const book = openBook();
  book.put("open_account_a", bodies.open("a"));
  book.put("cash_deposit_d", bodies.deposit("a", "5.00"));
  expect(postImage(book.stateOf("a"))).toEqual({ actualCents: 0, availableCents: 0, holdCount: 1 });
});

describe("limits", () => {
  test("an account has at most 1,000 open holds, deposits and payments together", () => {
    const book = openBook();
    book.put("open_account_a", bodies.open("a"));
    book.put("incoming_payment_i", bodies.incoming("a", "1000.00"));
    for (let index = 0; index < HOLDS_MAX; index += 1) {
      const [name, body] =
        index % 2 === 0
          ? [`cash_deposit_${index}`, bodies.deposit("a", "0.01")]
          : [`outgoing_payment_unverified_${index}`, bodies.outgoing("a", "0.01")];
      expect(book.put(name, body).outcome).toBe("accepted");
    }
    expect(book.put("cash_deposit_more", bodies.deposit("a", "1"))).toMatchObject({
      code: "TOO_MANY_OPEN_PAYMENTS",
    });
    expect(book.put("outgoing_payment_unverified_more", bodies.outgoing("a", "1"))).toMatchObject({
      code: "TOO_MANY_OPEN_PAYMENTS",
    });
    expect(book.put("cash_deposit_counted", bodies.deposit("a", "1", { Verified: true })).outcome).toBe(
      "accepted",
    );
    expect(book.put("outgoing_payment_verified_1", bodies.settled("1")).outcome).toBe("accepted");
    expect(book.put("cash_deposit_again", bodies.deposit("a", "1")).outcome).toBe("accepted");
  });

  test("no credit of any kind lifts a balance over its ceiling, and the ceiling itself is reached", () => {
    const book = openBook();
    for (const account of ["a", "b"]) book.put(`open_account_${account}`, bodies.open(account));
    const most = "9999999999999.99";
    for (let index = 0; index < 9; index += 1)
      expect(book.put(`incoming_payment_${index}`, bodies.incoming("a", most)).outcome).toBe("accepted");
    expect(book.put("incoming_payment_x", bodies.incoming("a", "0.10"))).toMatchObject({
      code: "AMOUNT_TOO_LARGE",
    });
    expect(book.put("cash_deposit_x", bodies.deposit("a", "0.10", { Verified: true }))).toMatchObject({
      code: "AMOUNT_TOO_LARGE",
    });
    book.put("incoming_payment_b", bodies.incoming("b", "1.00"));
    expect(book.put("inter_account_transfer_x", bodies.transfer("b", "a", "0.10"))).toMatchObject({
      code: "AMOUNT_TOO_LARGE",
    });
    expect(book.put("cash_deposit_y", bodies.deposit("a", "0.10")).outcome).toBe("accepted");
    expect(book.put("verify_cash_deposit_y", bodies.verify("a", "0.10", "y"))).toMatchObject({
      code: "AMOUNT_TOO_LARGE",
    });
    expect(book.put("incoming_payment_z", bodies.incoming("a", "0.09")).outcome).toBe("accepted");
    expect(book.stateOf("a").actualCents).toBe(9_000_000_000_000_000);
  });

  test("a broken state says which promise it breaks", () => {
    const state = initialState();
    expect(brokenInvariant(state)).toBeUndefined();
    expect(brokenInvariant({ ...state, actualCents: balanceCents(5) })).toMatch("is not ACTUAL 5");
    const held = { "outgoing#o": { kind: "outgoing", amountCents: 5 } } as const;
    expect(brokenInvariant({ ...state, actualCents: balanceCents(5), holds: held })).toBeUndefined();
  });
});
