import { accountJson, accountsTable } from "../projections/accounts.ts";
import { connect } from "./connect.ts";
import { readAccount, readAccounts, type ShownAccount } from "./heads.ts";
import { type Output, Refused } from "./output.ts";

const provisionalNote = (accounts: readonly ShownAccount[]): string => {
  const provisional = accounts.filter(account => account.provisional).map(({ account }) => account);
  return provisional.length === 0
    ? ""
    : `Provisional, the newest decision is not published yet: ${provisional.join(", ")}`;
};

const show = (accounts: readonly ShownAccount[], output: Output): void => {
  output.data(accountsTable(accounts));
  const note = provisionalNote(accounts);
  if (note) output.talk(note);
};

/** `daybook accounts`: every account with its balances. */
export const accountsCommand = async (isAws: boolean, output: Output): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    const accounts = await readAccounts(app);
    if (output.isJson) output.json({ accounts: accounts.map(accountJson) });
    else show(accounts, output);
    return 0;
  } finally {
    clients.close();
  }
};

/** `daybook balance ACCOUNT`: one account, read consistently. Throws: `Refused` if there is none. */
export const balanceCommand = async (account: string, isAws: boolean, output: Output): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    const found = await readAccount(app, account);
    if (found === undefined)
      throw new Refused(`There is no account ${account}: "daybook accounts" lists those there are.`);
    if (output.isJson) output.json(accountJson(found));
    else show([found], output);
    return 0;
  } finally {
    clients.close();
  }
};
