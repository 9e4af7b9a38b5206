// Plain JavaScript without dependencies: it runs on the machine's own Node, before anything is installed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR_MIN = 20;
const JAVA_MAJOR_MIN = 17;

const fail = line => {
  process.stderr.write(`${line}\n`);
  process.exit(1);
};

const requireNode = () => {
  if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR_MIN) {
    fail(
      `Daybook needs Node.js ${NODE_MAJOR_MIN} or newer, this is ${process.versions.node}: install it from https://nodejs.org.`,
    );
  }
};

/** One line that says what is missing and which command installs it; nothing if Java is there. */
const requireJava = () => {
  const { JAVA_HOME } = process.env;
  const java = JAVA_HOME ? join(JAVA_HOME, "bin", "java") : "java";
  const { stderr } = spawnSync(java, ["-version"], { encoding: "utf8" });
  const major = Number(/version "(?:1\.)?(\d+)/.exec(stderr ?? "")?.[1] ?? 0);
  if (major >= JAVA_MAJOR_MIN) return;
  const install =
    process.platform === "darwin"
      ? "brew install openjdk@17"
      : "sudo apt-get install -y openjdk-17-jre-headless";
  const found = major === 0 ? "none was found" : `found ${major}`;
  fail(
    `Daybook needs Java ${JAVA_MAJOR_MIN} or newer for DynamoDB Local, ${found}: install it with "${install}".`,
  );
};

const modifiedAt = file => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** Runs "npm ci" where node_modules is missing or older than the lock file. Its output is talk, so it goes to stderr. */
const install = () => {
  const installedAt = modifiedAt(join(root, "node_modules", ".package-lock.json"));
  if (installedAt > modifiedAt(join(root, "package-lock.json"))) return;
  process.stderr.write("Installing what is missing (npm ci) ...\n");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--include=dev", "--include=optional", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) fail('The install failed: see the lines above, then run "npm ci" in this folder.');
};

export const setup = () => {
  requireNode();
  install();
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  requireNode();
  requireJava();
  install();
}
