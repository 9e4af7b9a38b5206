import pMap from "p-map";
import type { Fold } from "./fold.ts";
import type { AnyLedger } from "./ledger.ts";

/** One stream as the table has it and as S3 alone says it must be. */
export type Comparison = {
  readonly stream: string;
  readonly sequence: { readonly table: number; readonly s3: number };
  readonly hash: { readonly table: string; readonly s3: string };
  readonly isEqual: boolean;
};

/** Heads read at once. */
const AT_ONCE = 16;

/**
 * Compares the head of every stream with the fold of the published decisions: sequence, chain hash and state.
 *
 * Returns: one comparison per stream of the fold, by name.
 */
export const compareHeads = async <State>(
  ledger: AnyLedger,
  { streams }: Fold<State>,
): Promise<readonly Comparison[]> => {
  const { head } = ledger.rows;
  const names = [...streams.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return pMap(
    names,
    async ([stream, folded]) => {
      const [item] = await ledger.store.get([head.key({ stream })]);
      const row = item && head.read(item);
      const isSameState =
        row !== undefined &&
        JSON.stringify(ledger.domain.postImage(row.state)) ===
          JSON.stringify(ledger.domain.postImage(folded.state));
      return {
        stream,
        sequence: { table: row?.sequence ?? 0, s3: folded.sequence },
        hash: { table: row?.hash ?? "", s3: folded.hash },
        isEqual: isSameState && row.sequence === folded.sequence && row.hash === folded.hash,
      };
    },
    { concurrency: AT_ONCE },
  );
};
