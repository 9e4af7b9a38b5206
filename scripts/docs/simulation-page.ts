import { CELLS, STEPS } from "../../test/simulation/floors.ts";
import { INVARIANTS } from "../../test/simulation/invariants.ts";
import { KILLING_SEEDS } from "../../test/simulation/killing-seeds.ts";
import { MUTANTS } from "../../test/simulation/mutants.ts";
import { FAULTS } from "../../test/simulation/swarm.ts";
import { REGRESSIONS } from "../../test/simulation/tapes.ts";
import { code, tableOf } from "./markdown.ts";

const INTRODUCTION = `# The simulation

The functions that decide, place and sweep run by their handlers as shipped; restore, replay, reconcile and snapshots run by the functions that the command line and their
handlers call. All of it stands on the models of S3, SNS, SQS and DynamoDB that the local cloud is made of, in one process under one scheduler ([test/simulation](../test/simulation)). A history is some
seven requests to a few accounts, with most of the faults below (each kind is left out of a quarter of them), up to three restores, and operators who repair, replay and reconcile meanwhile. Then the faults end, what was
begun is finished, and everything that was promised is checked.

Every choice of requests, faults and turns is read from one tape of bytes, which a seed expands to (ids and the waiting between tries come from a second, fixed source): the same seed gives the same
history, call by call, in any process. An oracle judges it that shares no code with the product: a second bank, asked in the order of the chains, and a second reader of
chains, manifests, rows and places.

\`\`\`
npm run simulate
npm run simulate -- --tier t1
npm run simulate -- --seed 1000767
npm run simulate -- --mutants
npm run simulate -- --conformance 10
\`\`\`

500 histories are part of \`npm test\`, in some ten seconds on two cores. CI runs the long tier: 20,000 histories in some four minutes, with two million faults and
30,000 restores, a third of which go live with a table that lacks something of its second; it fails on one broken promise, on a kind of fault below its floor ([floors.ts](../test/simulation/floors.ts)), on a cell of the crash matrix
that nothing struck, and on a kind of request, outcome and open state that never happened ([audit.ts](../test/simulation/audit.ts)). A failure prints its seed, the last
200 calls, the promise and the tape; \`--shrink\` cuts the tape as far as the same promise still breaks, and \`--tape FILE\` runs it.`;

const CONFORMANCE = `## Whether the models are like the services

\`--conformance N\` records the calls of N histories with what the model answered (of one in ten to its end, of the others up to where the faults end), and makes them again: table calls of DynamoDB Local through \`DynamoStore\`, calls of S3, SQS
and SNS over the local wire through the SDK clients, by the same clock and the same chance. Answers, error codes, reasons of cancelled transactions, pages and what is visible
when must be the same. CI does this for 100 histories. The wire stands on the same models: for S3, SQS and SNS it shows encoding, paging, ids and codes, not what AWS does. A page behind the
last row is not asked for where DynamoDB Local gave no cursor.`;

const NOT_COVERED = `## What it does not show

- AWS itself: the models are ours. What DynamoDB does is held against DynamoDB Local, what S3, SQS and SNS do against their documentation.
- The handlers and state machines of restore, replay, drill and reconcile, the command line, and the adapters in src/aws: they have tests of their own.
- The removal of versions for good, bundles and thawing, drills, rejudging, verify, replay from the requests alone, the bridge, multipart uploads, the leases of runs: likewise.
- Refusals that no draw makes: amounts beyond the ceiling, too many open payments, request ids used again under another type, duplicate keys in JSON, counts of notes and coins; and
  customers on anything but deposits, withdrawals and payments.
- What stays halted where an operator's machine was switched off between switching consumers off and writing that down: the next restore or \`daybook resume\` puts it right.
- Halts by hand: that nothing is decided during one, and that who waits comes before who comes later.
- Indexes of the table that lag behind it: those of the model never do. No decision reads one; who lists heads, recent keys or what waits runs again.
- Attributes of rows that carry no money and no decision, such as a line's time and type; the audit trail; tags; where a state says that its object lies, beyond the three flags.
- Large batches, many accounts, hot keys: histories are small. [histories.test.ts](../test/app/histories.test.ts) runs more at once on DynamoDB Local.
- That everything done twice changes nothing is asked of a quarter of the histories, and only where nothing is parked: what comes again may then join those that wait. Clocks differ by two seconds at most.
- Some guards are taken away by no mutant, since thousands of histories do not tell; they have tests of their own: what is void by its key and repairs that were under way
  ([survey.test.ts](../test/replay/restore/survey.test.ts)), the one content that is left of a key ([compare.test.ts](../test/replay/reconcile/compare.test.ts)), heads that lag ([stale-heads.test.ts](../test/ledger/stale-heads.test.ts)), restores that overtake each other
  ([rivals.test.ts](../test/simulation/rivals.test.ts)).
- Some fifteen hundred histories did not tell these guards from nothing, so they are no mutants: what a restore's survey does about registry entries, rows of other content, counts of
  parked requests and missing rows of what is open; whether its guards were put; that of two plans for one epoch one gives way, and that a late run takes back no living head
  ([rivals.test.ts](../test/simulation/rivals.test.ts)); the copy of a decision that counts no more; the check that an original is still undecided when a deadline passes; and the count of parked
  requests in a head's condition and after a repair ([parking-races.test.ts](../test/ledger/parking-races.test.ts)).`;

/** What it found that no tape keeps, since the guard that mends it can no longer be told from the rest of a history. */
const FOUND: readonly (readonly [story: string, shown: string])[] = [
  [
    "A restore that had stalled deleted heads of the table that another run of it had made live.",
    "[rivals.test.ts](../test/simulation/rivals.test.ts)",
  ],
  [
    "A restore that was planned before another one was completed sealed an epoch that was over; what was told since was sealed nowhere.",
    "[rivals.test.ts](../test/simulation/rivals.test.ts)",
  ],
  [
    "A restore that stalled before a write brought catalogues and states back to a table that was live and repaired.",
    "[rivals.test.ts](../test/simulation/rivals.test.ts)",
  ],
  [
    "A request was decided again because one of its heads had been read before the first decision, and the other after it.",
    "[stale-heads.test.ts](../test/ledger/stale-heads.test.ts)",
  ],
  [
    "After a restore, rows of a void decision were taken for those of the one that followed it at the same place.",
    "[survey.test.ts](../test/replay/restore/survey.test.ts)",
  ],
  [
    "A restore to the middle of an earlier repair left lines out.",
    "[survey.test.ts](../test/replay/restore/survey.test.ts)",
  ],
  [
    "A key's first content was placed and its version expired; reconcile took the further content that was left for it, and never saw that this one was not placed.",
    "[undone.test.ts](../test/replay/reconcile/undone.test.ts)",
  ],
  [
    "A restore that another one overtook had switched everything off just before; the other one's resume was over by then, and nobody undid it.",
    "[overtaken-halt.test.ts](../test/replay/restore/overtaken-halt.test.ts), and the mutants `overtaken-halts` and `stays-halted`",
  ],
  [
    "A torn restore kept a key's state and lost the rows it came of; the object went meanwhile, and reconcile never asked for it.",
    "[gone.test.ts](../test/replay/reconcile/gone.test.ts)",
  ],
  [
    "A function lived on across a leap of the clock, and the margin of a restore did not cover its late commit.",
    "[decision 0042](decisions/0042-the-margin-covers-an-invocation.md)",
  ],
];

const faults = (): string =>
  tableOf(
    ["Class", "Fault"],
    Object.entries(FAULTS).map(([name, means]) => [name, means]),
  );

const invariants = (): string =>
  tableOf(
    ["Promise", "What must hold"],
    Object.entries(INVARIANTS).map(([name, means]) => [name, means]),
  );

const mutants = (): string =>
  tableOf(
    ["Mutant", "What is broken", "First seed", "Promise"],
    [...MUTANTS]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, breaks }) => {
        const found = KILLING_SEEDS[name];
        return [code(name), breaks, String(found?.seed ?? ""), found?.invariant ?? ""];
      }),
  );

const found = (): string =>
  tableOf(
    ["Found", "Kept in"],
    [
      ...REGRESSIONS.map(({ story, file, guard }) => [
        story,
        `[${file}](../test/simulation/tapes/${file}), broken again by ${code(guard)}`,
      ]),
      ...FOUND,
    ],
  );

/** The page docs/SIMULATION.md: what the simulation does to the product, what it asks of it, and what it found. */
export const simulationPage = (): string =>
  `${[
    "<!-- Generated from test/simulation by scripts/generate-docs.ts; do not edit. The texts are in scripts/docs/simulation-page.ts. -->",
    INTRODUCTION,
    `## Faults\n\n${faults()}`,
    `## Promises\n\n${invariants()}`,
    `## Where something dies, or gets no answer\n\nAt each of these ${STEPS.length} kinds of call, ${CELLS.join(", ")}: ${STEPS.join(", ")}.`,
    `## Mutants\n\nEach takes one guard of the product away while it is loaded; no switch is in the product. CI runs each by its seed, which is the first of the long tier that finds it.\n\n${mutants()}`,
    `## What it found\n\n${found()}`,
    CONFORMANCE,
    NOT_COVERED,
  ].join("\n\n")}\n`;
