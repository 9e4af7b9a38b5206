/** What a client may ask for, in the words of this test. Cents; `ref` and `id` name deposits and payments. */
export type Command =
  | { readonly do: "open"; readonly account: string; readonly customer: string }
  | {
      readonly do: "deposit";
      readonly account: string;
      readonly cents: number;
      readonly counted: boolean;
      readonly customer: string | undefined;
    }
  | {
      readonly do: "verify";
      readonly account: string;
      readonly ref: string;
      readonly cents: number | undefined;
      readonly evidence: boolean;
    }
  | { readonly do: "withdraw" | "receive" | "pay"; readonly account: string; readonly cents: number }
  | { readonly do: "paid"; readonly ref: string; readonly account: string | undefined }
  | {
      readonly do: "bounced";
      readonly ref: string;
      readonly account: string | undefined;
      readonly cents: number | undefined;
    }
  | { readonly do: "transfer"; readonly account: string; readonly target: string; readonly cents: number };

type Open = { readonly account: string; readonly cents: number; settled: boolean };

/**
 * A second bank that shares no code with the first: a journal of bookings, everything else summed up from it anew for
 * every question. Slow and plain on purpose.
 */
export const openOracle = () => {
  const customers = new Map<string, string>();
  const bookings: { account: string; cents: bigint }[] = [];
  const deposits = new Map<string, Open | "refused">();
  const payments = new Map<string, Open | "refused">();
  const waiting: { name: string; command: Command }[] = [];
  const outcomes = new Map<string, string>();

  const actual = (account: string): bigint =>
    bookings.filter(each => each.account === account).reduce((sum, each) => sum + each.cents, 0n);
  const held = (account: string): bigint =>
    [...payments.values()]
      .filter(each => each !== "refused" && each.account === account && !each.settled)
      .reduce((sum, each) => sum + (each === "refused" ? 0n : BigInt(each.cents)), 0n);
  const available = (account: string): bigint => actual(account) - held(account);
  const book = (account: string, cents: number | bigint) => bookings.push({ account, cents: BigInt(cents) });

  const settlement = (
    ref: string,
    registry: ReadonlyMap<string, Open | "refused">,
    account: string | undefined,
    settle: (open: Open) => string,
  ): string => {
    if (account !== undefined && !customers.has(account)) return "UNKNOWN_ACCOUNT";
    const open = registry.get(ref);
    if (open === undefined) return "deferred";
    if (open === "refused") return "ORIGINAL_NOT_FOUND";
    if (account !== undefined && account !== open.account) return "ACCOUNT_MISMATCH";
    if (open.settled) return "ALREADY_SETTLED";
    const outcome = settle(open);
    if (outcome === "accepted") open.settled = true;
    return outcome;
  };

  const judge = (name: string, command: Command): string => {
    switch (command.do) {
      case "open":
        if (customers.has(command.account)) return "ACCOUNT_EXISTS";
        customers.set(command.account, command.customer);
        return "accepted";
      case "deposit": {
        const { account, cents, counted, customer } = command;
        const owner = customers.get(account);
        if (owner === undefined && (!counted || customer === undefined)) return "UNKNOWN_ACCOUNT";
        if (owner !== undefined && customer !== undefined && customer !== owner) return "CUSTOMER_MISMATCH";
        if (owner === undefined && customer !== undefined) customers.set(account, customer);
        if (counted) book(account, cents);
        deposits.set(name, { account, cents, settled: counted });
        return "accepted";
      }
      case "verify":
        return settlement(command.ref, deposits, command.account, open => {
          if (command.cents === undefined) return "accepted";
          if (command.cents !== open.cents && !command.evidence) return "AMOUNT_MISMATCH";
          book(open.account, command.cents);
          return "accepted";
        });
      case "paid":
        return settlement(command.ref, payments, command.account, open => {
          book(open.account, -open.cents);
          return "accepted";
        });
      case "bounced":
        return settlement(command.ref, payments, command.account, open =>
          command.cents === undefined || command.cents === open.cents ? "accepted" : "AMOUNT_MISMATCH",
        );
      case "receive":
        if (!customers.has(command.account)) return "UNKNOWN_ACCOUNT";
        book(command.account, command.cents);
        return "accepted";
      case "withdraw":
      case "pay": {
        const { account, cents } = command;
        if (!customers.has(account)) return "UNKNOWN_ACCOUNT";
        if (available(account) < BigInt(cents)) return "INSUFFICIENT_FUNDS";
        if (command.do === "withdraw") book(account, -cents);
        else payments.set(name, { account, cents, settled: false });
        return "accepted";
      }
      case "transfer": {
        const { account, target, cents } = command;
        if (account === target) return "SAME_ACCOUNT_TRANSFER";
        if (!customers.has(account) || !customers.has(target)) return "UNKNOWN_ACCOUNT";
        if (available(account) < BigInt(cents)) return "INSUFFICIENT_FUNDS";
        book(account, -cents);
        book(target, cents);
        return "accepted";
      }
    }
  };

  const run = (name: string, command: Command): void => {
    const outcome = judge(name, command);
    outcomes.set(name, outcome);
    if (outcome === "deferred") {
      waiting.push({ name, command });
      return;
    }
    const registry = command.do === "deposit" ? deposits : command.do === "pay" ? payments : undefined;
    if (registry === undefined) return;
    if (outcome !== "accepted") registry.set(name, "refused");
    const flow = command.do === "deposit" ? ["verify"] : ["paid", "bounced"];
    for (const follower of [...waiting]) {
      if (
        !("ref" in follower.command) ||
        follower.command.ref !== name ||
        !flow.includes(follower.command.do)
      )
        continue;
      waiting.splice(waiting.indexOf(follower), 1);
      run(follower.name, follower.command);
    }
  };

  return { run, outcomes, actual, available };
};
