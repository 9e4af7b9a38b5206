import type { App } from "../app.ts";
import { textTable } from "../projections/text-table.ts";
import type { Item } from "../table/store.ts";
import { OBSERVATION_RANGE, objectPartition } from "../tracking/entities.ts";
import type { ObjectState } from "../tracking/state.ts";
import { connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";

/** One thing that happened to an object. */
type Moment = { readonly at: string; readonly what: string; readonly detail: string };

/** Pages of one object's rows; each holds some 2,000. */
const PAGES_MAX = 100;

const itemsIn = async (app: App, partition: string, from: string, to: string): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await app.ledger.store.query({ partition, from, to, cursor });
    items.push(...found.items);
    cursor = found.cursor;
    if (cursor === undefined) return items;
  }
  throw new Refused(`More than ${PAGES_MAX} pages of events of one object: this is no request.`);
};

const observed = async (app: App, key: string): Promise<readonly Moment[]> => {
  const { observation } = app.ledger.rows;
  const items = await itemsIn(app, objectPartition(key), OBSERVATION_RANGE.from, OBSERVATION_RANGE.to);
  return items.map(observation.read).map(({ time, event, bucket, versionId, duplicates }) => ({
    at: time,
    what: event,
    detail: `s3://${bucket} version ${versionId}${duplicates === 0 ? "" : `, told ${duplicates + 1} times`}`,
  }));
};

const audited = async (app: App, key: string): Promise<readonly Moment[]> => {
  const { event } = app.ledger.rows;
  const items = await itemsIn(app, objectPartition(key), "EVENT#", "EVENT#\u{10FFFF}");
  return items
    .map(event.read)
    .map(({ at, eventType, errorReason = "" }) => ({ at, what: eventType, detail: errorReason }));
};

const decided = ({ decision }: ObjectState): readonly Moment[] => {
  if (!decision) return [];
  const places = decision.legs.map(({ stream, sequence }) => `${stream} at ${sequence}`).join(", ");
  return [
    { at: decision.decidedAt, what: decision.code ?? decision.outcome, detail: `decided on ${places}` },
  ];
};

/** `daybook event KEY`: what became of one request, in the order of time. Throws: `Refused` if nothing is known. */
export const eventCommand = async (key: string, isAws: boolean, output: Output): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    const { store, rows } = app.ledger;
    const [item] = await store.get([rows.state.key({ key })]);
    if (item === undefined)
      throw new Refused(`Nothing is known of ${key}: was it put into ${app.config.buckets.newEvents}?`);
    const state = rows.state.read(item);
    const moments = [...(await observed(app, key)), ...(await audited(app, key)), ...decided(state)];
    const timeline = moments.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    if (output.isJson) output.json({ key, state, timeline });
    else {
      output.data(`${key}: ${state.lifecycle}\n`);
      output.data(
        `${textTable(
          ["at", "what", "detail"],
          timeline.map(({ at, what, detail }) => [at, what, detail]),
          new Set(),
        )}\n`,
      );
    }
    return 0;
  } finally {
    clients.close();
  }
};
