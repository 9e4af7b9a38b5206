import { gunzipSync } from "node:zlib";
import type { Decision } from "./chains.ts";

/** Reads an object of the decisions bucket; undefined if it is not there. */
type Read = (key: string) => Uint8Array | undefined;

type Manifest = { readonly previous?: number; readonly parts: readonly { readonly key: string }[] };

const decoder = new TextDecoder();
const text = (bytes: Uint8Array | undefined): string => decoder.decode(bytes);
const six = (epoch: number): string => String(epoch).padStart(6, "0");

/** Names of the decisions that the manifests up to an epoch list, by the epoch's own word for the one before it. */
const sealedNames = (read: Read, epoch: number): readonly string[] => {
  const bytes = read(`manifest/${six(epoch)}/manifest.json`);
  if (bytes === undefined) throw new Error(`The manifest of epoch ${epoch} is missing.`);
  const { previous, parts } = JSON.parse(text(bytes)) as Manifest;
  const names = parts.flatMap(({ key }) =>
    gunzipSync(read(key) ?? new Uint8Array())
      .toString("utf8")
      .split("\n")
      .filter(line => line !== "")
      .map(line => (JSON.parse(line) as { readonly name: string }).name),
  );
  return [...(previous === undefined ? [] : sealedNames(read, previous)), ...names];
};

/**
 * Every decision that counts, found from S3 alone: what the manifests that lead to the live epoch list, and what lies
 * under the live epoch itself. The live epoch is that of the last pointer, the first without one.
 */
export const decisionsThatCount = (read: Read, keys: readonly string[]) => {
  const pointers = keys.filter(key => key.startsWith("live/")).sort();
  const last = pointers.at(-1);
  const live =
    last === undefined
      ? { epoch: 1, table: undefined }
      : (JSON.parse(text(read(last))) as { epoch: number; table: string });
  const names = [
    ...(live.epoch === 1 ? [] : sealedNames(read, live.epoch)),
    ...keys.filter(key => key.startsWith(`dec/${six(live.epoch)}/`)),
  ];
  const decisions = names.map(name => ({ name, ...(JSON.parse(text(read(name))) as Decision) }));
  return { epoch: live.epoch, table: live.table, decisions };
};
