import type { ListedVersion } from "../../ports/object-store.ts";
import type { Column } from "./columns.ts";

/** What a format makes of the rows of one data file. */
export type DataFormat = {
  /** As the manifest calls it. */
  readonly name: "CSV" | "Parquet";
  /** Ending of the data files' names. */
  readonly suffix: string;
  /** The manifest's fileSchema. */
  schema(columns: readonly Column[]): string;
  encode(rows: DataRows): Promise<Uint8Array>;
};

export type DataRows = {
  readonly bucket: string;
  readonly columns: readonly Column[];
  readonly versions: readonly ListedVersion[];
};
