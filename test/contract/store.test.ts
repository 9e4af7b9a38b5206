import { MemoryStore } from "../../src/local/memory-store.ts";
import { freshTable } from "../support/tables.ts";
import { contractTable, storeContract } from "./store.contract.ts";

storeContract("MemoryStore", async () => new MemoryStore(contractTable));
storeContract("DynamoStore on DynamoDB Local", () => freshTable(contractTable));
