import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { tableRows } from "../../../src/app.ts";
import { bank } from "../../../src/domain/bank.ts";
import { compareHeads } from "../../../src/ledger/compare.ts";
import { foldDecisions, publishedDecisions } from "../../../src/ledger/fold.ts";
import { writeInventory } from "../../../src/local/inventory/write-inventory.ts";
import { openReport } from "../../../src/replay/inventory/open-report.ts";
import {
  type Reconciled,
  type ReconcileRequest,
  reconcile,
} from "../../../src/replay/reconcile/reconcile.ts";
import type { Store } from "../../../src/table/store.ts";
import { type BankOnThisMachine, openBank } from "../../support/bank-on-this-machine.ts";
import type { Put } from "../../support/random-requests.ts";

type Change = Parameters<typeof bank.evolve>[1];

const DAY_MS = 86_400_000;
const ALL = ["new-events", "archive", "rejected"];

/** A bank that notes which keys S3 told of, and which were fed by reconcile. */
export const openLossyBank = (store: Store, options: Parameters<typeof openBank>[1] = {}) => {
  const told = new Set<string>();
  const fed: string[] = [];
  const opened = openBank(store, {
    // Placing raises events of its own: it is on where a test asks for it.
    placers: 0,
    ...options,
    around: handler => {
      const inner = options.around?.(handler) ?? handler;
      return async (event: SQSEvent): Promise<SQSBatchResponse> => {
        for (const { key, isFed } of event.Records.flatMap(recordsOf)) {
          if (isFed) fed.push(key);
          else told.add(key);
        }
        return inner(event);
      };
    },
  });
  const look = async (request: Partial<ReconcileRequest> = {}): Promise<Reconciled> => {
    await pastEvents(opened);
    return reconcile(opened.app.ledger, {
      scope: { buckets: ALL, prefix: "" },
      since: new Date(Date.now() - DAY_MS).toISOString().slice(0, 10),
      graceMs: 0,
      feed: feedOf(opened),
      ...request,
    });
  };
  const putAll = async (puts: readonly Put[]): Promise<void> => {
    for (const { key, body } of puts) await opened.put(key, body);
    await opened.idle();
  };
  return { ...opened, store, told, fed, look, putAll };
};

export type LossyBank = ReturnType<typeof openLossyBank>;

export const feedOf = ({ app }: BankOnThisMachine) => {
  if (app.objectsTopic === undefined) throw new Error("Expected a topic of object events");
  return { topic: app.objectsTopic, region: "us-east-1" };
};

/** Keys and origins of the S3 events in a message. */
const recordsOf = ({ body }: { readonly body: string }) => {
  const { Records = [] } = JSON.parse(body) as {
    Records?: { s3: { configurationId: string; object: { key: string } } }[];
  };
  return Records.map(({ s3 }) => ({
    key: decodeURIComponent(s3.object.key.replaceAll("+", " ")),
    isFed: s3.configurationId === "reconcile",
  }));
};

export const stateOf = async ({ store }: { readonly store: Store }, key: string) => {
  const [item] = await store.get([tableRows.state.key({ key })]);
  return item && tableRows.state.read(item);
};

export const outcomeOf = async (
  from: { readonly store: Store },
  key: string,
): Promise<string | undefined> => {
  const state = await stateOf(from, key);
  return state?.decision?.code ?? state?.decision?.outcome ?? (state?.parked ? "parked" : undefined);
};

/** What S3 alone says of the streams; every chain is whole, and the table says the same. */
export const foldAndCompare = async ({ app }: BankOnThisMachine) => {
  const { objects, decisionsBucket, epoch } = app.ledger;
  const fold = await foldDecisions(bank, publishedDecisions<Change>(objects, decisionsBucket, epoch));
  const comparisons = await compareHeads(app.ledger, fold);
  return { fold, unequal: comparisons.filter(({ isEqual }) => !isEqual) };
};

/** What every account amounts to, without the order in which it came about. */
export const sums = async (opened: BankOnThisMachine): Promise<Readonly<Record<string, unknown>>> => {
  const { fold } = await foldAndCompare(opened);
  return Object.fromEntries([...fold.streams].map(([stream, { state }]) => [stream, bank.postImage(state)]));
};

/** S3's times here run ahead of the clock where several events share a millisecond; what is newer is left alone. */
export const pastEvents = ({ app, cloud }: BankOnThisMachine): Promise<void> =>
  app.clock.sleep(Math.max(0, cloud.s3.state.lastEventMs - app.clock.now()) + 1);

/** A report of new-events as of now. */
export const reportOf = async (
  opened: BankOnThisMachine,
  format: "CSV" | "Parquet" = "CSV",
  keyPrefix?: string,
) => {
  await pastEvents(opened);
  const { cloud, app } = opened;
  const { objects, clock, random } = app.ledger;
  const destinationBucket = "new-events-inventory";
  const { manifestKey } = await writeInventory(
    { objects, clock, random },
    { sourceBucket: "new-events", destinationBucket, id: "all", format, ...(keyPrefix && { keyPrefix }) },
  );
  return openReport({ bucket: destinationBucket, key: manifestKey }, cloud.objects);
};

/** Counts that are not zero. */
export const found = ({ counts }: Reconciled) => {
  const { pictures: _, known: __, ...findings } = counts;
  return Object.fromEntries(Object.entries(findings).filter(([, count]) => count > 0));
};

/** Requests whose outcomes depend on nothing but themselves and their originals: there is money enough. */
export const ampleRequests = (count: number): { readonly openings: Put[]; readonly requests: Put[] } => {
  const accounts = 20;
  const at = Math.floor(Date.now() / 1000) - 100_000;
  const put = (type: string, n: number, fields: object): Put => ({
    key: `${type}_r${n}.event`,
    body: JSON.stringify({ EventTimeStamp: at + n, ...fields }),
  });
  const openings = Array.from({ length: accounts }, (_, n) =>
    put("cash_deposit", n, {
      TargetAccount: `a${n}`,
      CustomerNumber: "1",
      Amount: "1000000.00",
      Verified: true,
    }),
  );
  const requests = Array.from({ length: count - accounts }, (_, i): Put => {
    const n = accounts + i;
    const own = `a${n % accounts}`;
    const Amount = `${1 + (n % 90)}.00`;
    const original = { PreviousRequestIdReference: `r${n - 1}` };
    switch (i % 8) {
      case 0:
        return put("cash_deposit", n, { TargetAccount: own, Amount, Verified: true });
      case 1:
        return put("cash_withdrawal", n, { SourceAccount: own, Amount });
      case 2:
        return put("inter_account_transfer", n, {
          SourceAccount: own,
          TargetAccount: `a${(n + 7) % accounts}`,
          Amount,
        });
      case 3:
      case 6:
        return put("outgoing_payment_unverified", n, {
          SourceAccount: own,
          Amount,
          TargetInstitution: "Other",
          TargetAccount: "remote",
        });
      case 4:
        return put("outgoing_payment_verified", n, original);
      case 7:
        return put("outgoing_payment_rejected", n, { ...original, Reason: "returned" });
      default:
        return put("cash_withdrawal", n, { SourceAccount: own, Amount: "5000000.00" });
    }
  });
  return { openings, requests };
};
