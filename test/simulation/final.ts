import type { Item } from "../../src/table/store.ts";
import { checkCopies } from "./copies.ts";
import type { Request } from "./intent.ts";
import type { Invariant } from "./invariants.ts";
import { type Decision, followChains, type Standing, sha256 } from "./oracle/chains.ts";
import { decisionsThatCount } from "./oracle/sealed.ts";
import { askShadow, type Meant } from "./oracle/shadow.ts";
import { checkStatements } from "./rows.ts";
import { toldText } from "./watch.ts";
import { FIRST_TABLE, type World } from "./world.ts";

/** What S3 alone says at the end of a history. */
export type Truth = {
  readonly epoch: number;
  readonly table: string;
  readonly decisions: readonly (Decision & { readonly name: string })[];
  readonly standings: ReadonlyMap<string, Standing>;
};

type Fail = (invariant: Invariant, what: string) => void;

/** Reads what counts from the bucket of decisions and follows every chain. */
export const readTruth = ({ s3, topology, watch }: World): Truth => {
  const versions = s3.state.buckets.get(topology.buckets.decisions)?.versions;
  const read = (key: string): Uint8Array | undefined => versions?.get(key)?.[0]?.body.read();
  const { epoch, table = FIRST_TABLE, decisions } = decisionsThatCount(read, [...(versions?.keys() ?? [])]);
  const { standings, faults } = followChains(decisions);
  for (const { invariant, what } of faults) watch.fail(invariant, what);
  for (const [key, published] of versions ?? [])
    if (key.startsWith("dec/") && published.length > 1)
      watch.fail("I8", `${key} was published ${published.length} times`);
  if (epoch > 1 && versions?.get(`repaired/${String(epoch).padStart(6, "0")}`) === undefined)
    watch.fail("I13", `Nobody said that epoch ${epoch} is repaired`);
  return { epoch, table, decisions, standings };
};

/** Checks the end of a history: what was told, what S3 says, what the table shows, where every request lies. */
export const checkEnd = (
  world: World,
  truth: Truth,
  requests: readonly Request[],
  { isLate = false } = {},
): void => {
  const { watch } = world;
  const items = world.storeOf(truth.table).snapshot();
  checkTold(world, truth);
  checkShadow(truth, requests, watch.fail);
  checkTable(truth, items, watch.fail);
  const intents = new Map(requests.map(({ key, intent }) => [key, intent]));
  checkStatements(truth.decisions, truth.standings, items, key => intents.get(key), watch.fail);
  checkEverything(world, truth, items, isLate);
  checkCopies(world, truth.decisions);
  checkPayments(world, truth, requests);
  checkTracking(world, items);
};

const identityOf = ({ key, digest }: { readonly key: string; readonly digest: string }): string =>
  `${key} ${digest}`;

const checkTold = ({ watch }: World, { decisions }: Truth): void => {
  const byIdentity = new Map<string, Decision>();
  for (const decision of decisions) {
    if (byIdentity.has(identityOf(decision))) watch.fail("I1", `${identityOf(decision)} is decided twice`);
    byIdentity.set(identityOf(decision), decision);
  }
  const firsts = decisions.filter(({ reused }) => !reused).map(({ key }) => key);
  if (new Set(firsts).size !== firsts.length) watch.fail("I1", "A key has two first decisions");
  for (const { key, reused } of decisions)
    if (reused && !firsts.includes(key))
      watch.fail("I1", `${key} is used again, and was never decided first`);
  for (const [identity, { text }] of watch.told) {
    const decision = byIdentity.get(identity);
    const now = decision && toldText(decision);
    if (now !== text) watch.fail("I7", `${identity} was told "${text}" and is "${now}" now`);
  }
  for (const [key, bodies] of watch.announced) {
    if (new Set(bodies).size !== 1) watch.fail("I17", `${key} was announced with different words`);
    const decision = decisions.find(each => each.key === key && !each.reused);
    if (decision?.outcome !== "accepted")
      watch.fail("I17", `${key} was announced and is ${decision?.outcome} now`);
  }
};

const meantBy = (requests: readonly Request[]) => {
  const byKey = new Map(requests.map(({ key, id, intent }) => [key, { id, intent }]));
  const stored = new Set(requests.map(({ key, body }) => `${key} ${sha256(body)}`));
  return ({ key, digest, code }: Decision): Meant | undefined =>
    stored.has(`${key} ${digest}`) || code === "OBJECT_TOO_LARGE" || code === "KEY_REUSED"
      ? byKey.get(key)
      : undefined;
};

const checkShadow = ({ decisions, standings }: Truth, requests: readonly Request[], fail: Fail): void => {
  for (const { invariant, what } of askShadow(decisions, meantBy(requests), standings)) fail(invariant, what);
};

const textIn = (item: Item, name: string): string => String(item[name]);

const checkTable = ({ standings }: Truth, items: readonly Item[], fail: Fail): void => {
  const of = (kind: string): readonly Item[] => items.filter(item => item.__edb_e__ === kind);
  const heads = new Map(of("head").map(item => [item.PK, item]));
  for (const stream of heads.keys())
    if (!standings.has(stream)) fail("I13", `${stream} has a head and no decision in S3`);
  for (const [stream, { sequence, hash, actualCents, availableCents, holds, status }] of standings) {
    const head = heads.get(stream);
    const state = head?.state as unknown as
      | { actualCents: number; availableCents: number; holds: object }
      | undefined;
    if (head === undefined || head.sequence !== sequence || head.hash !== hash)
      fail("I13", `${stream} stands at ${head?.sequence} in the table and at ${sequence} in S3`);
    else if (state?.actualCents !== actualCents || state.availableCents !== availableCents)
      fail(
        "I3",
        `${stream} has ${state?.actualCents}/${state?.availableCents} in its head and ${actualCents}/${availableCents} by its chain`,
      );
    else if (Object.keys(state.holds).sort().join() !== [...holds.keys()].sort().join())
      fail(
        "I5",
        `${stream} holds ${Object.keys(state.holds)} in its head and ${[...holds.keys()]} by its chain`,
      );
    const balances = of("balance").filter(({ PK }) => PK === stream);
    const types = balances.map(({ balanceType }) => balanceType).sort();
    if (types.join() !== (status === "NONE" ? "" : "ACTUAL,AVAILABLE"))
      fail("I13", `${stream} is ${status} and shows the balances ${types}`);
    for (const item of balances) {
      const cents = item.balanceType === "ACTUAL" ? actualCents : availableCents;
      if (item.BalanceCents !== cents || item.appliedThrough !== sequence)
        fail(
          "I13",
          `${stream} shows ${item.BalanceCents} at ${item.appliedThrough}, its chain says ${cents} at ${sequence}`,
        );
    }
  }
  for (const item of of("catalogue")) fail("I13", `${item.PK} is not repaired: ${item.SK}`);
};

const keyOfParked = (item: Item): string => (item.observation as unknown as { readonly key: string }).key;

/** Every content that was stored is decided, or parked for something that has not happened. */
const checkEverything = (
  world: World,
  { decisions, standings }: Truth,
  items: readonly Item[],
  isLate: boolean,
): void => {
  const { s3, topology, watch } = world;
  const decided = new Set(decisions.map(identityOf));
  const codes = new Map(decisions.map(({ key, code }) => [key, code]));
  const registry = new Set(items.filter(({ SK }) => SK === "REQUEST").map(({ PK }) => PK));
  const rows = items.filter(item => item.__edb_e__ === "parked");
  const parked = new Map(rows.map(item => [`${keyOfParked(item)} ${textIn(item, "digest")}`, item]));
  // Other content of a key that waits is found once the first is decided.
  const keysParked = new Map(rows.map(item => [keyOfParked(item), item]));
  const isAnyFrozen = [...standings.values()].some(({ status }) => status === "FROZEN");
  for (const [key, versions] of s3.state.buckets.get(topology.buckets.newEvents)?.versions ?? [])
    for (const { isDeleteMarker, body } of versions) {
      const digest = sha256(body.read());
      const isDone =
        isDeleteMarker || decided.has(`${key} ${digest}`) || codes.get(key) === "OBJECT_TOO_LARGE";
      const own = parked.get(`${key} ${digest}`)?.PK;
      const place = own ?? keysParked.get(key)?.PK;
      if (isDone && own !== undefined && decided.has(`${key} ${digest}`))
        watch.fail("I15", `${key} is decided and still parked in ${own}`);
      if (isDone) continue;
      if (place === undefined)
        watch.fail("I15", `${key} (${digest.slice(0, 8)}) is neither decided nor parked`);
      else if (isLate && place.startsWith("REQ#") && !isAnyFrozen)
        watch.fail("I15", `${key} is still parked in ${place} after its deadline`);
      else if (place.startsWith("REQ#") ? registry.has(place) : standings.get(place)?.status !== "FROZEN")
        watch.fail("I15", `${key} is parked in ${place}, and need not be`);
    }
  for (const item of items.filter(each => each.__edb_e__ === "head")) {
    const rows = items.filter(each => each.__edb_e__ === "parked" && each.PK === item.PK).length;
    if (rows !== item.parkedCount)
      watch.fail("I15", `${item.PK} counts ${item.parkedCount} parked requests, there are ${rows}`);
  }
};

/** Who is to be paid was told so, once decided: the amount and the accounts that the client meant. */
const checkPayments = ({ watch }: World, { decisions }: Truth, requests: readonly Request[]): void => {
  const meant = new Map(requests.map(({ key, intent }) => [key, intent]));
  for (const { key, outcome, reused } of decisions)
    if (outcome === "accepted" && !reused && meant.get(key)?.do === "pay" && !watch.announced.has(key))
      watch.fail("I17", `${key} is accepted and placed, and nobody was told to pay`);
  for (const [key, [body = "{}"]] of watch.announced) {
    const intent = meant.get(key);
    const { amountCents, sourceAccount, targetAccount, amount } = JSON.parse(body) as Record<string, unknown>;
    const isMeant =
      intent?.do === "pay" &&
      intent.cents === amountCents &&
      Math.round(Number(amount) * 100) === intent.cents &&
      intent.account === sourceAccount &&
      targetAccount === "remote";
    if (!isMeant) watch.fail("I17", `${key} was announced as ${body}`);
  }
};

/** What the table says of where an object lies is what S3 says. */
const checkTracking = ({ s3, topology, watch }: World, items: readonly Item[]): void => {
  const { newEvents, archive, rejected } = topology.buckets;
  const states = new Map(
    items
      .filter(({ SK, PK }) => SK === "STATE" && PK.startsWith("KEY#"))
      .map(item => [item.PK.slice(4), item]),
  );
  const flags = { InEventBucket: newEvents, InArchiveBucket: archive, InRejectedBucket: rejected };
  const keys = new Set(
    Object.values(flags).flatMap(bucket => [...(s3.state.buckets.get(bucket)?.versions.keys() ?? [])]),
  );
  for (const key of keys)
    for (const [flag, bucket] of Object.entries(flags)) {
      const top = s3.state.buckets.get(bucket)?.versions.get(key)?.[0];
      const isThere = top !== undefined && !top.isDeleteMarker;
      const state = states.get(key);
      if (state?.[flag] !== isThere)
        watch.fail(
          "T1",
          `${key} is ${isThere ? "" : "not "}in ${bucket}, the table says ${flag} ${state?.[flag]}`,
        );
    }
};
