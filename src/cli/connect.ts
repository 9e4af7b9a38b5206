import { type App, cloudApp } from "../app.ts";
import { type Clients, createClients } from "../aws/clients.ts";
import { Misused } from "./output.ts";
import { runningUp } from "./running-up.ts";

/** A cloud that somebody else runs. */
export type Connection = {
  readonly app: App;
  readonly clients: Clients;
  readonly where: string;
  /** Where its S3 answers; absent for AWS itself. */
  readonly endpoint: string | undefined;
};

type Environment = Readonly<Record<string, string | undefined>>;
type Place = { readonly where: string; readonly env: Environment };

const ENDPOINT = "AWS_ENDPOINT_URL";
/** The services any command may ask. */
const SERVICES = ["S3", "DYNAMODB", "SQS"];
/** Services that only some commands ask. */
export type FurtherService = "SNS" | "LAMBDA";

const hasEndpoint = (env: Environment): boolean =>
  Object.keys(env).some(name => name.startsWith(ENDPOINT) && env[name] !== "");

/** Services without an endpoint would be AWS's own, which only `--aws` may mean. */
const checkEndpoints = (env: Environment, further: readonly FurtherService[]): void => {
  const names = [...SERVICES, ...further].map(service => `${ENDPOINT}_${service}`);
  const missing = env[ENDPOINT] ? [] : names.filter(name => !env[name]);
  if (missing.length > 0)
    throw new Misused(
      `Some endpoints are set, others are not (${missing.join(", ")}): set ${ENDPOINT}, or add --aws if these are to be AWS itself.`,
    );
};

const placeOf = async (
  isAws: boolean,
  env: Environment,
  further: readonly FurtherService[],
): Promise<Place | undefined> => {
  if (hasEndpoint(env)) {
    if (!isAws) checkEndpoints(env, further);
    return { where: "the endpoints in the environment", env };
  }
  if (isAws) return { where: "AWS", env };
  const up = await runningUp();
  return up && { where: `the running "daybook up" (process ${up.pid})`, env: { ...env, ...up.env } };
};

/**
 * The cloud a command talks to: the endpoints in the environment if any are set, else AWS itself if asked for, else
 * the running `up`.
 *
 * Returns: undefined where there is none of these. Throws: `Misused` for endpoints that leave some service to AWS.
 */
export const findCloud = async (
  isAws: boolean,
  env: Environment = process.env,
  further: readonly FurtherService[] = [],
): Promise<Connection | undefined> => {
  const place = await placeOf(isAws, env, further);
  if (place === undefined) return undefined;
  const clients = createClients(place.env);
  const endpoint = place.env[`${ENDPOINT}_S3`] || place.env[ENDPOINT] || undefined;
  return { app: await cloudApp(clients, place.env), clients, where: place.where, endpoint };
};

/** Like `findCloud`. Throws: `Misused` where there is none. */
export const connect = async (isAws: boolean, ...further: readonly FurtherService[]): Promise<Connection> => {
  const cloud = await findCloud(isAws, process.env, further);
  if (cloud) return cloud;
  throw new Misused(
    'No cloud to talk to: start one with "npx daybook up", set AWS_ENDPOINT_URL, or add --aws for AWS itself.',
  );
};
