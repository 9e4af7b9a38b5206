import { storable } from "../../table/storable.ts";
import type { Item, Key } from "../../table/store.ts";
import { canonicalJson } from "../snapshot/canonical-json.ts";
import type { Difference } from "./difference.ts";

/** A row as its decision makes it. `sequence`: the decision's place on the stream. */
export type ExpectedRow = { readonly item: Item; readonly sequence: number };

const textOf = (value: unknown): string => (value === undefined ? "nothing" : canonicalJson(value));
const keyOf = ({ PK, SK }: Key): Key => ({ PK, SK });

/** How a row differs from what it must be: one difference for each attribute, or one if it is not there. Pure. */
export const compareRow = (
  stream: string,
  { item, sequence }: ExpectedRow,
  found: Item | undefined,
): readonly Difference[] => {
  const must = storable(item);
  const at = { stream, sequence, row: keyOf(must) };
  if (found === undefined) return [{ ...at, what: "row-missing", expected: textOf(must), found: "nothing" }];
  return [...new Set([...Object.keys(must), ...Object.keys(found)])].flatMap(
    (attribute): readonly Difference[] => {
      const [expected, is] = [textOf(must[attribute]), textOf(found[attribute])];
      return expected === is ? [] : [{ ...at, what: "attribute", attribute, expected, found: is }];
    },
  );
};

/** A row that no decision makes. */
export const extraRow = (stream: string, sequence: number, item: Item): Difference => ({
  ...{ stream, sequence, row: keyOf(item) },
  ...{ what: "row-extra", expected: "nothing", found: textOf(item) },
});
