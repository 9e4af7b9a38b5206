import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { dirname, join } from "node:path";
import { CONTROL_PATH } from "../local/wire/control.ts";

/** What a running `daybook up` leaves behind for other commands. */
export type UpFile = {
  readonly pid: number;
  readonly startedAt: string;
  /** The variables that point a client at it. */
  readonly env: Readonly<Record<string, string>>;
};

const upPath = (): string => join(process.env.DAYBOOK_HOME || ".", ".daybook", "up.json");

export const writeUpFile = (file: UpFile): void => {
  mkdirSync(dirname(upPath()), { recursive: true });
  writeFileSync(upPath(), `${JSON.stringify(file, null, 2)}\n`);
};

/** Removes what `writeUpFile` left, unless it is another process's by now. */
export const removeUpFile = (pid: number): void => {
  if (readUpFile()?.pid === pid) rmSync(upPath(), { force: true });
};

/** The running `up` of this folder; undefined if there is none, or if it died without a word. */
export const runningUp = async (): Promise<UpFile | undefined> => {
  const file = readUpFile();
  return file && isAlive(file.pid) && (await answers(file)) ? file : undefined;
};

const readUpFile = (): UpFile | undefined => {
  try {
    const file = JSON.parse(readFileSync(upPath(), "utf8")) as UpFile; // written by writeUpFile
    return Number.isInteger(file.pid) && typeof file.env.AWS_ENDPOINT_URL === "string" ? file : undefined;
  } catch {
    // Absent, or damaged: no way to find an `up` by it, and the next one writes it anew.
    return undefined;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A loopback server that lives answers in milliseconds; on a machine this busy nothing else would work either. */
const ANSWER_MS_MAX = 5_000;

/** Process ids come again, so that one that is alive may be another program: only the cloud itself can tell. */
const answers = ({ env }: UpFile): Promise<boolean> =>
  new Promise(resolve => {
    const url = new URL(`${CONTROL_PATH}clock`, env.AWS_ENDPOINT_URL);
    const request = get(url, { agent: false, timeout: ANSWER_MS_MAX }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
