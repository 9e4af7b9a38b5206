import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bank } from "../../src/domain/bank.ts";
import { EVENT_TYPES, EVENTS } from "../../src/domain/events.ts";
import { excerpt, quoted } from "../../src/domain/excerpt.ts";
import { parseKey } from "../../src/domain/key.ts";
import { REFUSALS } from "../../src/domain/refusals.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { type Body, bodies, bytesOf, NOON, NOON_SECONDS } from "./book.ts";

const RUNS = Number(process.env.RUNS ?? 1);
const key = fc.constantFrom(...EVENT_TYPES).map(type => `${type}_r1.event`);
const parse = (name: string, content: Body | string | Uint8Array) => {
  const bytes = content instanceof Uint8Array ? content : bytesOf(content);
  return bank.parse({ key: name, bytes, sizeBytes: bytes.length, eventTime: NOON }, DEFAULT_SETTINGS);
};

test("reading throws for no key and no bytes whatsoever", () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map(bytesOf),
    fc
      .dictionary(
        fc.constantFrom(...EVENT_TYPES.flatMap(type => EVENTS[type].fields.map(field => field.name))),
        fc.oneof(
          fc.jsonValue(),
          fc.constantFrom("100010", "1.00", true, false, NOON_SECONDS, { "1-cents": 100 }),
        ),
      )
      .map(bytesOf),
  );
  fc.assert(
    fc.property(fc.oneof(key, fc.string({ unit: "binary" })), content, (name, bytes) => {
      const parsed = parse(name, bytes);
      expect(parsed.valid || parsed.code in REFUSALS).toBe(true);
      for (const stream of parsed.streams) expect(stream).toMatch(/^[A-Za-z0-9-]{1,64}$/);
      expect(JSON.parse(JSON.stringify(parsed))).toEqual(parsed);
    }),
    { numRuns: 3_000 * RUNS },
  );
});

describe("keys", () => {
  test.each([
    ["cash_deposit_r1.event", { ok: true, type: "cash_deposit", id: "r1" }],
    ["verify_cash_deposit_a.event.event", { ok: true, type: "verify_cash_deposit", id: "a.event" }],
    [`cash_deposit_${"x".repeat(128)}.event`, { ok: true, type: "cash_deposit", id: "x".repeat(128) }],
    [`cash_deposit_${"x".repeat(129)}.event`, { ok: false, code: "BAD_KEY" }],
    ["cash_deposit_.event", { ok: false, code: "BAD_KEY" }],
    ["cash_deposit_a b.event", { ok: false, code: "BAD_KEY" }],
    ["cash_deposit_a/b.event", { ok: false, code: "BAD_KEY" }],
    ["cash_deposit_r1.event\n", { ok: false, code: "BAD_KEY" }],
    ["cash_deposit_r1.json", { ok: false, code: "BAD_KEY" }],
    ["cash_deposit_é.event", { ok: false, code: "BAD_KEY" }],
    ["folder/cash_deposit_r1.event", { ok: false, code: "BAD_KEY" }],
    ["/cash_deposit_r1.event", { ok: false, code: "BAD_KEY" }],
    ["é".repeat(257), { ok: false, code: "BAD_KEY" }],
    ["Cash_Deposit_r1.event", { ok: false, code: "UNKNOWN_EVENT_TYPE" }],
    ["cash_deposits_r1.event", { ok: false, code: "UNKNOWN_EVENT_TYPE" }],
    ["some_file.txt", { ok: false, code: "UNKNOWN_EVENT_TYPE" }],
    ["folder/", { ok: false, code: "UNKNOWN_EVENT_TYPE" }],
  ])("%j", (name, expected) => expect(parseKey(name, "")).toEqual(expected));

  test("under a prefix lie all requests, and none elsewhere", () => {
    expect(parseKey("in/cash_deposit_r1.event", "in/")).toMatchObject({ ok: true, id: "r1" });
    expect(parseKey("cash_deposit_r1.event", "in/")).toMatchObject({ code: "BAD_KEY" });
    expect(parseKey("in/in/cash_deposit_r1.event", "in/")).toMatchObject({ code: "BAD_KEY" });
    expect(parseKey("in/x.txt", "in/")).toMatchObject({ code: "UNKNOWN_EVENT_TYPE" });
  });
});

describe("what is wrong first is told first (ruling 8)", () => {
  // Everything is wrong to begin with; each step puts the first thing right.
  const wrong = {
    EventTimeStamp: "never",
    SourceAccount: "a",
    TargetAccount: "a",
    Amount: 1,
    CustomerNumber: [],
    Currency: { "3-cents": 1 },
  };
  const steps: [string, string, Body | string][] = [
    ["BAD_KEY", "x/inter_account_transfer_r.event", `{${" ".repeat(70_000)}`],
    ["OBJECT_TOO_LARGE", "inter_account_transfer_r.event", `{${" ".repeat(70_000)}`],
    ["MALFORMED_JSON", "inter_account_transfer_r.event", "{"],
    ["INVALID_FIELD", "inter_account_transfer_r.event", wrong],
    ["INVALID_AMOUNT", "inter_account_transfer_r.event", { ...wrong, CustomerNumber: "c" }],
    ["BAD_TIMESTAMP", "inter_account_transfer_r.event", { ...wrong, CustomerNumber: "c", Amount: "1" }],
    [
      "SAME_ACCOUNT_TRANSFER",
      "inter_account_transfer_r.event",
      { ...wrong, CustomerNumber: "c", Amount: "1", EventTimeStamp: 1 },
    ],
    ["MISSING_FIELD", "cash_withdrawal_r.event", { ...wrong, Amount: null }],
    ["INVALID_AMOUNT", "cash_withdrawal_r.event", { ...wrong, CustomerNumber: "c" }],
    ["UNKNOWN_DENOMINATION", "cash_withdrawal_r.event", { ...wrong, CustomerNumber: "c", Amount: "1" }],
    [
      "BAD_TIMESTAMP",
      "cash_withdrawal_r.event",
      { ...wrong, CustomerNumber: "c", Amount: "1", Currency: { "50-cents": 2 } },
    ],
  ];
  test.each(steps)("%s", (code, name, content) => {
    expect(parse(name, content)).toMatchObject({ valid: false, code });
  });

  test("and once nothing is wrong with the request itself, accounts are judged in the ruling's order", () => {
    const open = (customer: string, cents: number) =>
      bank.evolve(bank.initialState(), {
        ...bank.noChange(),
        status: "OPEN",
        customer,
        actualCents: cents,
        availableCents: cents,
      });
    const judged = (states: [string, ReturnType<typeof open>][]) => {
      const parsed = parse(
        "inter_account_transfer_r.event",
        bodies.transfer("a", "b", "2.00", { CustomerNumber: "c" }),
      );
      if (!parsed.valid) throw new Error(parsed.code);
      const context = { states: new Map(states), original: undefined, settings: DEFAULT_SETTINGS };
      const verdict = bank.decide(parsed.request, context);
      return verdict.outcome === "refused" ? verdict.code : verdict.outcome;
    };
    expect(judged([["a", open("other", 0)]])).toBe("UNKNOWN_ACCOUNT");
    expect(
      judged([
        ["a", open("other", 0)],
        ["b", open("d", 0)],
      ]),
    ).toBe("CUSTOMER_MISMATCH");
    expect(
      judged([
        ["a", open("c", 199)],
        ["b", open("d", 0)],
      ]),
    ).toBe("INSUFFICIENT_FUNDS");
    expect(
      judged([
        ["a", open("c", 200)],
        ["b", open("d", 0)],
      ]),
    ).toBe("accepted");
    expect(
      judged([
        ["a", open("c", 200)],
        ["b", open("d", 9_000_000_000_000_000 - 199)],
      ]),
    ).toBe("AMOUNT_TOO_LARGE");
  });
});

describe("streams and originals", () => {
  test("a body that is wrong still says whose it is, and its key what it registers", () => {
    expect(parse("cash_deposit_r1.event", { TargetAccount: "a" })).toMatchObject({
      valid: false,
      code: "MISSING_FIELD",
      streams: ["a"],
      registers: { flow: "deposit", id: "r1" },
    });
    expect(
      parse("inter_account_transfer_r1.event", { SourceAccount: "KEY#x", TargetAccount: "b" }),
    ).toMatchObject({
      code: "MISSING_FIELD",
      streams: ["b"],
    });
    expect(parse("outgoing_payment_unverified_r1.event", "{")).toMatchObject({
      streams: [],
      registers: { flow: "outgoing", id: "r1" },
    });
    expect(parse("cash_withdrawal_r1.event", { SourceAccount: "~0" }).streams).toEqual([]);
  });

  test("a transfer names its source first; a follow-up adds its original's account", () => {
    const transfer = parse("inter_account_transfer_t.event", bodies.transfer("b", "a", "1"));
    expect(transfer.streams).toEqual(["b", "a"]);
    const paid = parse("outgoing_payment_verified_r1.event", { EventTimeStamp: NOON_SECONDS });
    if (!paid.valid) throw new Error(paid.code);
    expect([paid.streams, paid.original]).toEqual([[], { flow: "outgoing", id: "r1" }]);
    expect(bank.streamsOf(paid, undefined)).toEqual([]);
    expect(bank.streamsOf(paid, { key: "k", stream: "a", outcome: "accepted" })).toEqual(["a"]);
  });

  test("only deposits and outgoing payments register anything", () => {
    const registering = EVENT_TYPES.filter(type => "registers" in parse(`${type}_r1.event`, "{"));
    expect(registering).toEqual(["cash_deposit", "outgoing_payment_unverified"]);
  });
});

test("what is quoted in facts is short and harmless", () => {
  expect(quoted("a\u0000é")).toBe("a??");
  expect(quoted({ a: 1 })).toBe('{"a":1}');
  expect(quoted(undefined)).toBe("nothing");
  expect(quoted("x".repeat(100))).toHaveLength(60);
  expect(excerpt(`é\ud800${"😀".repeat(200)}`)).toBe(`é\ufffd${"😀".repeat(138)}`);
});
