import { type Fault, FROZEN, type Recorded } from "../recording.ts";

/** HTTP tells times by the second. */
const SECOND_MS = 1_000;
/** Ids that a service makes up: the same one must stand for the same one throughout. */
const OWN_ID = /\.(versionId|cursor|messageId|receipt)$/;
/** S3's ids of a request, in its messages. */
const REQUEST_ID = /\.(x-amz-request-id|x-amz-id-2|RequestId|HostId)$/;
/** Of a sequencer, what its second makes; the rest is random. */
const SEQUENCER_TIME_DIGITS = 10;
/** What version ids look like, in texts that quote them. */
const VERSION_ID = /(?<![A-Za-z0-9._])[A-Za-z0-9._]{32}(?![A-Za-z0-9._])/g;

/** Which of the service's ids stands for which of the model's, and the other way round. */
export type Names = { readonly services: Map<string, string>; readonly models: Map<string, string> };

export const noNames = (): Names => ({ services: new Map(), models: new Map() });

/** Ids in a call's arguments that only an answer to an earlier call can tell of. */
export const idsIn = (value: unknown): readonly string[] => {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    typeof each === "string" ? (OWN_ID.test(`.${name}`) ? [each] : []) : idsIn(each),
  );
};

/** Arguments with the ids of the service that is asked. `isQuoting`: texts may quote version ids, too. */
export const translated = (value: unknown, ids: Names["services"], isQuoting = false): unknown => {
  if (typeof value === "string")
    return isQuoting ? value.replace(VERSION_ID, id => ids.get(id) ?? id) : value;
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(each => translated(each, ids, isQuoting));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      OWN_ID.test(`.${name}`) && typeof each === "string"
        ? (ids.get(each) ?? each)
        : translated(each, ids, isQuoting),
    ]),
  );
};

/** Where two answers differ, in words; undefined if nowhere. */
export const compare = (model: unknown, service: unknown, path: string, names: Names): string | undefined => {
  const differ = (): string => `${path}: ${short(model)}, not ${short(service)}`;
  if (typeof model === "string" && typeof service === "string") {
    if (OWN_ID.test(path)) return sameId(model, service, path, names);
    if (/\.(lastModified|expiresAt)$/.test(path))
      return second(model) === second(service) ? undefined : differ();
    if (REQUEST_ID.test(path)) return model.length === service.length ? undefined : differ();
    if (path.endsWith(".sequencer")) return timeOf(model) === timeOf(service) ? undefined : differ();
    if (path.endsWith(".body") && model.startsWith("{")) return sameMessage(model, service, path, names);
  }
  // The SDK names a type of its own for bytes, where S3 would name none.
  if (path.endsWith(".contentType") && model === "binary/octet-stream") return undefined;
  if (model instanceof Uint8Array && service instanceof Uint8Array)
    return Buffer.compare(model, service) === 0 ? undefined : `${path}: other bytes`;
  if (model === null || service === null || typeof model !== "object" || typeof service !== "object")
    return Object.is(model, service) ? undefined : differ();
  for (const field of new Set([...Object.keys(model), ...Object.keys(service)])) {
    const [a, b] = [model, service].map(each => (each as Readonly<Record<string, unknown>>)[field]);
    const found = compare(a, b, `${path}.${field}`, names);
    if (found !== undefined) return found;
  }
  return undefined;
};

const short = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 300);
const second = (instant: string): number => Math.floor(Date.parse(instant) / SECOND_MS);
const timeOf = (sequencer: string): string =>
  `${sequencer.length} ${sequencer.slice(0, SEQUENCER_TIME_DIGITS)}`;

const sameId = (
  model: string,
  service: string,
  path: string,
  { services, models }: Names,
): string | undefined => {
  const [known, meant] = [services.get(model), models.get(service)];
  services.set(model, service);
  models.set(service, model);
  if (known !== undefined && known !== service) return `${path}: ${known} was ${service} before`;
  return meant !== undefined && meant !== model
    ? `${path}: ${service} stood for ${meant}, not ${model}`
    : undefined;
};

/** Messages of S3 quote ids, and have some of their own. */
const sameMessage = (model: string, service: string, path: string, names: Names): string | undefined => {
  if (model.length !== service.length) return `${path}: ${short(model)}, not ${short(service)}`;
  return compare(JSON.parse(model), JSON.parse(service), path, names);
};

/** What a service says, beneath its port, to a call that the model answered so. */
export const saidTo = ({ call, args, answer, said, of, threw }: Recorded): readonly Fault[] => {
  if (threw !== undefined) return [threw];
  if (said !== undefined) return [said];
  const { outcome, failed = [] } = (answer ?? {}) as { outcome?: string; failed?: readonly number[] };
  if (of === "s3" || outcome !== "refused") return [];
  const [first] = args;
  const writes = call === "transact" ? (first as readonly object[]) : [first as object];
  if (call === "write" && !("check" in (first as object)))
    return [{ name: "ConditionalCheckFailedException" }];
  const reasons = writes.map((_, at) => (failed.includes(at) ? "ConditionalCheckFailed" : "None"));
  return [{ name: "TransactionCanceledException", reasons }];
};

/** Where what a service said is not what the model would have it say. */
export const compareFaults = (recorded: Recorded, heard: readonly Fault[]): string | undefined => {
  const expected = saidTo(recorded);
  const [model, service] = [expected[0], heard.at(-1)];
  const isFrozen = model?.name === FROZEN && service?.name === "ObjectNotInActiveTierError";
  // A bucket that is missing is asked for once more.
  const isAsMany = recorded.threw === undefined ? expected.length === heard.length : heard.length > 0;
  if (!isAsMany && !isBeyondEnd(recorded, heard))
    return `${recorded.call}: ${short(model)}, and the service said ${short(heard)}`;
  if (model === undefined || service === undefined) return undefined;
  const differ = `${recorded.call}: ${short(model)}, not ${short(service)}`;
  if (model.status !== undefined && service.status !== undefined && model.status !== service.status)
    return differ;
  // An answer to HEAD has no body to name its error in.
  if (recorded.call !== "head" && !isFrozen && model.name !== service.name) return differ;
  const { message, reasons } = model;
  if (
    recorded.call !== "head" &&
    message !== undefined &&
    service.message !== undefined &&
    message !== service.message
  )
    return differ;
  return reasons !== undefined && reasons.join() !== service.reasons?.join() ? differ : undefined;
};

/** A range behind the end: an error of S3 (416) of which the port makes an answer without bytes. */
const isBeyondEnd = ({ call, args, answer }: Recorded, heard: readonly Fault[]): boolean =>
  call === "get" &&
  args[1] !== undefined &&
  answer !== undefined &&
  heard.every(({ status }) => status === 416);
