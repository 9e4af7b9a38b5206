import { legHash } from "../../ledger/chain.ts";
import type { DecisionRecord, Original } from "../../ledger/domain.ts";
import { requestPartition } from "../../ledger/entities.ts";
import { type StreamAt, streamBegin } from "../../ledger/judge.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";

/** Where every stream stands, and what is registered, as decisions are taken one after another. Held in memory. */
export type ChainState = {
  readonly streams: Map<string, StreamAt<unknown>>;
  readonly originals: Map<string, Original>;
};

export const newChainState = (): ChainState => ({ streams: new Map(), originals: new Map() });

export const streamIn = ({ domain }: AnyLedger, { streams }: ChainState, stream: string): StreamAt<unknown> =>
  streams.get(stream) ?? streamBegin(domain);

/** Why a record does not follow on where its streams stand, or is not whole; undefined if it does and is. */
export const faultOf = (
  ledger: AnyLedger,
  state: ChainState,
  { key, digest, outcome, code = "", legs }: DecisionRecord,
): string | undefined => {
  for (const { stream, sequence, prevHash, hash, change } of legs) {
    const at = streamIn(ledger, state, stream);
    if (sequence !== at.sequence + 1) return `${stream} stands at ${at.sequence}, not before ${sequence}`;
    if (prevHash !== at.hash) return `it follows on another decision of ${stream} at ${at.sequence}`;
    const changeFields = ledger.domain.canonicalFields(change);
    if (hash !== legHash({ prevHash, key, digest, outcome, code, stream, sequence, changeFields }))
      return `its hash on ${stream} is not that of its contents`;
  }
  return undefined;
};

/** Takes a decision that follows. */
export const take = (ledger: AnyLedger, state: ChainState, record: DecisionRecord): void => {
  for (const { stream, sequence, hash, change } of record.legs) {
    const before = streamIn(ledger, state, stream);
    state.streams.set(stream, { sequence, hash, state: ledger.domain.evolve(before.state, change) });
  }
  const { registers, legs, key, outcome } = record;
  const [leg] = legs;
  if (registers && leg)
    state.originals.set(requestPartition(registers), { key, stream: leg.stream, outcome });
};
