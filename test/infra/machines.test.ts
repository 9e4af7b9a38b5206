import { describe, expect, test } from "vitest";
import { FUNCTIONS } from "../../cdk/functions/catalogue.ts";
import { drill } from "../../cdk/machines/drill.ts";
import { recovery } from "../../cdk/machines/recovery.ts";
import type { State, StateMachine } from "../../cdk/machines/states.ts";
import { type Data, dryRun, TaskError, type Tasks } from "./dry-run.ts";

const wish = { from: { kind: "pitr", at: "2026-01-02T03:04:05.000Z" }, reason: "lost" };
const plan = { epoch: 2, table: "daybook-000002" };

/** What functions are asked, as `restore prepare`; what people are asked or told, by its subject. */
type Answers = Readonly<Record<string, (asked: Data, times: number) => unknown>>;

const RECOVERED: Answers = {
  "restore plan": () => plan,
  "Daybook: approve a restore": () => ({}),
  "restore prepare": ({ rounds }, times) => ({
    state: times < 3 ? "waiting" : "prepared",
    rounds: Number(rounds) + 1,
  }),
  "restore verify": () => ({ isEqual: true, wrong: [] }),
  "Daybook: approve the cut-over": () => ({}),
  "restore move": () => ({ epoch: 2, table: plan.table }),
  "replay list": () => ({ pieces: [{ part: 1 }, { part: 2 }] }),
  "replay repair": ({ rounds }, times) => ({ isComplete: times !== 1, rounds: Number(rounds) + 1 }),
  "replay finish": () => ({ epoch: 2 }),
  "s3:getObject": () => Array.from({ length: 450 }, (_, row) => ({ Key: `k${row}` })),
  "ingest ": ({ Items }) => ({ new: (Items as readonly unknown[]).length }),
  "reconcile ": () => ({ isComplete: true }),
};

/** Answers tasks and writes down what was asked, in order. */
const answering = (answers: Answers) => {
  const asked: string[] = [];
  const tasks: Tasks = async (resource, parameters) => {
    const { name, payload } = askedOf(resource, parameters);
    asked.push(name);
    const answer = answers[name] ?? (isNotice(name) ? () => ({}) : undefined);
    if (answer === undefined) throw new Error(`Nobody expected ${name}`);
    const times = asked.filter(each => each === name).length;
    const result = answer(payload, times);
    return resource.endsWith("lambda:invoke") ? { Payload: result, StatusCode: 200 } : result;
  };
  return { asked, tasks };
};

/** People are told; nothing hangs on what they say. */
const isNotice = (name: string): boolean => name.startsWith("Daybook: ") && !name.includes(": approve ");

const askedOf = (resource: string, parameters: Data): { readonly name: string; readonly payload: Data } => {
  if (resource.endsWith("lambda:invoke")) {
    const payload = parameters.Payload as Data;
    const [, called = ""] = /^\$\{(\w+)\}$/.exec(String(parameters.FunctionName)) ?? [];
    return { name: `${called} ${payload.step ?? ""}`, payload };
  }
  if (resource.includes("sns:publish"))
    return { name: String(parameters.Subject), payload: parameters.Message as Data };
  return { name: resource.split(":::")[1] ?? "", payload: parameters };
};

const walked = async (machine: StateMachine, input: Data, changed: Answers = {}) => {
  const { asked, tasks } = answering({ ...RECOVERED, ...DRILLED, ...changed });
  return { ...(await dryRun(machine, input, tasks)), asked };
};

const throwing = (name: string) => () => {
  throw new TaskError(name, "so it was told");
};

describe("a recovery", () => {
  test("asks twice, waits for the table, moves the pointer once and repairs every piece", async () => {
    const { status, asked, waitedSeconds } = await walked(recovery(10), { wish });
    expect(status).toBe("SUCCEEDED");
    expect(asked).toEqual([
      "restore plan",
      "Daybook: approve a restore",
      "restore prepare",
      "restore prepare",
      "restore prepare",
      "restore verify",
      "Daybook: approve the cut-over",
      "restore move",
      "replay list",
      "replay repair",
      "replay repair",
      "replay repair",
      "replay finish",
      "reconcile ",
    ]);
    expect(waitedSeconds).toBe(120);
  });

  test("hands the wish on as it came, and counts the rounds", async () => {
    const seen: Data[] = [];
    await walked(
      recovery(10),
      { wish },
      {
        "restore prepare": (payload, times) => {
          seen.push(payload);
          return { state: times < 2 ? "waiting" : "prepared", rounds: times };
        },
      },
    );
    expect(seen).toEqual([
      { step: "prepare", wish, rounds: 0 },
      { step: "prepare", wish, rounds: 1 },
    ]);
  });

  test("takes an inventory in by batches, if one is named", async () => {
    const inventory = { bucket: "b", key: "s/all-versions/2026/manifest.json" };
    const { status, asked } = await walked(recovery(10), { wish, inventory });
    expect(status).toBe("SUCCEEDED");
    expect(asked.filter(each => each === "ingest ")).toHaveLength(3);
    expect(asked.slice(-1)).toEqual(["reconcile "]);
  });

  test("has its maps collect nothing of their executions: outputs of 256 KiB would fail them", () => {
    const ends = Object.values(recovery(10).States)
      .filter(({ Type }) => Type === "Map")
      .flatMap(({ ItemProcessor }) => Object.values((ItemProcessor as StateMachine).States))
      .filter(({ Type }) => Type === "Succeed");
    expect(ends.map(({ OutputPath }) => OutputPath)).toEqual([null, null]);
  });

  test.each([
    ["the table is not what S3 says", { "restore verify": () => ({ isEqual: false, wrong: ["x"] }) }],
    ["a head lies off its chain", { "restore prepare": throwing("OffTheChain") }],
    ["a manifest is damaged", { "restore verify": throwing("ManifestDamaged") }],
  ])("does not move the pointer where %s, and tells people", async (_, changed: Answers) => {
    const { status, error, asked } = await walked(
      recovery(10),
      { wish },
      {
        ...changed,
        "Daybook: a restored table is wrong": () => ({}),
      },
    );
    expect({ status, error }).toEqual({ status: "FAILED", error: "VerificationFailed" });
    expect(asked).not.toContain("restore move");
    expect(asked).not.toContain("Daybook: approve the cut-over");
    expect(asked.at(-1)).toBe("Daybook: a restored table is wrong");
  });

  test.each(["Rejected", "States.Timeout"])("changes nothing where its plan is answered %s", async answer => {
    const { error, asked } = await walked(
      recovery(10),
      { wish },
      {
        "Daybook: approve a restore": throwing(answer),
      },
    );
    expect(error).toBe("PlanRejected");
    expect(asked).toEqual(["restore plan", "Daybook: approve a restore"]);
  });

  test("does not move the pointer where the cut-over is rejected", async () => {
    const { error, cause, asked } = await walked(
      recovery(10),
      { wish },
      {
        "Daybook: approve the cut-over": throwing("Rejected"),
      },
    );
    expect(error).toBe("CutOverRejected");
    expect(cause).toContain("all is halted");
    expect(asked).not.toContain("restore move");
  });

  test("is refused without a question where nothing can be restored", async () => {
    const { error, asked } = await walked(
      recovery(10),
      { wish },
      { "restore plan": throwing("RestoreRefused") },
    );
    expect({ error, asked }).toEqual({ error: "RestoreRefused", asked: ["restore plan"] });
  });

  test.each(["restore plan", "restore prepare", "restore move", "replay repair", "reconcile "])(
    "waits out the throttling of %s",
    async step => {
      const answer = RECOVERED[step] ?? throwing("missing");
      const { status, waitedSeconds } = await walked(
        recovery(10),
        { wish },
        {
          [step]: (payload, times) =>
            times <= 2 ? throwing("Lambda.TooManyRequestsException")() : answer(payload, times),
        },
      );
      expect(status).toBe("SUCCEEDED");
      expect(waitedSeconds).toBeGreaterThanOrEqual(6);
    },
  );

  test("stops with the pointer in place where throttling does not end", async () => {
    const { error, asked } = await walked(
      recovery(10),
      { wish },
      {
        "restore verify": throwing("ThrottlingException"),
      },
    );
    expect(error).toBe("StoppedHalfway");
    expect(asked.filter(each => each === "restore verify")).toHaveLength(7);
    expect(asked).not.toContain("restore move");
  });

  test("gives a table up that never comes, and a piece that is never repaired", async () => {
    const never = await walked(
      recovery(10),
      { wish },
      {
        "restore prepare": ({ rounds }) => ({ state: "waiting", rounds: Number(rounds) + 1 }),
      },
    );
    expect(never.error).toBe("StoppedHalfway");
    expect(never.waitedSeconds).toBeLessThan(12 * 3_600);
    const unrepaired = await walked(
      recovery(10),
      { wish },
      {
        "replay repair": ({ rounds }) => ({ isComplete: false, rounds: Number(rounds) + 1 }),
        "Daybook: a replay is not complete": () => ({}),
      },
    );
    expect(unrepaired.error).toBe("Unrepaired");
    expect(unrepaired.asked).not.toContain("replay finish");
  });

  test("does not call accounts repaired that lie off their chain", async () => {
    const { error, asked } = await walked(
      recovery(10),
      { wish },
      {
        "replay repair": throwing("StreamsOffTheChain"),
        "Daybook: a replay is not complete": () => ({}),
      },
    );
    expect(error).toBe("Unrepaired");
    expect(asked).not.toContain("replay finish");
  });
});

const DRILLED: Answers = {
  "drill clear": ({ rounds }) => ({ state: "done", rounds: Number(rounds) + 1 }),
  "drill fill": ({ rounds }, times) => ({
    state: times < 2 ? "waiting" : "done",
    rounds: Number(rounds) + 1,
    at: "2026-01-02T03:04:05.000Z",
  }),
  "drill rehearse": () => ({ isEqual: true }),
};

describe("a drill", () => {
  test("clears, fills, rehearses and clears", async () => {
    const { status, asked } = await walked(drill(), {});
    expect(status).toBe("SUCCEEDED");
    expect(asked).toEqual(["drill clear", "drill fill", "drill fill", "drill rehearse", "drill clear"]);
  });

  test("goes on with the instant that it began with", async () => {
    const seen: Data[] = [];
    await walked(
      drill(),
      {},
      {
        "drill rehearse": payload => {
          seen.push(payload);
          return { isEqual: true };
        },
      },
    );
    expect(seen).toEqual([{ step: "rehearse", at: "2026-01-02T03:04:05.000Z" }]);
  });

  test.each([
    ["the table came out otherwise", { "drill rehearse": () => ({ isEqual: false }) }],
    ["the rehearsal breaks", { "drill rehearse": throwing("SplitBrain") }],
    ["there is no table", { "drill fill": throwing("RestoreRefused") }],
  ])("drops its table where %s, and tells people", async (_, changed: Answers) => {
    const { error, asked } = await walked(drill(), {}, { ...changed, "Daybook: a drill failed": () => ({}) });
    expect(error).toBe("DrillFailed");
    expect(asked.slice(-2)).toEqual(["drill clear", "Daybook: a drill failed"]);
  });
});

const INVENTORY = { bucket: "b", key: "s/all-versions/2026/manifest.json" };
/** Where nothing was changed yet, and somebody waits for the answer. */
const BEFORE_ANYTHING = ["restore plan", "Daybook: approve a restore"];

describe.each([
  ["recovery", recovery(10)],
  ["drill", drill()],
])("the machine of a %s", (_, machine) => {
  const states = [...everyState(machine)];
  const input = { wish, inventory: INVENTORY };
  const asksAll = async () => new Set((await walked(machine, input)).asked);
  const ends = states.filter(([, { Type }]) => Type === "Fail").map(([, state]) => state.Error);

  test("tells people where any step of it breaks, each time it is taken, and ends by a name of its own", async () => {
    for (const step of await asksAll())
      for (const time of [1, 2]) {
        const usual = { ...RECOVERED, ...DRILLED }[step];
        const { status, error, asked } = await walked(machine, input, {
          [step]: (payload, times) => (times >= time ? throwing("Surprise")() : usual?.(payload, times)),
        });
        const takes = asked.filter(each => each === step).length;
        if (takes < time) continue;
        expect({ step, status, ends: ends.includes(error) }).toEqual({ step, status: "FAILED", ends: true });
        if (!BEFORE_ANYTHING.includes(step)) expect(isNotice(asked.at(-1) ?? ""), step).toBe(true);
      }
  });

  test("ends as it was meant to where people cannot be told", async () => {
    const steps = [...(await asksAll())].filter(step => !BEFORE_ANYTHING.includes(step));
    for (const step of steps) {
      const broken = { [step]: throwing("Surprise") };
      const { error, asked } = await walked(machine, input, broken);
      const notice = asked.at(-1) ?? "";
      const mute = await walked(machine, input, { ...broken, [notice]: throwing("AuthorizationError") });
      expect({ step, error: mute.error }).toEqual({ step, error });
    }
  });

  test("leads somewhere from everywhere, and to everywhere", () => {
    for (const each of machinesIn(machine)) {
      const led = new Set([each.StartAt, ...Object.values(each.States).flatMap(nextOf)]);
      expect([...led].filter(name => !(name in each.States))).toEqual([]);
      expect(Object.keys(each.States).filter(name => !led.has(name))).toEqual([]);
    }
  });

  test("waits out throttling wherever it asks somebody", () => {
    const tasks = states.filter(([, { Type }]) => Type === "Task");
    expect(tasks.length).toBeGreaterThan(3);
    expect(tasks.filter(([, { Retry }]) => !JSON.stringify(Retry).includes("TooManyRequests"))).toEqual([]);
  });

  test("calls functions that there are", () => {
    const called = [...JSON.stringify(machine).matchAll(/"FunctionName":"\$\{(\w+)\}"/g)].map(
      ([, name]) => name,
    );
    expect(called.length).toBeGreaterThan(3);
    expect(called.filter(name => !(name && name in FUNCTIONS))).toEqual([]);
  });
});

function* machinesIn(machine: StateMachine): Generator<StateMachine> {
  yield machine;
  for (const { ItemProcessor } of Object.values(machine.States))
    if (ItemProcessor !== undefined) yield* machinesIn(ItemProcessor as StateMachine);
}

function* everyState(machine: StateMachine): Generator<readonly [string, State]> {
  for (const each of machinesIn(machine)) yield* Object.entries(each.States);
}

function nextOf(state: State): readonly string[] {
  const of = (each: { readonly Next?: string }): readonly string[] =>
    each.Next === undefined ? [] : [each.Next];
  const branches = [...((state.Choices ?? []) as State[]), ...((state.Catch ?? []) as State[])];
  return [
    ...of(state),
    ...branches.flatMap(of),
    ...(state.Default === undefined ? [] : [String(state.Default)]),
  ];
}
