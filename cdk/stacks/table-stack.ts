import { Duration, RemovalPolicy, Stack, type StackProps, Tags } from "aws-cdk-lib";
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from "aws-cdk-lib/aws-backup";
import { AttributeType, BillingMode, ProjectionType, Table } from "aws-cdk-lib/aws-dynamodb";
import { Schedule } from "aws-cdk-lib/aws-events";
import type { Construct } from "constructs";
import { BACKUP_TAG } from "../../src/ports/backup-tag.ts";
import type { TableDefinition } from "../../src/table/definition.ts";
import { acknowledge } from "../constructs/acknowledge.ts";
import { namesIn } from "../names.ts";
import type { Settings } from "../settings.ts";

export type TableStackProps = StackProps & {
  readonly settings: Settings;
  /** Read off the entities, as the local cloud reads it. */
  readonly definition: TableDefinition;
};

/** The one table of the first epoch, and its backups. A restore makes later ones, outside of this stack. */
export class TableStack extends Stack {
  readonly table: Table;

  constructor(scope: Construct, id: string, props: TableStackProps) {
    super(scope, id, props);
    const { settings, definition } = props;
    this.table = new Table(this, "table", {
      tableName: namesIn(this, settings).table,
      partitionKey: text("PK"),
      sortKey: text("SK"),
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: settings.recoveryDays,
      },
      deletionProtection: true,
      removalPolicy: settings.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    for (const { name, partition, sort } of definition.indexes)
      this.table.addGlobalSecondaryIndex({
        indexName: name,
        partitionKey: text(partition),
        ...(sort !== undefined && { sortKey: text(sort) }),
        projectionType: ProjectionType.ALL,
      });
    Tags.of(this.table).add(BACKUP_TAG.name, BACKUP_TAG.value);
    if (settings.backupKeepDays > 0) addBackups(this, settings);
  }
}

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** Weekly, beside point-in-time recovery: a backup outlives the table and the 35 days. */
const addBackups = (stack: Stack, { prefix, backupKeepDays, retain }: Settings): void => {
  const plan = new BackupPlan(stack, "backups", {
    backupPlanName: `${prefix}-weekly`,
    backupVault: new BackupVault(stack, "vault", {
      backupVaultName: `${prefix}-table`,
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    }),
    backupPlanRules: [
      new BackupPlanRule({
        ruleName: "weekly",
        scheduleExpression: Schedule.cron({ minute: "0", hour: "3", weekDay: "SUN" }),
        deleteAfter: Duration.days(backupKeepDays),
      }),
    ],
  });
  const selection = plan.addSelection("table", {
    resources: [BackupResource.fromTag(BACKUP_TAG.name, BACKUP_TAG.value)],
  });
  acknowledge(
    selection,
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]",
    "AWS Backup's own role: it backs up by tag, so that the table a restore makes is backed up too.",
  );
};
