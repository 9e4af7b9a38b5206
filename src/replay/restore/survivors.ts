import type { AnyLedger } from "../../ledger/ledger.ts";
import { nameOfRecord, publish } from "../../ledger/publish.ts";
import type { HeadRow } from "../../ledger/reading.ts";
import { parseRecord } from "../../ledger/record.ts";
import { OffTheChain } from "../../ledger/repair-errors.ts";
import { ENTITY_NAME_ATTRIBUTE } from "../../table/row.ts";
import { wholeTable } from "../../table/whole-table.ts";
import { listedHeads } from "../snapshot/listed-heads.ts";
import type { Chains, FoundHead } from "./chains.ts";
import type { BegunPlan, RestorePlan } from "./plan.ts";
import { RestoreTakenOver } from "./restore-errors.ts";
import { writeOnce } from "./survey.ts";

const prevHashOf = ({ stream, last, hash }: HeadRow): string =>
  last === ""
    ? ""
    : (parseRecord(last, `the head of ${stream}`).legs.find(leg => leg.hash === hash)?.prevHash ?? "");

/**
 * All heads of the restored table, as far as they are compared. Memory: one entry a stream. Those of a snapshot were put
 * just now: the table shows them, its index only a moment later.
 */
export const readHeads = async (
  ledger: AnyLedger,
  { from }: Pick<BegunPlan, "from">,
): Promise<Map<string, FoundHead>> => {
  const heads = new Map<string, FoundHead>();
  for await (const head of from.kind === "snapshot" ? scannedHeads(ledger) : listedHeads(ledger)) {
    const { stream, sequence, hash, epoch, parkedCount } = head;
    const open = ledger.projection.passingNames(head.state);
    heads.set(stream, { sequence, hash, epoch, parkedCount, open, prevHash: prevHashOf(head) });
  }
  return heads;
};

async function* scannedHeads({ store, rows }: AnyLedger): AsyncGenerator<HeadRow> {
  for await (const page of wholeTable(store))
    for (const item of page) if (item[ENTITY_NAME_ATTRIBUTE] === rows.head.name) yield rows.head.read(item);
}

/**
 * Publishes the newest decisions of restored heads that are in nothing that was collected: committed, survived, and nobody
 * was told. Without this another decision would take their place, beside what the table already shows of them.
 *
 * `heads`: all of the table; `known`: the hashes of all collected legs. Returns: their names. Throws: `SplitBrain`; what the ports throw.
 */
export const harvest = async (
  ledger: AnyLedger,
  { sealed }: RestorePlan,
  heads: ReadonlyMap<string, FoundHead>,
  known: ReadonlySet<string>,
): Promise<readonly string[]> => {
  const names: string[] = [];
  for (const [stream, { epoch, hash }] of heads) {
    if (epoch !== sealed || known.has(hash)) continue;
    const [item] = await ledger.store.get([ledger.rows.head.key({ stream })]);
    const head = item && ledger.rows.head.read(item);
    if (head === undefined || head.last === "" || head.hash !== hash) continue;
    const record = parseRecord(head.last, `the head of ${head.stream}`);
    if (record.epoch !== sealed) continue;
    await publish(ledger, { record, text: head.last });
    names.push(nameOfRecord(record));
  }
  return names;
};

/**
 * Compares every restored head with the sealed chains. One that is a decision ahead of them, of a table whose epoch was
 * sealed without it, is taken back: its stream is made anew from its decisions.
 *
 * Returns: the streams taken back. Throws: `RestoreTakenOver` where a head is of the new epoch already, so that the table
 * is live: such a head is ahead of the chains by right. `OffTheChain` for any other contradiction.
 */
export const checkHeads = async (
  { store, rows, epoch: next }: AnyLedger,
  heads: Map<string, FoundHead>,
  { streams }: Chains,
): Promise<readonly string[]> => {
  const taken: string[] = [];
  for (const [stream, { sequence, hash, prevHash, epoch }] of heads) {
    if (epoch >= next) throw new RestoreTakenOver(next);
    const chain = streams.get(stream);
    if (chain?.atHead === hash) continue;
    const before = sequence === 1 ? "0".repeat(64) : chain?.beforeHead;
    if (before === undefined || prevHash !== before)
      throw new OffTheChain(stream, `stands at ${sequence} with a decision that no manifest lists`);
    taken.push(stream);
  }
  for (const stream of taken) {
    const { sequence, hash, epoch } = heads.get(stream) ?? {};
    const isAsRead = { equals: { sequence: sequence ?? 0, hash: hash ?? "", epoch: epoch ?? 0 } };
    // What is there no more was taken back by another run of this restore, or is live by now.
    await writeOnce(store, { delete: rows.head.key({ stream }), if: isAsRead });
    heads.delete(stream);
  }
  return taken;
};
