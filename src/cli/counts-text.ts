import type { Counts } from "../aws/counting.ts";

const sumOf = ({ requests }: Counts, service: string): number =>
  Object.entries(requests)
    .filter(([operation]) => operation.startsWith(`${service}.`))
    .reduce((total, [, count]) => total + count, 0);

/** What was asked of the services, in all and for each accepted event: one fact per line. */
export const countsText = (counts: Counts, accepted: number): string => {
  const line = (name: string, count: number): string =>
    `${name.padEnd(19)}${count} (${accepted === 0 ? "-" : (count / accepted).toFixed(2)} per accepted event)`;
  return [
    line("DynamoDB requests", sumOf(counts, "dynamodb")),
    line("items written", counts.writtenItems),
    line("S3 requests", sumOf(counts, "s3")),
    `${"retries".padEnd(19)}${counts.retries}`,
  ].join("\n");
};
