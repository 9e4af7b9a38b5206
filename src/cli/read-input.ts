import type { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { Refused } from "./output.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "this user may not read it",
  ERR_FS_FILE_TOO_LARGE: "it is too large",
};

/** The bytes of a file that somebody named. Throws: `Refused`, in a line that says why it cannot be read. */
export const readInput = (file: string): Buffer => {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException; // what the file system throws
    throw new Refused(`Cannot read ${file}: ${REASONS[code] ?? message}.`, { cause: error });
  }
};
