import type { AnyLedger } from "../../ledger/ledger.ts";
import type { Observation, ObservationRow } from "../../tracking/observation.ts";
import type { ObjectState } from "../../tracking/state.ts";
import type { KeyPicture } from "./compare.ts";

/** A key as reconcile has looked at it. */
export type SeenKey = {
  readonly picture: KeyPicture;
  /** Of the picture: what tracking knows. */
  readonly known: readonly Observation[];
  readonly state: ObjectState | undefined;
  /** All observations of the key; absent where the state alone told all that was to be known. */
  readonly rows?: readonly ObservationRow[] | undefined;
};

/** What the live path has left undone though it was told: it is told again if it has been due for long. */
export type Due = {
  readonly finding: "undecided" | "unpublished";
  /** What is told again. */
  readonly observation: Observation;
  /** ISO instant from which on it was to be done. */
  readonly since: string;
};

/** A look for one kind of undone work among some keys. Reads only. */
export type Check = (ledger: AnyLedger, seen: readonly SeenKey[]) => Promise<readonly Due[]>;
