import { createLocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";

// A cloud of its own process, for tests that kill it. Says where it listens, then serves until it is killed, or until
// the test that started it is gone and its end of the pipe closes.
process.stdin.on("end", () => process.exit()).resume();
const [dataDir = ""] = process.argv.slice(2);
const cloud = createLocalCloud({ clock: systemClock, random: seededRandom(process.pid), dataDir });
createDaybookTopology(cloud);
const { endpoint } = await cloud.listen();
process.stdout.write(`${endpoint}\n`);
