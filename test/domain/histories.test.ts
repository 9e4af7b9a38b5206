import fc from "fast-check";
import { expect, test } from "vitest";
import { bank } from "../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { type Body, bodies, bytesOf, NOON, openBook } from "./book.ts";
import { type Command, openOracle } from "./oracle.ts";

/** A multiplier for longer runs than those of every day. */
const RUNS = Number(process.env.RUNS ?? 1);
const ACCOUNTS = ["a", "b", "c"] as const;

const account = fc.constantFrom(...ACCOUNTS);
const maybeAccount = fc.option(account, { nil: undefined });
const cents = fc.integer({ min: 1, max: 30 }).map(tens => tens * 10);
const maybeCents = fc.option(cents, { nil: undefined });
const customer = fc.constantFrom("c1", "c1", "c2");
/** Which of the history's requests a follow-up refers to; made a request's id by `aimed`. */
const ref = fc.nat({ max: 999 }).map(String);

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant("open" as const), account, customer }),
  fc.record({
    do: fc.constant("deposit" as const),
    account,
    cents,
    counted: fc.boolean(),
    customer: fc.option(customer, { nil: undefined }),
  }),
  fc.record({ do: fc.constant("verify" as const), account, ref, cents: maybeCents, evidence: fc.boolean() }),
  fc.record({ do: fc.constantFrom("withdraw" as const, "receive" as const, "pay" as const), account, cents }),
  fc.record({ do: fc.constant("pay" as const), account, cents }),
  fc.record({ do: fc.constant("paid" as const), ref, account: maybeAccount }),
  fc.record({ do: fc.constant("bounced" as const), ref, account: maybeAccount, cents: maybeCents }),
  fc.record({ do: fc.constant("transfer" as const), account, target: account, cents }),
);

const euro = (amount: number): string =>
  `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, "0")}`;
const given = (fields: Record<string, string | undefined>): Body =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const requestOf = (id: string, asked: Command): readonly [string, Body] => {
  switch (asked.do) {
    case "open":
      return [`open_account_${id}`, bodies.open(asked.account, { CustomerNumber: asked.customer })];
    case "deposit": {
      const more = { Verified: asked.counted, ...given({ CustomerNumber: asked.customer }) };
      return [`cash_deposit_${id}`, bodies.deposit(asked.account, euro(asked.cents), more)];
    }
    case "verify": {
      const evidence = asked.evidence ? { FinalFinding: "text", VerifiedByEmployeeId: "1" } : {};
      const more = { Verified: asked.cents !== undefined, ...evidence };
      return [
        `verify_cash_deposit_${id}`,
        bodies.verify(asked.account, euro(asked.cents ?? 0), asked.ref, more),
      ];
    }
    case "withdraw":
      return [`cash_withdrawal_${id}`, bodies.withdrawal(asked.account, euro(asked.cents))];
    case "receive":
      return [`incoming_payment_${id}`, bodies.incoming(asked.account, euro(asked.cents))];
    case "pay":
      return [`outgoing_payment_unverified_${id}`, bodies.outgoing(asked.account, euro(asked.cents))];
    case "paid":
      return [
        `outgoing_payment_verified_${id}`,
        bodies.settled(asked.ref, given({ SourceAccount: asked.account })),
      ];
    case "bounced": {
      const RejectedAmount = asked.cents === undefined ? undefined : euro(asked.cents);
      const more = given({ SourceAccount: asked.account, RejectedAmount });
      return [`outgoing_payment_rejected_${id}`, bodies.settled(asked.ref, more)];
    }
    case "transfer":
      return [
        `inter_account_transfer_${id}`,
        bodies.transfer(asked.account, asked.target, euro(asked.cents)),
      ];
  }
};

/** Two funded accounts, so that most of what follows has something to act on; the third is unknown at first. */
const OPENING: readonly Command[] = [
  { do: "open", account: "a", customer: "c1" },
  { do: "receive", account: "a", cents: 500 },
  { do: "open", account: "b", customer: "c2" },
];

/**
 * Lets follow-ups refer to deposits and payments of the history, before or after them, mostly those of their own
 * flow and under their own account: left to chance they would rarely meet.
 */
const aimed = (commands: readonly Command[]): readonly Command[] =>
  commands.map(asked => {
    if (!("ref" in asked)) return asked;
    const chance = Number(asked.ref);
    const flow = (asked.do === "verify") === chance % 8 > 0 ? "deposit" : "pay";
    const originals = commands.flatMap((each, index) => (each.do === flow ? [index] : []));
    const index = originals[chance % Math.max(1, Math.min(originals.length, 4))] ?? 0;
    const original = commands[index];
    const own = original !== undefined && "account" in original ? original.account : undefined;
    const isOwn = asked.account !== undefined && own !== undefined && chance % 3 > 0;
    return { ...asked, ref: `r${index}`, ...(isOwn ? { account: own } : {}) };
  });

const history = fc
  .tuple(fc.boolean(), fc.array(command, { minLength: 1, maxLength: 37, size: "max" }))
  .map(([isFunded, commands]) => aimed(isFunded ? [...OPENING, ...commands] : commands));

test("every history comes out as a second bank that shares no code says", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(history, commands => {
      const book = openBook();
      const oracle = openOracle();
      const names = commands.map((asked, index) => {
        const [name, body] = requestOf(`r${index}`, asked);
        book.put(name, body);
        oracle.run(`r${index}`, asked);
        for (const each of ACCOUNTS)
          expect(book.balancesOf(each).map(BigInt)).toEqual([oracle.actual(each), oracle.available(each)]);
        return name;
      });
      names.forEach((name, index) => {
        const outcome = book.outcomeOf(name);
        expect([name, outcome?.code ?? outcome?.outcome]).toEqual([name, oracle.outcomes.get(`r${index}`)]);
        const seenAs = `${commands[index]?.do} ${outcome?.code ?? outcome?.outcome}`;
        seen.set(seenAs, (seen.get(seenAs) ?? 0) + 1);
      });
    }),
    { numRuns: 1_000 * RUNS },
  );
  // A generator that never reaches a rule would let the comparison pass for nothing.
  for (const reached of [
    "open ACCOUNT_EXISTS",
    "deposit CUSTOMER_MISMATCH",
    "verify accepted",
    "verify ALREADY_SETTLED",
    "verify AMOUNT_MISMATCH",
    "verify ACCOUNT_MISMATCH",
    "verify ORIGINAL_NOT_FOUND",
    "verify deferred",
    "paid accepted",
    "paid ALREADY_SETTLED",
    "bounced accepted",
    "bounced AMOUNT_MISMATCH",
    "pay INSUFFICIENT_FUNDS",
    "transfer accepted",
    "transfer INSUFFICIENT_FUNDS",
  ])
    expect(seen.has(reached), `no history reached: ${reached}`).toBe(true);
});

test("a refusal or a delay changes nothing, and every accepted change adds up", () => {
  fc.assert(
    fc.property(history, commands => {
      const book = openBook();
      commands.forEach((asked, index) => {
        const before = book.snapshot();
        const count = book.changes.length;
        const [name, body] = requestOf(`r${index}`, asked);
        const { outcome } = book.put(name, body);
        // A refused original may still let go what waited for it, which is refused in turn.
        if (outcome !== "accepted") expect([book.snapshot(), book.changes.length]).toEqual([before, count]);
      });
      for (const each of ACCOUNTS) {
        const own = book.changes.filter(({ stream }) => stream === each);
        const sum = own.reduce((total, { change }) => total + change.actualCents, 0);
        expect(book.stateOf(each).actualCents).toBe(sum);
        const again = own.reduce((state, { change }) => bank.evolve(state, change), bank.initialState());
        expect(again).toEqual(book.stateOf(each));
      }
      const closed = book.changes.flatMap(({ change }) => change.closed);
      expect(new Set(closed).size).toBe(closed.length);
      const transfers = book.changes.filter(({ key }) => key.startsWith("inter_account_transfer_"));
      expect(transfers.reduce((sum, { change }) => sum + change.actualCents, 0)).toBe(0);
    }),
    { numRuns: 300 * RUNS },
  );
});

const frozen = <Value>(value: Value): Value => {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
};

test("the same request over the same accounts gets the same verdict, and leaves what it read alone", () => {
  fc.assert(
    fc.property(history, command, (commands, last) => {
      const book = openBook();
      commands.forEach((asked, index) => void book.put(...requestOf(`r${index}`, asked)));
      const [name, body] = requestOf("last", last);
      const bytes = bytesOf(body);
      const object = frozen({ key: `${name}.event`, sizeBytes: bytes.length, eventTime: NOON });
      const once = bank.parse({ ...object, bytes }, DEFAULT_SETTINGS);
      expect(bank.parse({ ...object, bytes }, DEFAULT_SETTINGS)).toEqual(once);
      if (!once.valid) return;
      const states = new Map(ACCOUNTS.map(each => [each as string, frozen(book.stateOf(each))]));
      const context = { states, original: undefined, settings: frozen(DEFAULT_SETTINGS) };
      expect(bank.decide(once.request, context)).toEqual(bank.decide(frozen(once.request), context));
    }),
    { numRuns: 200 * RUNS },
  );
});
