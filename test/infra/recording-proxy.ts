import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands between a function and a service and writes down which commands it sends. */
export type RecordingProxy = {
  readonly endpoint: string;
  readonly commands: ReadonlySet<string>;
  readonly close: () => Promise<void>;
};

export const recordingProxy = async (target: string): Promise<RecordingProxy> => {
  const commands = new Set<string>();
  const { hostname, port } = new URL(target);
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const onward = request(
      { hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers },
      answer => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.once("error", () => outgoing.destroy());
    const target = incoming.headers["x-amz-target"];
    if (target !== undefined || incoming.method !== "POST") commands.add(commandOf(incoming));
    else
      incoming.once("data", (body: Buffer) =>
        commands.add(/Action=(\w+)/.exec(body.toString())?.[1] ?? "POST"),
      );
    incoming.pipe(onward);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commands,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** The command behind a request: DynamoDB and SQS name it, S3 shows it by method and query. */
const commandOf = ({ headers, method = "", url = "" }: IncomingMessage): string => {
  const target = headers["x-amz-target"];
  if (typeof target === "string") return target.split(".")[1] ?? target;
  const { searchParams, pathname } = new URL(url, "http://s3");
  const isBucket = pathname.split("/").filter(Boolean).length === 1;
  const id = searchParams.get("x-id");
  if (searchParams.has("tagging")) return method === "GET" ? "GetObjectTagging" : "PutObjectTagging";
  if (searchParams.has("restore")) return "RestoreObject";
  if (searchParams.has("versions")) return "ListObjectVersions";
  if (searchParams.get("list-type") === "2") return "ListObjectsV2";
  if (method === "HEAD") return isBucket ? "HeadBucket" : "HeadObject";
  if (headers["x-amz-copy-source"] !== undefined) return "CopyObject";
  return id ?? `${method} ${pathname}`;
};
