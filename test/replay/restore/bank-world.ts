import { bankTable, tableRows } from "../../../src/app.ts";
import { bank } from "../../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../../src/domain/settings.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { bankRows } from "../../../src/projections/bank-rows.ts";
import { history, putsOf } from "../../support/random-requests.ts";
import type { Kind } from "./world.ts";

/** The bank in a world. */
export const BANK: Kind = {
  definition: bankTable,
  ledger: gates =>
    ({
      ...gates,
      domain: bank,
      projection: bankRows,
      rows: tableRows,
      settings: { ...DEFAULT_SETTINGS, currencyRequired: false, autoOpen: true },
    }) as AnyLedger,
};

/** Before the world's clock begins, or every request would be refused as of the future. */
const LONG_AGO = Date.UTC(2026, 0, 1) / 1000;
/** Histories of the bank, as a world takes them. */
export const requests = history.map(putsOf).map(puts =>
  puts.map(({ key, body }, n) => ({
    key,
    body: body.replace(/"EventTimeStamp":\d+/, `"EventTimeStamp":${LONG_AGO + n}`),
  })),
);
