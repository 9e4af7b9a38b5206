import { statement } from "../projections/statement.ts";
import { statementCsv, statementJson, statementTable } from "../projections/statement-text.ts";
import { connect } from "./connect.ts";
import { readAccount } from "./heads.ts";
import { Misused, type Output, Refused } from "./output.ts";

export type StatementFormat = "table" | "csv" | "json";

/** `YYYYMM`, as the command takes it, to `YYYY-MM`. Throws: `Misused`. */
const monthOption = (month: string): string => {
  const [, year, number] = /^(\d{4})(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined) throw new Misused(`Expected --month as YYYYMM, got "${month}".`);
  return `${year}-${number}`;
};

const renderers = { table: statementTable, csv: statementCsv, json: statementJson };

/** `daybook statement ACCOUNT`: the account's lines, all or of one month. Throws: `Refused` if there is no account. */
export const statementCommand = async (
  account: string,
  options: { readonly month?: string | undefined; readonly format: StatementFormat; readonly isAws: boolean },
  output: Output,
): Promise<number> => {
  const month = options.month === undefined ? undefined : monthOption(options.month);
  const { app, clients } = await connect(options.isAws);
  try {
    const found = await readAccount(app, account);
    if (found === undefined)
      throw new Refused(`There is no account ${account}: "daybook accounts" lists those there are.`);
    output.data(renderers[options.format](await statement(app.ledger.store, account, month)));
    if (found.provisional) output.talk("Provisional: the newest line is not published yet.");
    return 0;
  } finally {
    clients.close();
  }
};
