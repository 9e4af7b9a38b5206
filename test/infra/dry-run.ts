import type { State, StateMachine } from "../../cdk/machines/states.ts";

/** What a task answers, or throws as a `TaskError`. `parameters`: with all paths resolved. */
export type Tasks = (resource: string, parameters: Data) => Promise<unknown> | unknown;
export type Data = Readonly<Record<string, unknown>>;

/** A task's error, by the name that machines catch. */
export class TaskError extends Error {
  override readonly name: string;
  constructor(name: string, message = "") {
    super(message);
    this.name = name;
  }
}

export type DryRun = {
  readonly status: "SUCCEEDED" | "FAILED";
  readonly error?: string;
  readonly cause?: string;
  readonly output: unknown;
  /** Names of the states entered, those of a map's executions behind the map's own. */
  readonly path: readonly string[];
  /** Seconds that it would have waited, for time and between tries. */
  readonly waitedSeconds: number;
};

/** More states than any walk enters that ends. */
const STATES_MAX = 2_000;

type Run = { readonly tasks: Tasks; readonly path: string[]; waitedSeconds: number };
type Ended = Pick<DryRun, "status" | "error" | "cause" | "output">;

/** Walks through a machine without any service: waits take no time, tasks are the caller's. */
export const dryRun = async (machine: StateMachine, input: Data, tasks: Tasks): Promise<DryRun> => {
  const run: Run = { tasks, path: [], waitedSeconds: 0 };
  const ended = await walk(run, machine, input, { Execution: { Id: "execution" }, Task: { Token: "token" } });
  return { ...ended, path: run.path, waitedSeconds: run.waitedSeconds };
};

const walk = async (run: Run, machine: StateMachine, input: unknown, context: Data): Promise<Ended> => {
  let data = input;
  let name = machine.StartAt;
  for (let entered = 0; entered < STATES_MAX; entered += 1) {
    const state = machine.States[name];
    if (state === undefined) throw new Error(`There is no state ${name}`);
    run.path.push(name);
    if (state.Type === "Succeed")
      return { status: "SUCCEEDED", output: state.OutputPath === null ? {} : data };
    if (state.Type === "Fail")
      return { status: "FAILED", error: String(state.Error), cause: String(state.Cause), output: data };
    try {
      const went = await enter(run, state, data, context);
      data = went.data;
      name = went.next;
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const caught = catcherOf(state, error);
      if (caught === undefined)
        return { status: "FAILED", error: error.name, cause: error.message, output: data };
      data = placed(data, caught.ResultPath, { Error: error.name, Cause: error.message });
      name = caught.Next;
    }
  }
  throw new Error(`More than ${STATES_MAX} states: the machine does not end`);
};

type Went = { readonly data: unknown; readonly next: string };

const enter = async (run: Run, state: State, data: unknown, context: Data): Promise<Went> => {
  const next = String(state.Next);
  if (state.Type === "Wait") {
    run.waitedSeconds += Number(state.Seconds);
    return { data, next };
  }
  if (state.Type === "Pass") return { data: placed(data, state.ResultPath, state.Result), next };
  if (state.Type === "Choice") return { data, next: chosen(state, data) };
  const result = await tried(run, state, () =>
    state.Type === "Map" ? mapped(run, state, data, context) : task(run, state, data, context),
  );
  const selected =
    state.ResultSelector === undefined ? result : resolved(state.ResultSelector, result, context);
  return { data: placed(data, state.ResultPath, selected), next };
};

const task = async (run: Run, state: State, data: unknown, context: Data): Promise<unknown> =>
  run.tasks(String(state.Resource), resolved(state.Parameters, data, context) as Data);

type Retrier = {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
  readonly IntervalSeconds: number;
  readonly BackoffRate?: number;
};

const matches = (names: readonly string[], error: TaskError): boolean =>
  names.includes(error.name) || names.includes("States.ALL");

/** Each retrier counts its own tries, as Step Functions does. */
const tried = async (run: Run, state: State, work: () => Promise<unknown>): Promise<unknown> => {
  const used = new Map<Retrier, number>();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const retrier = ((state.Retry ?? []) as readonly Retrier[]).find(each =>
        matches(each.ErrorEquals, error),
      );
      const tries = retrier === undefined ? 0 : (used.get(retrier) ?? 0);
      if (retrier === undefined || tries >= retrier.MaxAttempts) throw error;
      used.set(retrier, tries + 1);
      run.waitedSeconds += retrier.IntervalSeconds * (retrier.BackoffRate ?? 2) ** tries;
    }
  }
};

type Catcher = {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string;
  readonly Next: string;
};

const catcherOf = (state: State, error: TaskError): Catcher | undefined =>
  ((state.Catch ?? []) as readonly Catcher[]).find(each => matches(each.ErrorEquals, error));

const mapped = async (run: Run, state: State, data: unknown, context: Data): Promise<unknown> => {
  const items = await itemsOf(run, state, data, context);
  const batch = (state.ItemBatcher as { MaxItemsPerBatch: number } | undefined)?.MaxItemsPerBatch;
  const inputs = batch === undefined ? items : batchesOf(items, batch);
  const outputs: unknown[] = [];
  for (const [index, value] of inputs.entries()) {
    const of = { ...context, Map: { Item: { Index: index, Value: value } } };
    const input = state.ItemSelector === undefined ? value : resolved(state.ItemSelector, data, of);
    const ended = await walk(run, state.ItemProcessor as StateMachine, input, of);
    if (ended.status === "FAILED")
      throw new TaskError("States.ExceedToleratedFailureThreshold", `${ended.error}: ${ended.cause}`);
    outputs.push(ended.output);
  }
  return outputs;
};

const itemsOf = async (run: Run, state: State, data: unknown, context: Data): Promise<readonly unknown[]> => {
  const reader = state.ItemReader as { Resource: string; Parameters: unknown } | undefined;
  const items =
    reader === undefined
      ? at(data, String(state.ItemsPath))
      : await run.tasks(reader.Resource, resolved(reader.Parameters, data, context) as Data);
  if (!Array.isArray(items)) throw new Error("Expected a map to have a list of items");
  return items;
};

const batchesOf = (
  items: readonly unknown[],
  size: number,
): readonly { readonly Items: readonly unknown[] }[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => ({
    Items: items.slice(i * size, (i + 1) * size),
  }));

type Rule = { readonly Variable: string; readonly Next: string; readonly [test: string]: unknown };

const chosen = (state: State, data: unknown): string => {
  const rule = (state.Choices as readonly Rule[]).find(each => holds(each, data));
  return rule?.Next ?? String(state.Default);
};

const holds = (rule: Rule, data: unknown): boolean => {
  const { Variable, IsPresent, StringEquals, BooleanEquals, NumericLessThan } = rule;
  if (IsPresent !== undefined) return isThere(data, Variable) === IsPresent;
  const value = at(data, Variable);
  if (StringEquals !== undefined) return value === StringEquals;
  if (BooleanEquals !== undefined) return value === BooleanEquals;
  if (NumericLessThan !== undefined) return Number(value) < Number(NumericLessThan);
  throw new Error(`A choice that is not understood: ${JSON.stringify(rule)}`);
};

/** A template with its paths resolved: fields whose names end in `.$`. */
const resolved = (template: unknown, data: unknown, context: Data): unknown => {
  if (Array.isArray(template)) return template.map(each => resolved(each, data, context));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) => {
      if (!name.endsWith(".$")) return [name, resolved(value, data, context)];
      const path = String(value);
      return [name.slice(0, -2), path.startsWith("$$") ? at(context, path.slice(1)) : at(data, path)];
    }),
  );
};

const stepsOf = (path: string): readonly string[] => {
  if (!/^\$(\.[A-Za-z]+)*$/.test(path)) throw new Error(`A path that is not understood: ${path}`);
  return path.split(".").slice(1);
};

/** Throws: where nothing is, as Step Functions would. */
const at = (data: unknown, path: string): unknown => {
  if (!isThere(data, path)) throw new Error(`There is nothing at ${path} in ${JSON.stringify(data)}`);
  return stepsOf(path).reduce<unknown>((value, step) => (value as Data)[step], data);
};

const isThere = (data: unknown, path: string): boolean => {
  let value = data;
  for (const step of stepsOf(path)) {
    if (typeof value !== "object" || value === null || !(step in value)) return false;
    value = (value as Data)[step];
  }
  return true;
};

/** `null` drops the result, no path puts it in the place of everything. */
const placed = (data: unknown, path: unknown, result: unknown): unknown => {
  if (path === null) return data;
  if (path === undefined) return result;
  const [name, ...rest] = stepsOf(String(path));
  if (name === undefined || rest.length > 0) throw new Error(`A place that is not understood: ${path}`);
  return { ...(data as Data), [name]: result };
};
