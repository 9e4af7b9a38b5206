import { LambdaEventSources } from "../aws/event-sources.ts";
import { type Consumers, type Halted, halt, resume } from "../replay/control/halt.ts";
import { cloudClock } from "./cloud-clock.ts";
import { type Connection, connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";

export type ControlOptions = { readonly reason: string; readonly isAws: boolean };

/** What a halt stops, over a connection. */
export const consumersOf = async (connection: Connection): Promise<Consumers> => {
  const { app, clients } = connection;
  const { project, place } = app.config.functions;
  return {
    objects: app.ledger.objects,
    bucket: app.ledger.decisionsBucket,
    clock: await cloudClock(connection),
    sources: new LambdaEventSources(await clients.lambda()),
    functions: [project, place],
  };
};

/**
 * `daybook halt --reason TEXT`: stops all consumption; messages wait in their queues, untouched.
 *
 * Throws: `Refused` if the event sources are still being disabled after a while; the halt is written down all the same.
 */
export const haltCommand = ({ reason, isAws }: ControlOptions, output: Output): Promise<number> =>
  withConsumers(isAws, async consumers => {
    const done = await halt(consumers, reason);
    const { record } = done;
    const told =
      done.outcome === "changed"
        ? `Halted: ${record.reason}. Requests wait until "daybook resume".`
        : `Halted already since ${record.at}: ${record.reason}.`;
    return tell(done, told, output);
  });

/** `daybook resume`: undoes `halt`. Throws: `Refused`, as there. */
export const resumeCommand = ({ reason, isAws }: ControlOptions, output: Output): Promise<number> =>
  withConsumers(isAws, async consumers => {
    const done = await resume(consumers, reason);
    const told = done.outcome === "changed" ? "Resumed." : "Nothing was halted.";
    return tell(done, told, output);
  });

const withConsumers = async (
  isAws: boolean,
  work: (consumers: Consumers) => Promise<number>,
): Promise<number> => {
  const connection = await connect(isAws, "LAMBDA");
  try {
    return await work(await consumersOf(connection));
  } finally {
    connection.clients.close();
  }
};

const tell = ({ outcome, record, sources, isSettled }: Halted, told: string, output: Output): number => {
  if (output.isJson) output.json({ outcome, ...record, sources, isSettled });
  else {
    output.data(told);
    for (const { functionName, id, state } of sources) output.data(`  ${functionName}  ${id}  ${state}`);
    if (sources.length === 0)
      output.talk("No event source was found for the functions: only the functions themselves heed this.");
  }
  if (!isSettled)
    throw new Refused("Lambda is still at it: say it again in a minute, or look at the event sources.");
  return 0;
};
