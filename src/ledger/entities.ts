import { CustomAttributeType, Entity } from "electrodb";
import { rowKind } from "../table/row.ts";
import type { Observation } from "../tracking/observation.ts";
import { sha256Hex } from "./chain.ts";
import type { Awaits } from "./domain.ts";

/** How the domain at hand calls things in the table. */
export type LedgerNames = {
  /** Sort key of a stream's head. */
  readonly headSortKey: string;
};

/** A decision of one stream, as its catalogue lists it: where it stands, and the object that holds it. */
export type CatalogueEntry = { readonly sequence: number; readonly hash: string; readonly name: string };

/** A domain's state as it lies in the table; only the domain knows its shape. */
export type StoredState = { readonly [name: string]: unknown };

/**
 * The ledger's own rows.
 *
 * `head`: all a decision reads of a stream, in one item, because a restore may keep one item of a transaction and
 * lose another. The only mutable row a decision depends on.
 * `request`: the registry of originals, write-once.
 * `parked`: a request that waits, under what it waits for.
 * `catalogue`: after a restore, the decisions a stream may lack; gone when it is repaired.
 */
export const ledgerEntities = ({ headSortKey }: LedgerNames) => ({
  head: rowKind(
    new Entity({
      model: { entity: "head", version: "1", service: "daybook" },
      attributes: {
        stream: { type: "string", required: true },
        sequence: { type: "number", required: true },
        hash: { type: "string", required: true },
        epoch: { type: "number", required: true },
        state: { type: CustomAttributeType<StoredState>("any"), required: true },
        /** Text of the newest record, so that anybody can publish it. */
        last: { type: "string", required: true },
        /** Every decision up to this sequence is known to be published. */
        publishedThrough: { type: "number", required: true },
        /** Requests parked under this stream: with it in every condition, parking and deciding exclude each other. */
        parkedCount: { type: "number", required: true, default: 0 },
        /** Spreads the index of all heads over partitions. */
        shard: { type: "string" },
      },
      indexes: {
        head: {
          pk: { field: "PK", composite: ["stream"], template: "${stream}", casing: "none" },
          sk: { field: "SK", composite: [], template: headSortKey, casing: "none" },
        },
        listed: {
          index: "HeadIdx",
          pk: { field: "HeadShard", composite: ["shard"], template: "HEAD#${shard}", casing: "none" },
          sk: { field: "HeadStream", composite: ["stream"], template: "${stream}", casing: "none" },
        },
      },
    }),
  ),
  request: rowKind(
    new Entity({
      model: { entity: "request", version: "1", service: "daybook" },
      attributes: {
        flow: { type: "string", required: true },
        id: { type: "string", required: true },
        key: { type: "string", required: true },
        stream: { type: "string", required: true },
        outcome: { type: ["accepted", "refused"] as const, required: true },
        sequence: { type: "number", required: true },
        hash: { type: "string", required: true },
      },
      indexes: {
        request: {
          pk: { field: "PK", composite: ["flow", "id"], template: "REQ#${flow}#${id}", casing: "none" },
          sk: { field: "SK", composite: [], template: "REQUEST", casing: "none" },
        },
      },
    }),
  ),
  parked: rowKind(
    new Entity({
      model: { entity: "parked", version: "1", service: "daybook" },
      attributes: {
        /** Partition of what it waits for: `REQ#<flow>#<id>`, or a stream. */
        place: { type: "string", required: true },
        /** Business time, zero-padded seconds: the order of release. */
        timestamp: { type: "string", required: true },
        /** The object's key, bounded for a sort key. */
        name: { type: "string", required: true },
        /** The creation that told of the request. */
        observation: { type: CustomAttributeType<Observation>("any"), required: true },
        sizeBytes: { type: "number", required: true },
        digest: { type: "string", required: true },
        text: { type: "string" },
        base64: { type: "string" },
        parkedAt: { type: "string", required: true },
        /** Where other content of the key waited when this came: the state names one place only. */
        before: { type: "string" },
      },
      indexes: {
        parked: {
          pk: { field: "PK", composite: ["place"], template: "${place}", casing: "none" },
          sk: {
            field: "SK",
            composite: ["timestamp", "name"],
            template: "PARKED#${timestamp}#${name}",
            casing: "none",
          },
        },
      },
    }),
  ),
  catalogue: rowKind(
    new Entity({
      model: { entity: "catalogue", version: "1", service: "daybook" },
      attributes: {
        stream: { type: "string", required: true },
        /** The epoch that needs it, six digits. */
        epoch: { type: "string", required: true },
        /** Four digits, from 1. */
        part: { type: "string", required: true },
        entries: { type: CustomAttributeType<readonly CatalogueEntry[]>("any"), required: true },
      },
      indexes: {
        catalogue: {
          pk: { field: "PK", composite: ["stream"], template: "${stream}", casing: "none" },
          sk: {
            field: "SK",
            composite: ["epoch", "part"],
            template: "CATALOGUE#${epoch}#${part}",
            casing: "none",
          },
        },
      },
    }),
  ),
});

export type LedgerEntities = ReturnType<typeof ledgerEntities>;

/** Partition of a registry entry and of what is parked for it. */
export const requestPartition = (original: { readonly flow: string; readonly id: string }): string =>
  `REQ#${original.flow}#${original.id}`;

/** Where a request is parked that waits for this: under the original's registry entry, or under the stream. */
export const placeOf = (awaited: Awaits): string =>
  "original" in awaited ? requestPartition(awaited.original) : awaited.stream;

/** What is awaited in a place. No stream is named like a registry entry: that is for the domain's parser to see to. */
export const awaitedIn = (place: string): Awaits => {
  const [, flow, id] = /^REQ#([^#]*)#(.*)$/s.exec(place) ?? [];
  return flow === undefined || id === undefined ? { stream: place } : { original: { flow, id } };
};

/** All parked rows of a partition lie between these sort keys. */
export const PARKED_RANGE = { from: "PARKED#", to: "PARKED#\u{10FFFF}" } as const;

/** The index of heads is spread over as many partitions: one takes 1,000 writes a second. */
export const HEAD_SHARDS = "0123456789abcdef";

export const headShard = (stream: string): string => sha256Hex(stream).charAt(0);

/** Partition of `HeadIdx` for a shard; a reader of all heads merges all shards. */
export const headPartition = (shard: string): string => `HEAD#${shard}`;
