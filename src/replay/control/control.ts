import { type Clock, isoInstant } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

/** Where the control objects are: the bucket of decisions, which admits no overwriting, so that history stays. */
export type ControlPlace = { readonly objects: ObjectStore; readonly bucket: string; readonly clock: Clock };

/** What was last asked of the consumers. */
export type ControlRecord = {
  /** From 1; the highest one counts. 0 stands for a system that nobody ever halted. */
  readonly number: number;
  readonly state: "halted" | "running";
  readonly reason: string;
  /** ISO instant; empty at number 0. */
  readonly at: string;
};

/** `changed`: written now. `already`: the state was that before; `record` tells since when and why. */
export type ControlSet = { readonly outcome: "changed" | "already"; readonly record: ControlRecord };

const PREFIX = "control/";
const DIGITS = 6;
/** A thousand halts a page: more than anybody will ever ask for. */
const PAGES_MAX = 1_000;
/** Others who change the state at the same moment; they are people. */
const TRIES_MAX = 10;

const NEVER_HALTED: ControlRecord = { number: 0, state: "running", reason: "", at: "" };

const controlKey = (number: number): string => `${PREFIX}${String(number).padStart(DIGITS, "0")}`;

/**
 * What counts now. `known`: a record read before, so that only later ones are asked for; one request mostly.
 *
 * Throws: if the newest object is none of ours; what the object store throws.
 */
export const readControl = async (
  place: Omit<ControlPlace, "clock">,
  known: ControlRecord = NEVER_HALTED,
): Promise<ControlRecord> => {
  const { objects, bucket } = place;
  let newest: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const startAfter = newest ?? controlKey(known.number);
    const { objects: listed, cursor } = await objects.list({ bucket, prefix: PREFIX, startAfter });
    newest = listed.at(-1)?.key ?? newest;
    if (cursor === undefined) return newest === undefined ? known : recordAt(place, newest);
  }
  throw new Error(`More than ${PAGES_MAX} pages of control objects in s3://${bucket}/${PREFIX}`);
};

const recordAt = async (
  { objects, bucket }: Omit<ControlPlace, "clock">,
  key: string,
): Promise<ControlRecord> => {
  const found = await objects.get({ bucket, key });
  const number = Number(key.slice(PREFIX.length));
  const body = found && bodyIn(Buffer.from(found.body).toString("utf8"));
  if (!Number.isInteger(number) || (body?.state !== "halted" && body?.state !== "running"))
    throw new ControlDamaged(`s3://${bucket}/${key}`);
  return { number, state: body.state, reason: body.reason ?? "", at: body.at ?? "" };
};

/** Something lies where a control object should, and is none; whether all is halted cannot be told. */
export class ControlDamaged extends Error {
  override readonly name = "ControlDamaged";
  constructor(object: string) {
    super(
      `Expected a control object in ${object}: delete it, if nobody knows who wrote it, and halt or resume again.`,
    );
  }
}

const bodyIn = (text: string): Partial<ControlRecord> | undefined => {
  try {
    return JSON.parse(text) as Partial<ControlRecord>; // checked by the caller
  } catch {
    return undefined;
  }
};

/** Whether a record gives way to what is asked for. */
export type GivesWay = (record: ControlRecord) => boolean | Promise<boolean>;

/**
 * Asks for a state, unless it is that already.
 *
 * `givesWay`: asked of the newest record instead; what nobody changed meanwhile is then replaced.
 * Throws: after `TRIES_MAX` tries, each beaten by somebody else; what the object store throws.
 */
export const setControl = async (
  place: ControlPlace,
  { state, reason }: Pick<ControlRecord, "state" | "reason">,
  givesWay: GivesWay = record => record.state !== state,
): Promise<ControlSet> => {
  let record = await readControl(place);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (!(await givesWay(record))) return { outcome: "already", record };
    const next: ControlRecord = {
      number: record.number + 1,
      state,
      reason,
      at: isoInstant(place.clock.now()),
    };
    const { number, ...body } = next;
    const { outcome } = await place.objects.put({
      bucket: place.bucket,
      key: controlKey(number),
      body: `${JSON.stringify(body)}\n`,
      ifAbsent: true,
      contentType: "application/json",
    });
    if (outcome === "stored") return { outcome: "changed", record: next };
    record = await readControl(place, record);
  }
  throw new Error(`Others changed the control state ${TRIES_MAX} times meanwhile: look who else is at it.`);
};
