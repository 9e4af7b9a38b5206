/** What is wrong with a scenario or its expected outcome, and where. */
export type ScenarioFault = {
  readonly file: string;
  /** Line of the file, counted from 1, the header's. */
  readonly line?: number;
  readonly column?: string;
  /** Completes "expected ...". */
  readonly rule: string;
  /** What stands there instead. */
  readonly got?: string;
  /** What to do, a sentence. */
  readonly remedy: string;
};

/** Longer texts are cut in messages: the place is named anyway. */
const SHOWN_CHARACTERS_MAX = 60;

const shown = (text: string): string =>
  JSON.stringify(text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text);

const placeOf = ({ file, line, column }: ScenarioFault): string =>
  [file, line && `line ${line}`, column && `column ${shown(column)}`].filter(Boolean).join(", ");

/** A scenario, or the expected outcome beside it, that cannot be read. The message says where, why, and what to do. */
export class InvalidScenario extends Error {
  override readonly name = "InvalidScenario";
  readonly fault: ScenarioFault;
  constructor(fault: ScenarioFault, options?: ErrorOptions) {
    const got = fault.got === undefined ? "" : `, got ${shown(fault.got)}`;
    super(`${placeOf(fault)}: expected ${fault.rule}${got}. ${fault.remedy}`, options);
    this.fault = fault;
  }
}
