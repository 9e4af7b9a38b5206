import { type Counts, count } from "./counts.ts";
import type { Intent, Request } from "./intent.ts";
import type { Swarm } from "./swarm.ts";
import type { Tape } from "./tape.ts";

/** Amounts at most, in euros: small ones where much is left open, so that an account can bear it. */
const EUROS_MAX = 50;
const EUROS_OPENING_MAX = 12;
const ACCOUNTS_MIN = 2;
const ACCOUNTS_MORE = 2;
const REQUESTS_MIN = 4;
const REQUESTS_MORE = 3;
/** Of which some are there from the first. */
const REQUESTS_OPENING_MIN = 8;
/** Over the largest request that is read. */
const LARGE_BYTES = 66_000;

const TYPES = {
  open: "open_account",
  deposit: "cash_deposit",
  verify: "verify_cash_deposit",
  withdraw: "cash_withdrawal",
  receive: "incoming_payment",
  pay: "outgoing_payment_unverified",
  paid: "outgoing_payment_verified",
  bounced: "outgoing_payment_rejected",
  transfer: "inter_account_transfer",
  freeze: "freeze_account",
  unfreeze: "unfreeze_account",
} as const;
type Kind = keyof typeof TYPES;

/** As often as they stand here: money must come in before it can go out. */
const KINDS: readonly Kind[] = [
  "deposit",
  "deposit",
  "deposit",
  "verify",
  "verify",
  "withdraw",
  "withdraw",
  "receive",
  "receive",
  "pay",
  "pay",
  "pay",
  "paid",
  "paid",
  "bounced",
  "transfer",
  "transfer",
  "transfer",
  "open",
  "freeze",
  "freeze",
  "unfreeze",
  "unfreeze",
];

/** Likewise where something is open from the first: it is there to be settled. */
const KINDS_OPENING: readonly Kind[] = [...(Object.keys(TYPES) as Kind[]), "verify", "paid", "bounced"];

const euros = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
const customerOf = (account: string): string => `33${account}`;

type Body = { readonly [name: string]: unknown };

const bodyOf = (intent: Exclude<Intent, { do: "bad" }>): Body => {
  const customer =
    "customer" in intent && intent.customer !== undefined ? { CustomerNumber: intent.customer } : {};
  switch (intent.do) {
    case "open":
      return { AccountNumber: intent.account, CustomerNumber: intent.customer };
    case "deposit":
      return {
        TargetAccount: intent.account,
        Amount: euros(intent.cents),
        Verified: intent.counted,
        ...customer,
      };
    case "verify":
      return {
        TargetAccount: intent.account,
        PreviousRequestIdReference: intent.ref,
        Verified: intent.cents !== undefined,
        ...(intent.cents !== undefined && { Amount: euros(intent.cents) }),
        ...(intent.evidence && { VerifiedByEmployeeId: "7", FinalFinding: "counted again" }),
      };
    case "withdraw":
      return { SourceAccount: intent.account, Amount: euros(intent.cents), ...customer };
    case "receive":
      return { TargetAccount: intent.account, Amount: euros(intent.cents), ...customer };
    case "pay":
      return {
        ...{ SourceAccount: intent.account, Amount: euros(intent.cents), ...customer },
        ...{ TargetInstitution: "Remote Bank", TargetAccount: "remote" },
      };
    case "paid":
    case "bounced":
      return {
        PreviousRequestIdReference: intent.ref,
        ...(intent.account !== undefined && { SourceAccount: intent.account }),
        ...(intent.do === "bounced" && { Reason: "account closed" }),
        ...(intent.do === "bounced" && intent.cents !== undefined && { RejectedAmount: euros(intent.cents) }),
      };
    case "transfer":
      return { SourceAccount: intent.account, TargetAccount: intent.target, Amount: euros(intent.cents) };
    case "freeze":
    case "unfreeze":
      return { TargetAccount: intent.account, Reason: "asked for" };
  }
};

/** Malformed requests: key, body and the code of the refusal. `at`: a good time stamp. */
const POISON: readonly ((
  id: string,
  account: string,
  at: number,
) => readonly [key: string, body: string, code: string])[] = [
  id => [`cash_deposit_${id}.event`, "{", "MALFORMED_JSON"],
  (id, account) => [`cash_deposit_${id}.event`, `{"TargetAccount":"${account}"}`, "MISSING_FIELD"],
  (id, account, at) => [
    `cash_withdrawal_${id}.event`,
    `{"EventTimeStamp":${at},"SourceAccount":"${account}","Amount":"0.00"}`,
    "NON_POSITIVE_AMOUNT",
  ],
  (id, account, at) => [
    `incoming_payment_${id}.event`,
    `{"EventTimeStamp":${at},"TargetAccount":"${account}","Amount":1.10}`,
    "INVALID_AMOUNT",
  ],
  (id, account, at) => [
    `incoming_payment_${id}.event`,
    `{"EventTimeStamp":${at},"TargetAccount":"${account}","Amount":"1.001"}`,
    "TOO_MANY_DECIMALS",
  ],
  (id, account, at) => [
    `inter_account_transfer_${id}.event`,
    `{"EventTimeStamp":${at},"SourceAccount":"${account}","TargetAccount":"${account}","Amount":"1.00"}`,
    "SAME_ACCOUNT_TRANSFER",
  ],
  id => [`holiday_${id}.jpg`, "not a request", "UNKNOWN_EVENT_TYPE"],
  (id, account, at) => [
    `elsewhere/cash_deposit_${id}.event`,
    `{"EventTimeStamp":${at},"TargetAccount":"${account}","Amount":"1.00","Verified":true}`,
    "BAD_KEY",
  ],
  (id, account, at) => [
    `cash_deposit_${id}.event`,
    `{"EventTimeStamp":${at},"TargetAccount":"${account}","Amount":"1.00","Verified":true,"Reference":"${"x".repeat(LARGE_BYTES)}"}`,
    "OBJECT_TOO_LARGE",
  ],
  (id, account, at) => [
    `cash_deposit_${id}.event`,
    `{"EventTimeStamp":${at + 100_000_000},"TargetAccount":"${account}","Amount":"1.00","Verified":true}`,
    "BAD_TIMESTAMP",
  ],
];

/** What clients of a history store, in the order in which they do. */
export type Script = {
  readonly requests: readonly Request[];
  /** Keys that other clients would rather see decided before they store anything. */
  readonly first: ReadonlySet<string>;
};

/** Draws all that clients do in a history. `beginsAt`: seconds since the epoch. */
export const drawRequests = (tape: Tape, swarm: Swarm, counts: Counts, beginsAt: number): Script => {
  /**
   * Of half of the histories nearly all is about one account, on which a deposit or a payment or both are open from the
   * first; another account has one of them open, for whoever takes the one account for the other.
   */
  const isOpening = tape.below(2) === 1;
  const accounts = Array.from(
    { length: isOpening ? ACCOUNTS_MIN : ACCOUNTS_MIN + tape.below(ACCOUNTS_MORE) },
    (_, n) => `1000${n + 1}0`,
  );
  const requests: Request[] = [];
  const kinds = isOpening ? KINDS_OPENING : KINDS;
  const strays = isOpening ? 0.4 : 0.07;
  const anAccount = (): string =>
    accounts[isOpening && tape.below(4) > 0 ? 0 : tape.below(accounts.length)] ?? "100010";
  const cents = (): number =>
    100 * (1 + tape.below(isOpening ? EUROS_OPENING_MAX : EUROS_MAX)) + tape.below(100);
  const stamp = (): number => beginsAt - 1 - tape.below(48);
  const add = (id: string, intent: Exclude<Intent, { do: "bad" }>): void => {
    const body = JSON.stringify({ EventTimeStamp: stamp(), ...bodyOf(intent) });
    requests.push({ key: `${TYPES[intent.do]}_${id}.event`, id, body, intent, ifAbsent: tape.below(4) > 0 });
  };
  for (const [n, account] of accounts.entries())
    add(`t${n}`, { do: "deposit", account, cents: 3_000, counted: true, customer: customerOf(account) });

  if (isOpening) {
    const [account = "", another = ""] = accounts;
    const opens = tape.below(4);
    if (opens !== 1) add("o0", { do: "deposit", account, cents: cents(), counted: false });
    if (opens !== 2) add("o1", { do: "pay", account, cents: cents() });
    // Two of a kind: one may be settled, and asked for again, while the other is still open.
    if (tape.below(3) === 0)
      add(
        "o3",
        opens === 1
          ? { do: "pay", account, cents: cents() }
          : { do: "deposit", account, cents: cents(), counted: false },
      );
    if (tape.below(2) === 0) add("o2", { do: "pay", account: another, cents: cents() });
    else add("o2", { do: "deposit", account: another, cents: cents(), counted: false });
  }

  const first = new Set(isOpening ? requests.map(({ key }) => key) : []);

  const originals = (kind: Kind): readonly Request[] => requests.filter(({ intent }) => intent.do === kind);
  /** Mostly one that is there; now and then one that comes later, or never. */
  const aRef = (kind: Kind, n: number): { readonly ref: string; readonly account?: string } => {
    const known = originals(kind).filter(({ intent }) => !("counted" in intent) || !intent.counted);
    const one = known[known.length - 1 - tape.below(Math.min(known.length, 3))];
    if (one === undefined || tape.chance(0.1)) return { ref: `r${n + tape.below(5)}` };
    return { ref: one.id, ...("account" in one.intent && { account: one.intent.account }) };
  };
  const withCustomer = (account: string): { readonly customer?: string } =>
    tape.chance(0.15) ? { customer: tape.chance(0.3) ? "999" : customerOf(account) } : {};

  const draw = (kind: Kind, n: number): Exclude<Intent, { do: "bad" }> => {
    const account = anAccount();
    switch (kind) {
      case "open":
        return { do: kind, account: tape.chance(0.5) ? "100090" : account, customer: customerOf(account) };
      case "deposit":
        return {
          do: kind,
          account,
          cents: cents(),
          counted: tape.chance(isOpening ? 0.1 : 0.3),
          ...withCustomer(account),
        };
      case "verify": {
        const { ref, account: named = account } = aRef("deposit", n);
        const declared = requests.find(({ id }) => id === ref)?.intent;
        const same =
          declared !== undefined && "cents" in declared && !tape.chance(0.2) ? declared.cents : cents();
        const evidence = tape.chance(0.5);
        const to = tape.chance(strays) ? account : named;
        return { do: kind, account: to, ref, evidence, ...(!tape.chance(0.2) && { cents: same ?? 100 }) };
      }
      case "withdraw":
      case "receive":
      case "pay":
        return { do: kind, account, cents: cents(), ...withCustomer(account) };
      case "paid":
      case "bounced": {
        const { ref, account: named } = aRef("pay", n);
        const to = tape.chance(strays) ? account : tape.chance(0.4) ? named : undefined;
        const wrong = kind === "bounced" && tape.chance(0.1) ? { cents: cents() } : {};
        return { do: kind, ref, ...(to !== undefined && { account: to }), ...wrong };
      }
      case "transfer": {
        const others = accounts.filter(other => other !== account);
        const target = tape.chance(strays) ? "100099" : (others[tape.below(others.length)] ?? "100099");
        return { do: kind, account, target, cents: cents() };
      }
      case "freeze":
        return { do: kind, account };
      case "unfreeze": {
        const frozen = originals("freeze").at(-1)?.intent;
        const again =
          frozen !== undefined && "account" in frozen && !tape.chance(0.2) ? frozen.account : undefined;
        return { do: kind, account: again ?? account };
      }
    }
  };

  const least = isOpening ? REQUESTS_OPENING_MIN : REQUESTS_MIN;
  const more = least + tape.below(REQUESTS_MORE) - requests.length;
  for (let n = 0; n < more; n += 1) {
    const id = `r${n}`;
    if (!tape.chance(swarm.poison)) {
      add(id, draw(kinds[tape.below(kinds.length)] ?? "deposit", n));
      continue;
    }
    count(counts, "F11");
    const known = isOpening && n > 0 ? requests.slice(first.size) : requests;
    const again = known[tape.below(known.length)];
    if (tape.chance(isOpening ? 0.7 : 0.5) && again !== undefined && again.intent.do !== "bad") {
      // Under a key that stands for something else, or the very same once more.
      const isSame = tape.chance(0.3);
      const body = isSame ? again.body : again.body.replace("{", `{"Note${n}":"another",`);
      requests.push({ ...again, body, ifAbsent: false });
      continue;
    }
    const poison = POISON[tape.below(POISON.length)] ?? POISON[0];
    const [key, body, code] = poison?.(id, anAccount(), stamp()) ?? ["junk", "", "UNKNOWN_EVENT_TYPE"];
    requests.push({ key, id, body, intent: { do: "bad", code }, ifAbsent: false });
  }
  return { requests: shuffled(tape, requests), first };
};

/** Now and then a request goes out before the one in front of it. */
const shuffled = (tape: Tape, requests: readonly Request[]): readonly Request[] => {
  const order = [...requests];
  for (let at = 1; at < order.length; at += 1) {
    const [before, here] = [order[at - 1], order[at]];
    if (before === undefined || here === undefined || !tape.chance(0.15)) continue;
    order[at - 1] = here;
    order[at] = before;
  }
  return order;
};
