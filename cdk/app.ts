import { createDaybook } from "./daybook.ts";
import { bundleAll } from "./functions/bundle.ts";

createDaybook(await bundleAll()).app.synth();
