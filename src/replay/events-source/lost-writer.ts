import pMap from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import type { LostText } from "./rebuild.ts";
import type { Trouble } from "./trouble.ts";

/** Small requests that wait for S3 and for nothing else. */
const WRITES_AT_ONCE = 32;

/** Puts lost texts where they belong, some at a time; never over what is there. */
export const newWriter = (
  { objects, decisionsBucket: bucket }: AnyLedger,
  published: ReadonlySet<string>,
  isDryRun: boolean,
) => {
  const troubles: Trouble[] = [];
  const names = new Set(published);
  let waiting: LostText[] = [];
  let written = 0;
  const put = async ({ name, text }: LostText): Promise<void> => {
    const body = Buffer.from(text, "utf8");
    const stored = await objects.put({
      bucket,
      key: name,
      body,
      ifAbsent: true,
      contentType: "application/json",
    });
    if (stored.outcome === "stored") written += 1;
    else if (!body.equals((await objects.get({ bucket, key: name }))?.body ?? new Uint8Array()))
      troubles.push({
        kind: "differs",
        key: name,
        detail: "it came to be there meanwhile, with another text",
      });
  };
  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (isDryRun) written += batch.length;
    else await pMap(batch, put, { concurrency: WRITES_AT_ONCE });
  };
  return {
    troubles,
    names,
    written: () => written,
    flush,
    store: async (lost: LostText): Promise<void> => {
      names.add(lost.name);
      waiting.push(lost);
      if (waiting.length >= WRITES_AT_ONCE) await flush();
    },
  };
};
