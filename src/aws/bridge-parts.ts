import type { ObjectStore } from "../ports/object-store.ts";
import type { PartUploads } from "../ports/part-uploads.ts";
import type { Store } from "../table/store.ts";
import type { Clients } from "./clients.ts";
import { S3ObjectStore } from "./object-store.ts";
import { S3PartUploads } from "./part-uploads.ts";

/** What a bridge needs of AWS, or of whatever answers at the clients' endpoints. */
export const bridgeParts = async (
  clients: Clients,
): Promise<{
  readonly objects: ObjectStore;
  readonly parts: PartUploads;
  readonly rowsOf: (table: string) => Promise<Store>;
}> => {
  const s3 = await clients.s3();
  return {
    objects: new S3ObjectStore(s3),
    parts: new S3PartUploads(s3),
    // A bridge without a table need not load the table's package.
    rowsOf: async tableName => {
      const { DynamoStore } = await import("./dynamo-store.ts");
      return new DynamoStore({ client: await clients.dynamodb(), tableName });
    },
  };
};
