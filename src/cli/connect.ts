import { type App, cloudApp } from "../app.ts";
import { type Clients, createClients } from "../aws/clients.ts";
import { Misused } from "./output.ts";
import { runningUp } from "./running-up.ts";

/** A cloud that somebody else runs. */
export type Connection = {
  readonly app: App;
  readonly clients: Clients;
  readonly where: string;
};

type Environment = Readonly<Record<string, string | undefined>>;
type Place = { readonly where: string; readonly env: Environment };

const ENDPOINT = "AWS_ENDPOINT_URL";
/** The services a command may ask. SNS is asked by nobody but S3. */
const SERVICE_ENDPOINTS = ["S3", "DYNAMODB", "SQS"].map(service => `${ENDPOINT}_${service}`);

const hasEndpoint = (env: Environment): boolean =>
  Object.keys(env).some(name => name.startsWith(ENDPOINT) && env[name] !== "");

/** Services without an endpoint would be AWS's own, which only `--aws` may mean. */
const checkEndpoints = (env: Environment): void => {
  const missing = env[ENDPOINT] ? [] : SERVICE_ENDPOINTS.filter(name => !env[name]);
  if (missing.length > 0)
    throw new Misused(
      `Some endpoints are set, others are not (${missing.join(", ")}): set ${ENDPOINT}, or add --aws if these are to be AWS itself.`,
    );
};

const placeOf = async (isAws: boolean, env: Environment): Promise<Place | undefined> => {
  if (hasEndpoint(env)) {
    if (!isAws) checkEndpoints(env);
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
): Promise<Connection | undefined> => {
  const place = await placeOf(isAws, env);
  if (place === undefined) return undefined;
  const clients = createClients(place.env);
  return { app: await cloudApp(clients, place.env), clients, where: place.where };
};

/** Like `findCloud`. Throws: `Misused` where there is none. */
export const connect = async (isAws: boolean): Promise<Connection> => {
  const cloud = await findCloud(isAws);
  if (cloud) return cloud;
  throw new Misused(
    'No cloud to talk to: start one with "npx daybook up", set AWS_ENDPOINT_URL, or add --aws for AWS itself.',
  );
};
