import { expect, test } from "vitest";
import type { AccountChange, AccountState } from "../../src/domain/account.ts";
import { bank } from "../../src/domain/bank.ts";
import type { BankRequest } from "../../src/domain/request.ts";
import { DEFAULT_SETTINGS, type Settings, settingsFrom } from "../../src/domain/settings.ts";
import type { Domain, Facts } from "../../src/ledger/domain.ts";

const asDomain = bank satisfies Domain<BankRequest, AccountState, AccountChange, Settings>;

test("the bank has the shape of a domain, and its settings are facts", () => {
  const settings: Facts = DEFAULT_SETTINGS;
  expect(asDomain.name).toBe("bank");
  expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
});

test("settings are given by name, the rest by default", () => {
  expect(settingsFrom({})).toEqual(DEFAULT_SETTINGS);
  expect(settingsFrom({ keyPrefix: "in/", currencyRequired: false })).toEqual({
    ...DEFAULT_SETTINGS,
    keyPrefix: "in/",
    currencyRequired: false,
  });
  expect(() => settingsFrom({ autoopen: true })).toThrow("autoopen is no setting");
  expect(() => settingsFrom({ autoOpen: "true" })).toThrow("Expected the setting autoOpen to be a boolean");
});
