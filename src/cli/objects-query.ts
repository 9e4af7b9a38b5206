import type { App } from "../app.ts";
import { connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";

/** Runs a command over the tracked objects of the cloud at hand. A query that cannot be understood is a misuse. */
export const overObjects = async (
  isAws: boolean,
  command: (app: App, clients: Awaited<ReturnType<typeof connect>>["clients"]) => Promise<number>,
): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    return await command(app, clients);
  } finally {
    clients.close();
  }
};

export const tooMany = ({ max }: { readonly max: number }, what: string): Refused =>
  new Refused(`More than ${max} objects ${what}: narrow the query, for example by --since or --key.`);

export const unknownKey = (key: string): Refused =>
  new Refused(`Nothing is known of ${key}: "daybook objects list --state all" lists what is.`);

/** Says from when on was looked, where the query did not say it. */
export const sayFrom = (
  output: Output,
  from: string | undefined,
  { since }: { readonly since?: string | undefined },
): void => {
  if (from !== undefined && since === undefined && !output.isJson)
    output.talk(`Looked at what was first seen from ${from} on; --since goes further back.`);
};
