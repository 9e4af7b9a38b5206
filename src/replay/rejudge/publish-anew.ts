import pMap from "p-map";
import type { DecisionRecord } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { nameOfRecord, SplitBrain } from "../../ledger/publish.ts";
import { parseRecord, recordText, sameIdentity } from "../../ledger/record.ts";
import { lineOf } from "../manifest/line-of.ts";
import type { ManifestLine } from "../manifest/manifest.ts";
import type { JudgedAnew } from "./judge-anew.ts";
import { firstDecidedAt } from "./order.ts";
import { type Announces, toldOf } from "./told.ts";

/** Decisions published at once to one prefix. */
const PUTS_AT_ONCE = 32;

/**
 * Publishes all decisions that are not as they were, each with the name of the one it replaces; what is kept keeps its
 * object. Idempotent: what an earlier try published stands.
 *
 * `ledger`: over the table of the epoch that is over, which remembers what was placed.
 * Returns: the lines of all decisions that count from now on. Throws: `SplitBrain`; what the ports throw.
 */
export const publishAnew = (
  ledger: AnyLedger,
  decisions: readonly JudgedAnew[],
  announces: Announces,
  onProgress: (decisions: number) => void,
): Promise<readonly ManifestLine[]> => {
  let done = 0;
  return pMap(
    decisions,
    async each => {
      const line = each.isKept ? each.past.line : await publishOne(ledger, each, announces);
      done += 1;
      onProgress(done);
      return line;
    },
    { concurrency: PUTS_AT_ONCE },
  );
};

const publishOne = async (
  ledger: AnyLedger,
  { past, record: judged }: JudgedAnew,
  announces: Announces,
): Promise<ManifestLine> => {
  // Asked only where it matters: for most decisions nobody outside is told anything.
  const isOutside = past.record.replaces?.announced === true || announces(past.record) || announces(judged);
  const isAnnounced = isOutside && (await toldOf(ledger, past.record, announces)).includes("announced");
  const record: DecisionRecord = {
    ...judged,
    replaces: {
      name: past.line.name,
      decidedAt: firstDecidedAt(past.record),
      ...(isAnnounced && { announced: true }),
    },
  };
  const [name, text] = [nameOfRecord(record), recordText(record)];
  const { objects, decisionsBucket: bucket } = ledger;
  const put = { bucket, key: name, body: text, ifAbsent: true, contentType: "application/json" } as const;
  if ((await objects.put(put)).outcome === "stored") return lineOf(name, text, record);
  const found = await objects.get({ bucket, key: name });
  if (found === undefined) throw new Error(`${name} was there and is gone: decisions must never be deleted.`);
  const standingText = Buffer.from(found.body).toString("utf8");
  const standing = parseRecord(standingText, name);
  const isSame =
    sameIdentity(standing, record) && standing.legs.every(({ hash }, i) => hash === record.legs[i]?.hash);
  if (!isSame || standing.legs.length !== record.legs.length) throw new SplitBrain(name);
  return lineOf(name, standingText, standing);
};
