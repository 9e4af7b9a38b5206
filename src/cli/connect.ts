import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type App, cloudApp } from "../app.ts";
import { type Clients, createClients } from "../aws/clients.ts";
import { Misused } from "./output.ts";

/** What a running `daybook up` leaves behind for other commands. */
export type UpFile = {
  readonly pid: number;
  readonly startedAt: string;
  readonly env: Readonly<Record<string, string>>;
};

/** A cloud that somebody else runs. */
export type Connection = {
  readonly app: App;
  readonly clients: Clients;
  readonly where: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const upPath = (): string => join(process.env.DAYBOOK_HOME ?? ".daybook", "up.json");

export const writeUpFile = (file: UpFile): void => {
  mkdirSync(join(upPath(), ".."), { recursive: true });
  writeFileSync(upPath(), `${JSON.stringify(file, null, 2)}\n`);
};

export const removeUpFile = (): void => rmSync(upPath(), { force: true });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The running `up` of this folder; undefined if there is none, or if it died without a word. */
export const runningUp = (): UpFile | undefined => {
  try {
    const file = JSON.parse(readFileSync(upPath(), "utf8")) as UpFile;
    return isAlive(file.pid) ? file : undefined;
  } catch {
    return undefined;
  }
};

const hasEndpoint = (env: Environment): boolean =>
  Object.keys(env).some(name => name.startsWith("AWS_ENDPOINT_URL") && env[name] !== "");

/**
 * The cloud a command talks to: the endpoints in the environment if any are set, else the running `up`, and AWS itself
 * only when asked for.
 *
 * Returns: undefined where there is none of these.
 */
export const findCloud = async (
  isAws: boolean,
  env: Environment = process.env,
): Promise<Connection | undefined> => {
  const up = runningUp();
  const [where, used] = hasEndpoint(env)
    ? ["the endpoints in the environment", env]
    : isAws
      ? ["AWS", env]
      : up
        ? [`the running "daybook up" (process ${up.pid})`, { ...env, ...up.env }]
        : [undefined, env];
  if (where === undefined) return undefined;
  const clients = createClients(used);
  return { app: await cloudApp(clients, used), clients, where };
};

/** Like `findCloud`. Throws: `Misused` where there is none. */
export const connect = async (isAws: boolean): Promise<Connection> => {
  const cloud = await findCloud(isAws);
  if (cloud) return cloud;
  throw new Misused(
    'No cloud to talk to: start one with "npx daybook up", set AWS_ENDPOINT_URL, or add --aws for AWS itself.',
  );
};
