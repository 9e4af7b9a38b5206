import fc from "fast-check";
import pMap from "p-map";
import { describe, expect, it } from "vitest";
import { localDynamoDb } from "../../support/tables.ts";
import { BANK, requests } from "./bank-world.ts";
import { dynamodbTables } from "./dynamodb-tables.ts";
import { check, tell } from "./told-histories.ts";
import { openWorldOver } from "./world.ts";

/** `HISTORIES=300` is the full number. */
const HISTORIES = Number(process.env.HISTORIES ?? 8);
/** Histories side by side: each waits for the one DynamoDB Local most of the time. */
const AT_ONCE = 6;
const RESTORES_MAX = 3;
/** The openings included: few, so that there can be many histories. */
const REQUESTS_MAX = 15;
/** From so many histories on some restore has begun while a replay repaired, whatever was drawn. */
const ENOUGH = 50;

/** No troubles of table or S3: those are drawn where both are models. DynamoDB Local has its own. */
const TROUBLE_RATE = 0;

describe("restores on DynamoDB Local, torn in half of the cases, beside traffic and replays", () => {
  it(`what was told stands, S3 tells the table, a further repair changes no byte (${HISTORIES} histories)`, async () => {
    const client = localDynamoDb();
    const met = { replays: 0, overtaken: 0 };
    const drawn = fc.sample(
      fc.tuple(
        requests.map(puts => puts.slice(0, REQUESTS_MAX)),
        fc.nat(1e6),
        fc.integer({ min: 1, max: RESTORES_MAX }),
      ),
      HISTORIES,
    );
    await pMap(
      drawn,
      async ([puts, seed, restores], n) => {
        const tables = dynamodbTables(client, `history-${n}`);
        const world = openWorldOver(BANK, seed, TROUBLE_RATE, tables.backend(await tables.first(BANK)));
        try {
          const { told } = await tell(world, puts, restores);
          await check(world, told, puts);
          met.replays += world.met.replays;
          met.overtaken += world.met.overtaken;
        } catch (error) {
          throw new Error(`History ${n}: ${JSON.stringify({ seed, restores, puts })}`, { cause: error });
        } finally {
          await tables.drop();
        }
      },
      { concurrency: AT_ONCE },
    );
    client.destroy();
    console.log(
      `Beside restores ${met.replays} replays repaired something, and ${met.overtaken} met the end of their epoch.`,
    );
    if (HISTORIES >= ENOUGH) expect(met.replays).toBeGreaterThan(0);
  }, 3_600_000);
});
