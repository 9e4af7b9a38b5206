import type { TestProject } from "vitest/node";
import { JavaMissing, startDynamoDbLocal } from "../../src/local/dynamodb-local.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The one DynamoDB Local of this run, in memory. */
    dynamodb: { readonly endpoint: string };
  }
}

/** One DynamoDB Local for all test files of a run; each file makes tables of its own in it. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const { endpoint, stop } = await startDynamoDbLocal().catch((error: unknown) => {
    if (error instanceof JavaMissing) console.error(error.message);
    throw error;
  });
  project.provide("dynamodb", { endpoint });
  return stop;
};
