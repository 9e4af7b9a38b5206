import { tmpdir } from "node:os";
import { bridgeParts } from "../aws/bridge-parts.ts";
import { type Clients, createClients, type Env } from "../aws/clients.ts";
import { jsonLog } from "../aws/json-log.ts";
import { createBridge } from "../bridge/create-bridge.ts";
import type { Bridge } from "../bridge/ports.ts";
import { systemClock } from "../local/system-clock.ts";
import { Misused } from "./output.ts";
import { runningUp } from "./running-up.ts";

type Service = "S3" | "SQS" | "DYNAMODB";

/** A bridge, and the clients it works with. */
export type BridgeCloud = { readonly bridge: Bridge; readonly clients: Clients };

/**
 * The bridge of the environment, at the endpoints there, at AWS itself, or at the running `up`. Unlike other commands
 * it needs nothing of Daybook there: no bucket, and a table only where RUNS_TABLE names one.
 *
 * Throws: `InvalidSetting`; `Misused` where there is no cloud to talk to.
 */
export const openBridge = async (isAws: boolean, ...further: readonly Service[]): Promise<BridgeCloud> => {
  const services: readonly Service[] = [
    "S3",
    ...further,
    ...(process.env.RUNS_TABLE ? ["DYNAMODB" as const] : []),
  ];
  const env = await environmentOf(isAws, services);
  const clients = createClients(env);
  try {
    const bridge = await createBridge({
      ...(await bridgeParts(clients)),
      env,
      time: systemClock,
      random: { next: Math.random },
      log: jsonLog,
      temporaryFolder: tmpdir(),
    });
    return { bridge, clients };
  } catch (error) {
    clients.close();
    throw error;
  }
};

const environmentOf = async (isAws: boolean, services: readonly Service[]): Promise<Env> => {
  const { env } = process;
  if (isAws || env.AWS_ENDPOINT_URL) return env;
  const names = services.map(service => `AWS_ENDPOINT_URL_${service}`);
  const unset = names.filter(name => !env[name]);
  if (unset.length === 0) return env;
  if (unset.length < names.length)
    throw new Misused(
      `Some endpoints are set, others are not (${unset.join(", ")}): set AWS_ENDPOINT_URL, or add --aws if these are to be AWS itself.`,
    );
  const up = await runningUp();
  if (up !== undefined) return { ...env, ...up.env };
  throw new Misused(
    'No cloud to talk to: start one with "npx daybook up", set AWS_ENDPOINT_URL, or add --aws for AWS itself.',
  );
};
