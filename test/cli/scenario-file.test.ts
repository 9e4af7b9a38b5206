import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ABSENT, COLUMNS, type Column } from "../../src/cli/scenario-columns.ts";
import { InvalidScenario } from "../../src/cli/scenario-error.ts";
import { readScenario, withRunId } from "../../src/cli/scenario-file.ts";

type Row = { readonly [column in Column]?: string };

const HEADER = COLUMNS.join(",");
const AT: Row = {
  "Transaction Date Year": "2026",
  "Transaction Date Month": "03",
  "Transaction Date Day": "04",
  "Transaction Date 24HR Time": "1030",
};
const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const line = (row: Row): string =>
  COLUMNS.map(column => quoted({ ...AT, ...row }[column] ?? ABSENT)).join(",");
const csv = (...rows: readonly Row[]): string => [HEADER, ...rows.map(line), ""].join("\n");
const read = (...rows: readonly Row[]) => readScenario(csv(...rows), "story.csv");

const invalid = (text: string): InvalidScenario => {
  try {
    readScenario(text, "story.csv");
  } catch (error) {
    if (error instanceof InvalidScenario) return error;
    throw error;
  }
  throw new Error("The scenario was read");
};

const WAGES: Row = {
  "Transaction Type": "incoming_payment_",
  "Reference Account": "100010",
  Amount: "300.00",
  "Source Bank": "Far Bank",
  "Source Reference": "remote",
};
/** 2026-03-04T10:30:00Z. */
const AT_SECONDS = 1_772_620_200;

describe("rows become objects", () => {
  const cash = { "Notes-100": "1", "Notes-20": "1", "Coins-20": "2", "Coins-5": "0", "Notes-50": ABSENT };
  const cases: readonly (readonly [string, Row, string])[] = [
    [
      "open_account",
      { "Reference Account": "100010", CustomerNumber: "330001001", Amount: "5.00", Location: "Teller" },
      '{"EventTimeStamp":1772620200,"AccountNumber":"100010","CustomerNumber":"330001001"}',
    ],
    [
      "cash_deposit",
      {
        ...cash,
        "Reference Account": "100010",
        Amount: "120.40",
        Location: "ATM",
        Reference: "text",
        "Instant Verify Flag": "false",
        "Destination Bank": "ignored",
      },
      '{"EventTimeStamp":1772620200,"TargetAccount":"100010","Amount":"120.40","LocationType":"ATM",' +
        '"Reference":"text","Verified":false,"Currency":{"100-euro-bills":1,"20-euro-bills":1,"20-cents":2}}',
    ],
    [
      "verify_cash_deposit",
      {
        ...cash,
        "Reference Account": "100010",
        Amount: "120.40",
        Location: "ATM",
        Reference: "text",
        "Instant Verify Flag": "TRUE",
        "Verified by Employee ID": "e1001",
        "Final Finding": "counted",
        "Linked RequestId": "r0000005",
      },
      '{"EventTimeStamp":1772620200,"TargetAccount":"100010","Amount":"120.40","LocationType":"ATM",' +
        '"Reference":"text","Verified":true,"VerifiedCurrency":{"100-euro-bills":1,"20-euro-bills":1,"20-cents":2},' +
        '"VerifiedByEmployeeId":"e1001","FinalFinding":"counted","PreviousRequestIdReference":"r0000005"}',
    ],
    [
      "cash_withdrawal",
      { "Reference Account": "100010", Amount: "200.00", Location: "Teller", "Notes-50": "4" },
      '{"EventTimeStamp":1772620200,"SourceAccount":"100010","Amount":"200.00","LocationType":"Teller",' +
        '"Currency":{"50-euro-bills":4}}',
    ],
    [
      "incoming_payment",
      { ...WAGES, Reference: "text", CustomerNumber: "330001001" },
      '{"EventTimeStamp":1772620200,"TargetAccount":"100010","Amount":"300.00","SourceInstitution":"Far Bank",' +
        '"SourceAccount":"remote","Reference":"text","CustomerNumber":"330001001"}',
    ],
    [
      "outgoing_payment_unverified",
      {
        "Reference Account": "100010",
        Amount: "123.45",
        "Source Bank": "ours",
        "Destination Bank": "Far Bank",
        "Destination Account Reference": "9900990099",
      },
      '{"EventTimeStamp":1772620200,"SourceAccount":"100010","Amount":"123.45","TargetInstitution":"Far Bank",' +
        '"TargetAccount":"9900990099"}',
    ],
    [
      "outgoing_payment_verified",
      { "Linked RequestId": "r0000008", Amount: "123.45" },
      '{"EventTimeStamp":1772620200,"PreviousRequestIdReference":"r0000008"}',
    ],
    [
      "outgoing_payment_rejected",
      {
        "Reference Account": "100010",
        "Linked RequestId": "r0000011",
        Amount: "1.00",
        "Final Finding": "unknown",
      },
      '{"EventTimeStamp":1772620200,"SourceAccount":"100010","Reason":"unknown",' +
        '"PreviousRequestIdReference":"r0000011"}',
    ],
    [
      "inter_account_transfer",
      { "Reference Account": "100030", "Destination Account Reference": "100010", Amount: "400.00" },
      '{"EventTimeStamp":1772620200,"SourceAccount":"100030","TargetAccount":"100010","Amount":"400.00"}',
    ],
  ];
  test.each(cases)("%s", (type, row, body) => {
    const [only] = read({ ...row, "Transaction Type": `${type}_` }).rows;
    expect(only?.body).toBe(body);
    expect(only?.key).toBe(`${type}_r0000001.event`);
    expect([only?.day, only?.atMs]).toEqual(["2026-03-04", AT_SECONDS * 1000]);
  });

  test("without any piece of cash there is no Currency", () => {
    const row = {
      "Transaction Type": "cash_withdrawal_",
      Amount: "10.00",
      "Notes-10": "0",
      "Coins-5": ABSENT,
    };
    expect(JSON.parse(read(row).rows[0]?.body ?? "")).not.toHaveProperty("Currency");
  });

  test("what people read of a row is there only where the row says it", () => {
    const [full, bare] = read(
      { ...WAGES, "Transaction Description": "Wages" },
      { "Transaction Type": "incoming_payment_" },
    ).rows;
    expect(full).toMatchObject({ account: "100010", amount: "300.00", description: "Wages" });
    for (const name of ["account", "amount", "description"]) expect(bare).not.toHaveProperty(name);
  });

  test("amounts are passed on as they are written, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.string().filter(text => text !== "" && text !== ABSENT),
        amount => {
          const [row] = read({ ...WAGES, Amount: amount }).rows;
          expect(JSON.parse(row?.body ?? "").Amount).toBe(amount);
          expect(row?.body).not.toContain("\n");
        },
      ),
    );
  });
});

describe("order", () => {
  const on = (day: string, time: string): Row => ({
    ...WAGES,
    "Transaction Date Day": day,
    "Transaction Date 24HR Time": time,
  });

  test("days run in date order, rows of a day in file order, ids go by the file", () => {
    const scenario = read(on("10", "0900"), on("9", "1200"), on("10", "0800"), on("09", "1100"));
    expect(scenario.rows.map(row => row.requestId)).toEqual(["r0000001", "r0000002", "r0000003", "r0000004"]);
    expect(scenario.days.map(({ day, rows }) => [day, rows.map(row => row.requestId)])).toEqual([
      ["2026-03-09", ["r0000002", "r0000004"]],
      ["2026-03-10", ["r0000001", "r0000003"]],
    ]);
  });

  test.each([
    ["0", "00:00"],
    ["0000", "00:00"],
    ["5", "00:05"],
    ["59", "00:59"],
    ["905", "09:05"],
    ["2359", "23:59"],
  ])("time %s is %s UTC, leading zeros or not", (time, clock) => {
    const [row] = read(on("04", time)).rows;
    expect(row?.atMs).toBe(Date.parse(`2026-03-04T${clock}:00Z`));
  });
});

describe("what a spreadsheet does to a file", () => {
  test("a byte order mark, CRLF, quoted cells, empty cells and empty lines change nothing", () => {
    const plain = csv(WAGES, { ...WAGES, Reference: ABSENT });
    const saved = [
      `\uFEFF${COLUMNS.map(column => `"${column}"`).join(",")}`,
      line(WAGES).replaceAll(ABSENT, ""),
      "",
      ",".repeat(COLUMNS.length - 1),
      line(WAGES).replaceAll("300.00", '"300.00"'),
      "",
    ].join("\r\n");
    expect(readScenario(saved, "story.csv")).toEqual(readScenario(plain, "story.csv"));
  });
});

describe("errors name file, line, column, rule and what to do", () => {
  const second = (row: Row): string => csv(WAGES, { ...WAGES, ...row });
  const cases: readonly (readonly [string, string, string])[] = [
    [
      "year",
      second({ "Transaction Date Year": "26" }),
      'line 3, column "Transaction Date Year": expected a year',
    ],
    ["month", second({ "Transaction Date Month": "13" }), 'got "13"'],
    ["day", second({ "Transaction Date Day": "0" }), "expected a day from 1 to 31"],
    [
      "no such date",
      second({ "Transaction Date Month": "2", "Transaction Date Day": "30" }),
      "expected a day that 2026-02 has",
    ],
    ["time", second({ "Transaction Date 24HR Time": "2460" }), "Write hours and minutes as HHMM, in UTC."],
    ["time absent", second({ "Transaction Date 24HR Time": ABSENT }), 'got "n/a"'],
    ["type", second({ "Transaction Type": "cash_deposit" }), "Use one of: open_account_, cash_deposit_"],
    ["flag", second({ "Instant Verify Flag": "yes" }), "expected true or false"],
    ["pieces", second({ "Notes-20": "1.5" }), 'column "Notes-20": expected how many pieces'],
    ["link", second({ "Linked RequestId": "5" }), 'got "5"'],
    [
      "follow-up without a link",
      second({ "Transaction Type": "outgoing_payment_verified_" }),
      'line 3, column "Linked RequestId": expected the request id of the row it follows up, got "n/a"',
    ],
    ["too few cells", `${HEADER}\n2026,03\n`, 'line 2: expected 27 cells, got "2"'],
    ["too many cells", `${csv(WAGES).trimEnd()},more\n`, 'line 2: expected 27 cells, got "28"'],
    ["no rows", `${HEADER}\n`, "expected at least one row"],
    ["nothing", "", 'line 1: expected column 1 to be "Transaction Date Year"'],
    [
      "header out of order",
      csv(WAGES).replace("Reference Account,CustomerNumber", "CustomerNumber,Reference Account"),
      'line 1: expected column 6 to be "Reference Account", got "CustomerNumber"',
    ],
    [
      "header too long",
      csv(WAGES).replace("Final Finding", "Final Finding,Notes"),
      "expected only 27 columns",
    ],
    ["semicolons", csv(WAGES).replaceAll(",", ";"), "Separate cells by commas, not by semicolons."],
    ["an open quote", `${HEADER}\n"2026,03\n`, "expected comma-separated text"],
  ];
  test.each(cases)("%s", (_name, text, part) => {
    const { message } = invalid(text);
    expect(message).toMatch(/^story\.csv/);
    expect(message).toContain(part);
  });

  test("lines are the spreadsheet's, empty ones counted", () => {
    const text = [HEADER, line(WAGES), "", line({ ...WAGES, "Transaction Date Day": "32" }), ""].join("\n");
    expect(invalid(text).fault).toMatchObject({ file: "story.csv", line: 4, column: "Transaction Date Day" });
  });

  test("a long cell is cut in the message", () => {
    expect(invalid(csv({ ...WAGES, "Transaction Type": "x".repeat(10_000) })).message.length).toBeLessThan(
      500,
    );
  });

  test("no text makes it fail in any other way", () => {
    const cells = fc.array(fc.oneof(fc.string(), fc.constantFrom("2026", "1", '"', "n/a")), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          cells.map(row => `${HEADER}\n${row.join(",")}\n`),
        ),
        text => {
          try {
            readScenario(text, "story.csv");
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidScenario);
          }
        },
      ),
    );
  });
});

describe("a run id", () => {
  const scenario = read(WAGES, {
    "Transaction Type": "outgoing_payment_rejected_",
    "Linked RequestId": "r0000099",
    "Final Finding": 'says "no"',
  });

  test("goes in front of ids and links; printed ids and all else stay", () => {
    const ofRun = withRunId(scenario, "run-7");
    expect(ofRun.rows.map(row => row.key)).toEqual([
      "incoming_payment_run-7-r0000001.event",
      "outgoing_payment_rejected_run-7-r0000002.event",
    ]);
    expect(ofRun.rows.map(row => row.requestId)).toEqual(["r0000001", "r0000002"]);
    expect(ofRun.rows[0]?.body).toBe(scenario.rows[0]?.body);
    expect(ofRun.rows[1]?.body).toBe(
      scenario.rows[1]?.body.replace('"r0000099"', '"run-7-r0000099"') ?? "no row",
    );
    expect(ofRun.days.flatMap(({ rows }) => rows)).toEqual(ofRun.rows);
  });

  test.each(["", "a/b", "x".repeat(65), "a b"])("%j is none", runId => {
    expect(() => withRunId(scenario, runId)).toThrow(/run id/);
  });
});
