import { headObject } from "../../src/local/s3/objects.ts";
import type { S3 } from "../../src/local/s3/s3.ts";
import { S3Error } from "../../src/local/s3/s3-error.ts";
import { SnsError } from "../../src/local/sns/sns.ts";
import { SqsError } from "../../src/local/sqs/sqs-error.ts";
import { type ObjectAddress, ObjectFrozen, type ObjectStore } from "../../src/ports/object-store.ts";
import type { Item, Store } from "../../src/table/store.ts";

/** An error as it goes over a wire. */
export type Fault = {
  /** The service's own code. */
  readonly name: string;
  /** Of HTTP, where the service names one. */
  readonly status?: number | undefined;
  readonly message?: string | undefined;
  /** Codes of a cancelled transaction, one for each of its writes. */
  readonly reasons?: readonly string[] | undefined;
};

/** One call that a model answered in a history, whatever became of the answer on its way. */
export type Recorded = {
  readonly atMs: number;
  /** A table's name, `s3`, `sqs` or `sns`. Of `chaos`: what became of a message on its way. */
  readonly of: string;
  readonly call: string;
  readonly args: readonly unknown[];
  readonly answer?: unknown;
  /** Where the model threw instead. */
  readonly threw?: Fault;
  /** An error of S3 that its port makes an answer of: nothing there, or something there already. */
  readonly said?: Fault;
};

export type Recorder = {
  readonly calls: Recorded[];
  readonly now: () => number;
};

/** What S3 says of a cold object; to CopyObject it may say it in other words. */
export const FROZEN = "InvalidObjectState";

/** What a model threw, in its service's words. */
export const faultOf = (error: unknown): Fault => {
  if (error instanceof S3Error) return { name: error.code, status: error.status, message: error.message };
  if (error instanceof ObjectFrozen) return { name: FROZEN, status: 403 };
  if (error instanceof SqsError) return { name: error.code, message: error.message };
  // The name of SNS's shapes, which clients show, ends so; the code within does not.
  if (error instanceof SnsError) return { name: `${error.code}Exception`, message: error.message };
  return { name: error instanceof Error ? error.name : String(error) };
};

type Entry = { -readonly [Name in keyof Recorded]: Recorded[Name] };

/** Noted when it begins, since models do at once what they are asked. */
const begun = ({ calls, now }: Recorder, of: string, call: string, args: readonly unknown[]): Entry => {
  const entry: Entry = { atMs: now(), of, call, args };
  calls.push(entry);
  return entry;
};

/** Makes a call of a model that answers at once, and notes it. `shown`: what of the answer a service shows, too. */
export const noted = <T>(
  recorder: Recorder | undefined,
  [of, call, ...args]: readonly [of: string, call: string, ...args: unknown[]],
  work: () => T,
  shown: (answer: T) => unknown = answer => answer,
): T => {
  if (recorder === undefined) return work();
  const entry = begun(recorder, of, call, args);
  try {
    const answer = work();
    entry.answer = shown(answer);
    return answer;
  } catch (error) {
    entry.threw = faultOf(error);
    throw error;
  }
};

type Method = (...args: unknown[]) => Promise<unknown>;

const recording = <T extends object>(
  target: T,
  of: string,
  recorder: Recorder,
  said: (call: string, args: readonly unknown[], answer: unknown) => Fault | undefined = () => undefined,
): T =>
  new Proxy(target, {
    get: (model, name: string & keyof T) => {
      const member: unknown = model[name];
      if (typeof member !== "function") return member;
      const method = member.bind(model) as Method;
      // What the simulation looks at past every port is no call of a service.
      if (name === "snapshot" || name === "asOf" || (name === "restore" && of !== "s3")) return method;
      return async (...args: unknown[]) => {
        const entry = begun(recorder, of, name, args);
        try {
          const answer = await method(...args);
          entry.answer = answer;
          const fault = said(name, args, answer);
          if (fault !== undefined) entry.said = fault;
          return answer;
        } catch (error) {
          entry.threw = faultOf(error);
          throw error;
        }
      };
    },
  });

/** What S3 says where its port makes an answer of an error. */
const saidBy =
  (s3: S3) =>
  (call: string, [address]: readonly unknown[], answer: unknown): Fault | undefined => {
    if ((answer as { readonly outcome?: string } | undefined)?.outcome === "exists")
      return { name: "PreconditionFailed", status: 412 };
    if (answer === "warm") return { name: FROZEN, status: 403 };
    if (answer === "ongoing") return { name: "RestoreAlreadyInProgress", status: 409 };
    if (answer !== undefined || !["get", "head", "getTags"].includes(call)) return undefined;
    try {
      headObject(s3, address as ObjectAddress);
      return undefined;
    } catch (error) {
      return faultOf(error);
    }
  };

export const recordedObjects = (objects: ObjectStore, recorder: Recorder | undefined, s3: S3): ObjectStore =>
  recorder === undefined ? objects : recording(objects, "s3", recorder, saidBy(s3));

export const recordedStore = <S extends Store>(store: S, table: string, recorder: Recorder | undefined): S =>
  recorder === undefined ? store : recording(store, table, recorder);

/** A table comes to be, with these items. */
export const recordTable = (recorder: Recorder | undefined, table: string, items: readonly Item[]): void =>
  void recorder?.calls.push({ atMs: recorder.now(), of: table, call: "made", args: [items] });

/** The lifecycle of all buckets is run. */
export const recordLifecycle = (recorder: Recorder | undefined): void =>
  void recorder?.calls.push({ atMs: recorder.now(), of: "s3", call: "lifecycle", args: [] });
