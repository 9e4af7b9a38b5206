import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Wire } from "./bridge-on-wire.ts";

/** What a handler saw in one run. */
export type Seen = { readonly bucket: string; readonly prefix: string; readonly files: readonly string[] };

/** A handler that writes down what it sees, then does as it is told. */
export type Spy = {
  readonly env: Readonly<Record<string, string>>;
  /** Every run so far. */
  readonly seen: () => readonly Seen[];
  /** The files of the only run. */
  readonly files: () => readonly string[] | undefined;
};

const WRITE_DOWN =
  '{ echo "RUN $BUCKET $KEY_PREFIX"; (cd "$ROOT_FOLDER" && find . -type f | LC_ALL=C sort); } >> "$OUT/seen"';

/** `then`: shell that runs in the folder. */
export const spy = (wire: Wire, then = ":"): Spy => {
  const out = mkdtempSync(join(wire.scratch, "spy-"));
  const seen = (): readonly Seen[] => {
    if (!existsSync(join(out, "seen"))) return [];
    const runs: { bucket: string; prefix: string; files: string[] }[] = [];
    for (const line of readFileSync(join(out, "seen"), "utf8").trimEnd().split("\n")) {
      const [, bucket, prefix = ""] = /^RUN (\S+) (.*)$/.exec(line) ?? [];
      if (bucket === undefined) runs.at(-1)?.files.push(line.replace("./", ""));
      else runs.push({ bucket, prefix, files: [] });
    }
    return runs;
  };
  return {
    env: {
      HANDLER_SHELL: "true",
      HANDLER_COMMAND: `${WRITE_DOWN}; cd "$ROOT_FOLDER"; ${then}`,
      OUT: out,
    },
    seen,
    files: () => (seen().length === 1 ? seen()[0]?.files : undefined),
  };
};
