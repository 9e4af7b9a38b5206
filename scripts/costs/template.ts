/** As far as it is read. */
export type Template = {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
};

/** What of a deployment costs something though nothing happens. */
export type Deployed = {
  readonly alarms: number;
  readonly dashboards: number;
  readonly functions: number;
  /** Queues that functions poll. */
  readonly polled: number;
  /** Calls in a month, of all schedules. */
  readonly scheduledCalls: number;
  readonly inventories: number;
  /** Reports in a month, of one bucket. */
  readonly reports: number;
  /** Backups of the table that are kept at a time, once the first has ended; each is a whole one. */
  readonly backups: number;
};

const HOURS_PER_MONTH = 730;
const DAYS_PER_MONTH = 30.4;

/** `rate(5 minutes)`, or a cron of once a day or a week. */
export const callsPerMonth = (expression: string): number => {
  const [, count = "", unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (unit === "minute") return (HOURS_PER_MONTH * 60) / Number(count);
  if (unit === "hour") return HOURS_PER_MONTH / Number(count);
  if (unit === "day") return DAYS_PER_MONTH / Number(count);
  if (!expression.startsWith("cron(")) throw new Error(`Expected a schedule, got ${expression}`);
  return /MON|TUE|WED|THU|FRI|SAT|SUN/.test(expression) ? DAYS_PER_MONTH / 7 : DAYS_PER_MONTH;
};

export const deployedIn = (templates: readonly Template[]): Deployed => {
  const resources = templates.flatMap(({ Resources }) => Object.values(Resources));
  const all = (type: string) => resources.filter(({ Type }) => Type === type);
  const inventories = all("AWS::S3::Bucket").flatMap(
    ({ Properties }) => (Properties?.InventoryConfigurations ?? []) as readonly Inventory[],
  );
  return {
    alarms: all("AWS::CloudWatch::Alarm").length,
    dashboards: all("AWS::CloudWatch::Dashboard").length,
    functions: all("AWS::Lambda::Function").length,
    polled: all("AWS::Lambda::EventSourceMapping").length,
    scheduledCalls: all("AWS::Events::Rule").reduce(
      (sum, { Properties }) => sum + callsPerMonth(String(Properties?.ScheduleExpression)),
      0,
    ),
    inventories: inventories.length,
    reports: Math.max(0, ...inventories.map(({ ScheduleFrequency }) => REPORTS_PER_MONTH[ScheduleFrequency])),
    backups: all("AWS::Backup::BackupPlan")
      .flatMap(rulesOf)
      .reduce((sum, rule) => sum + keptBy(rule), 0),
  };
};

type Inventory = { readonly ScheduleFrequency: "Daily" | "Weekly" };
const REPORTS_PER_MONTH = { Daily: DAYS_PER_MONTH, Weekly: DAYS_PER_MONTH / 7 } as const;

type BackupRule = {
  readonly ScheduleExpression: string;
  readonly Lifecycle: { readonly DeleteAfterDays: number };
};

const rulesOf = ({ Properties }: Template["Resources"][string]): readonly BackupRule[] => {
  const plan = Properties?.BackupPlan as { readonly BackupPlanRule: readonly BackupRule[] } | undefined;
  return plan?.BackupPlanRule ?? [];
};

const keptBy = ({ ScheduleExpression, Lifecycle }: BackupRule): number =>
  (callsPerMonth(ScheduleExpression) * Lifecycle.DeleteAfterDays) / DAYS_PER_MONTH;
