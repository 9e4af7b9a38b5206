import { statement } from "../projections/statement.ts";
import { statementCsv, statementJson, statementTable } from "../projections/statement-text.ts";
import { connect } from "./connect.ts";
import { readAccount } from "./heads.ts";
import { type Output, Refused } from "./output.ts";

export type StatementFormat = "table" | "csv" | "json";

export type StatementOptions = {
  /** `YYYY-MM`, UTC. */
  readonly month?: string | undefined;
  readonly format: StatementFormat;
  readonly isAws: boolean;
};

const renderers = { table: statementTable, csv: statementCsv, json: statementJson };

/** `daybook statement ACCOUNT`: the account's lines, all or of one month. Throws: `Refused` if there is no account. */
export const statementCommand = async (
  account: string,
  options: StatementOptions,
  output: Output,
): Promise<number> => {
  const { month, format } = options;
  const { app, clients } = await connect(options.isAws);
  try {
    const found = await readAccount(app, account);
    if (found === undefined)
      throw new Refused(`There is no account ${account}: "daybook accounts" lists those there are.`);
    output.data(renderers[format](await statement(app.ledger.store, account, month)));
    if (found.provisional) output.talk("Provisional: the newest line is not published yet.");
    return 0;
  } finally {
    clients.close();
  }
};
