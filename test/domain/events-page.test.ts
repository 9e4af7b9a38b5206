import { expect, test } from "vitest";
import { ANY_REQUEST, sampleBody } from "../../scripts/docs/events-page.ts";
import { stalePages } from "../../scripts/generate-docs.ts";
import { bank } from "../../src/domain/bank.ts";
import { EVENT_TYPES, EVENTS, type EventType } from "../../src/domain/events.ts";
import type { RequestBytes } from "../../src/domain/parse.ts";
import { REFUSALS } from "../../src/domain/refusals.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { bytesOf, NOON } from "./book.ts";

const requestOf = (type: EventType, body: string): RequestBytes => {
  const bytes = bytesOf(body);
  return { key: `${type}_r1.event`, bytes, sizeBytes: bytes.length, eventTime: NOON };
};

test("the generated pages say what the code says", async () => {
  expect((await stalePages()).map(page => page.path)).toEqual([]);
});

test.each(EVENT_TYPES)("the sample body of %s is a valid request", type => {
  expect(bank.parse(requestOf(type, sampleBody(type)), DEFAULT_SETTINGS)).toMatchObject({ valid: true });
});

/** Lab 4's own bodies with their mistakes corrected, as they are quoted everywhere. */
test.each([
  [
    "cash_deposit",
    '{"EventTimeStamp":1234567890,"TargetAccount":"100010","Amount":"123.45","LocationType":"ATM","Reference":"text","Verified":false,"Currency":{"100-euro-bills":1,"20-euro-bills":1,"1-euro-bills":3,"20-cents":2,"5-cents":1}}',
  ],
  [
    "verify_cash_deposit",
    '{"EventTimeStamp":1234567890,"TargetAccount":"100010","Amount":"123.40","LocationType":"ATM","Reference":"text","Verified":true,"VerifiedCurrency":{"100-euro-bills":1,"20-euro-bills":1,"1-euro-bills":3,"20-cents":2},"VerifiedByEmployeeId":"1234567890","FinalFinding":"text","PreviousRequestIdReference":"r1"}',
  ],
  [
    "cash_withdrawal",
    '{"EventTimeStamp":1234567890,"SourceAccount":"100010","Amount":"200.00","LocationType":"Teller","Reference":"text","Currency":{"50-euro-bills":4}}',
  ],
  [
    "incoming_payment",
    '{"EventTimeStamp":1234567890,"TargetAccount":"100010","Amount":"123.45","SourceInstitution":"Source Bank","SourceAccount":"remote","Reference":"text"}',
  ],
  [
    "outgoing_payment_unverified",
    '{"EventTimeStamp":1234567890,"SourceAccount":"100010","Amount":"123.45","TargetInstitution":"Remote Bank","TargetAccount":"remote","Reference":"text"}',
  ],
  ["outgoing_payment_verified", '{"EventTimeStamp":1234567890}'],
  ["outgoing_payment_rejected", '{"EventTimeStamp":1234567890,"Reason":"text","RejectedAmount":"123.45"}'],
  [
    "inter_account_transfer",
    '{"EventTimeStamp":1234567890,"SourceAccount":"100030","TargetAccount":"100010","Amount":"123.45","Reference":"text"}',
  ],
] as const)("the canonical body of %s is a valid request", (type, body) => {
  expect(bank.parse(requestOf(type, body), DEFAULT_SETTINGS)).toMatchObject({
    valid: true,
    request: { type },
  });
});

test("every code is listed by a type, or is one that any request can meet", () => {
  const listed = new Set<string>([...EVENT_TYPES.flatMap(type => EVENTS[type].refusals), ...ANY_REQUEST]);
  expect([...listed].sort()).toEqual(Object.keys(REFUSALS).sort());
});
