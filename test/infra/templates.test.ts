import { App, Stack } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import type { IConstruct } from "constructs";
import { beforeAll, describe, expect, test } from "vitest";
import { LIVE_TIMEOUT_SECONDS } from "../../cdk/functions/rights.ts";
import { INVENTORIED, namesIn, SHOWN } from "../../cdk/names.ts";
import { DEFAULTS, LOG_DAYS } from "../../cdk/settings.ts";
import { bankTable } from "../../src/app.ts";
import { createTableInput } from "../../src/aws/create-table.ts";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";
import { type Resource, type Synthesized, shown, statementsOf, synthesize, texts } from "./synthesized.ts";

const names = namesIn(SHOWN, DEFAULTS);
let made: Synthesized;
beforeAll(() => {
  made = synthesize();
});

const bucketNamed = (name: string): Resource => made.named("AWS::S3::Bucket", "BucketName", name);
const policyOf = (bucket: Resource) =>
  statementsOf(
    made.all("AWS::S3::BucketPolicy").find(({ Properties }) => shown(Properties.Bucket) === `<${bucket.id}>`)
      ?.Properties.PolicyDocument,
  );
const queueNamed = (name: string): Resource => made.named("AWS::SQS::Queue", "QueueName", name);

describe("every bucket", () => {
  test("is private, encrypted, versioned, its owner's, and stays", () => {
    const buckets = made.all("AWS::S3::Bucket");
    expect(buckets).toHaveLength(8);
    for (const { Properties, id, ...rest } of buckets) {
      expect(Properties, id).toMatchObject({
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
        VersioningConfiguration: { Status: "Enabled" },
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      });
      expect(rest.DeletionPolicy, id).toBe(
        shown(Properties.BucketName).includes("athena") ? "Delete" : "RetainExceptOnCreate",
      );
    }
  });

  test("takes TLS only", () => {
    for (const bucket of made.all("AWS::S3::Bucket")) {
      const denied = policyOf(bucket).filter(({ effect, condition }) => {
        return effect === "Deny" && condition.Bool?.["aws:SecureTransport"] === "false";
      });
      expect(denied, bucket.id).toMatchObject([{ actions: ["s3:*"], principal: { AWS: "*" } }]);
      expect(denied[0]?.resources).toHaveLength(2);
    }
  });
});

describe("writes", () => {
  const conditional = (all: Synthesized, name: string) => {
    const bucket = all.named("AWS::S3::Bucket", "BucketName", name);
    const policy = all
      .all("AWS::S3::BucketPolicy")
      .find(({ Properties }) => shown(Properties.Bucket) === `<${bucket.id}>`);
    return statementsOf(policy?.Properties.PolicyDocument).filter(({ sid }) => sid === "OnlyIfAbsent");
  };

  test("to new-events and decisions must say that nothing is there", () => {
    for (const role of ["newEvents", "decisions"] as const)
      expect(conditional(made, names.bucket(role))).toEqual([
        {
          sid: "OnlyIfAbsent",
          effect: "Deny",
          principal: { AWS: "*" },
          actions: ["s3:PutObject"],
          resources: [`${names.bucketArn(role)}/*`],
          condition: {
            Null: { "s3:if-none-match": "true" },
            Bool: { "s3:ObjectCreationOperation": "true" },
          },
        },
      ]);
    for (const role of ["archive", "rejected"] as const)
      expect(conditional(made, names.bucket(role))).toEqual([]);
  });

  test("need not where that is switched off", () => {
    const without = synthesize({ requireIfNoneMatch: "false", bundledExpireDays: 30, copyColdDays: 10 });
    expect(conditional(without, names.bucket("newEvents"))).toEqual([]);
    expect(conditional(without, names.bucket("decisions"))).toEqual([]);
    expect(rulesOf(without, names.bucket("rejected")).map(({ Id }) => Id)).toEqual(
      expect.arrayContaining(["copies", "bundled", "markers"]),
    );
  });

  test("of the tag that lets a request leave are the place function's alone", () => {
    const [reserved] = policyOf(bucketNamed(names.bucket("newEvents"))).filter(
      ({ sid }) => sid === "TagIsReserved",
    );
    expect(reserved).toMatchObject({ effect: "Deny", principal: { AWS: "*" } });
    expect(reserved?.actions).toEqual(["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"]);
    expect(reserved?.condition["ForAnyValue:StringEquals"]).toEqual({
      "s3:RequestObjectTagKeys": ["daybook"],
    });
    expect(shown(reserved?.condition.ArnNotEquals?.["aws:PrincipalArn"])).toContain("placerole");
  });

  test("never remove a version of a decision", () => {
    const stay = policyOf(bucketNamed(names.bucket("decisions"))).filter(({ sid }) => sid === "VersionsStay");
    expect(stay).toMatchObject([{ effect: "Deny", actions: ["s3:DeleteObjectVersion"] }]);
  });
});

type Rule = Readonly<Record<string, unknown>>;
const rulesOf = (all: Synthesized, name: string): readonly Rule[] => {
  const { Properties } = all.named("AWS::S3::Bucket", "BucketName", name);
  return (Properties.LifecycleConfiguration as { readonly Rules: readonly Rule[] }).Rules;
};

/** What the local cloud does, which the tests of placing and bundling run on. */
const localCloud = () => {
  const cloud = createLocalCloud({ clock: systemClock, random: seededRandom(1) });
  const { buckets } = createDaybookTopology(cloud);
  return (role: keyof typeof buckets) => cloud.s3.state.buckets.get(buckets[role])?.settings;
};

describe("lifecycle", () => {
  test("is that of the local cloud", () => {
    const local = localCloud();
    for (const role of ["newEvents", "archive", "rejected", "decisions"] as const) {
      const here = (local(role)?.lifecycle ?? []).map(
        ({ id, tags, expirationDays, noncurrentDays, ...rest }) => ({
          id,
          tags: Object.entries(tags ?? {}),
          expirationDays,
          noncurrentDays,
          prefix: rest.prefix,
          above: rest.sizeAboveBytes,
          transitions: rest.transitions?.map(({ days, storageClass }) => [days, storageClass]),
          markers: rest.expiredDeleteMarkers,
        }),
      );
      const there = rulesOf(made, names.bucket(role))
        .filter(({ Id }) => Id !== "unfinished-uploads")
        .map(rule => ({
          id: rule.Id,
          tags: ((rule.TagFilters ?? []) as { Key: string; Value: string }[]).map(({ Key, Value }) => [
            Key,
            Value,
          ]),
          expirationDays: rule.ExpirationInDays,
          noncurrentDays: (rule.NoncurrentVersionExpiration as { NoncurrentDays: number } | undefined)
            ?.NoncurrentDays,
          prefix: rule.Prefix,
          above: rule.ObjectSizeGreaterThan === undefined ? undefined : Number(rule.ObjectSizeGreaterThan),
          transitions: (
            rule.Transitions as { TransitionInDays: number; StorageClass: string }[] | undefined
          )?.map(({ TransitionInDays, StorageClass }) => [TransitionInDays, StorageClass]),
          markers: rule.ExpiredObjectDeleteMarker,
        }));
      expect(there, role).toEqual(here);
    }
  });

  test("lets small objects go cold where a rule says so", () => {
    for (const role of ["archive", "rejected"] as const) {
      const { Properties } = bucketNamed(names.bucket(role));
      expect(Properties.LifecycleConfiguration).toMatchObject({
        TransitionDefaultMinimumObjectSize: "varies_by_storage_class",
      });
    }
  });

  test("takes no decision, ever", () => {
    expect(rulesOf(made, names.bucket("decisions"))).toEqual([
      {
        Id: "unfinished-uploads",
        Status: "Enabled",
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ]);
  });
});

describe("inventories", () => {
  test("list all versions of three buckets, daily, without a filter", () => {
    for (const role of INVENTORIED) {
      const { InventoryConfigurations } = bucketNamed(names.bucket(role)).Properties;
      const [inventory, ...others] = InventoryConfigurations as Readonly<Record<string, unknown>>[];
      expect(others).toEqual([]);
      expect(inventory).toMatchObject({
        Enabled: true,
        IncludedObjectVersions: "All",
        ScheduleFrequency: "Daily",
        Destination: { Format: "CSV" },
      });
      expect(inventory?.Prefix).toBeUndefined();
      const destination = inventory?.Destination as Readonly<Record<string, unknown>>;
      expect(shown(destination.BucketArn)).toBe(names.inventoryArn(role));
    }
  });

  test("have their bucket before their source names it", () => {
    for (const role of INVENTORIED)
      expect(bucketNamed(names.bucket(role)).DependsOn).toContain(bucketNamed(names.inventory(role)).id);
  });

  test("are stored by S3 for their own source and account alone", () => {
    for (const role of INVENTORIED) {
      const [allowed, ...others] = policyOf(bucketNamed(names.inventory(role))).filter(
        ({ effect }) => effect === "Allow",
      );
      expect(others).toEqual([]);
      expect(allowed?.principal).toEqual({ Service: "s3.amazonaws.com" });
      expect(allowed?.actions).toEqual(["s3:PutObject"]);
      expect(shown(allowed?.condition.ArnEquals?.["aws:SourceArn"])).toBe(names.bucketArn(role));
      expect(shown(allowed?.condition.StringEquals?.["aws:SourceAccount"])).toBe("<AWS::AccountId>");
    }
  });
});

describe("notifications", () => {
  const told = (name: string) =>
    (
      bucketNamed(name).Properties.NotificationConfiguration as {
        TopicConfigurations: readonly { Event: string; Topic: unknown; Filter?: unknown }[];
      }
    ).TopicConfigurations;

  test("are those of the local cloud, without tagging, which nothing needs", () => {
    const local = localCloud();
    for (const role of INVENTORIED) {
      const events = local(role)?.notifications.flatMap(rule => rule.events) ?? [];
      expect(told(names.bucket(role)).map(({ Event }) => Event)).toEqual(
        events.filter(event => !event.startsWith("s3:ObjectTagging")),
      );
      for (const { Topic } of told(names.bucket(role))) expect(shown(Topic)).toBe(names.topicArn("objects"));
    }
    expect(told(names.bucket("decisions"))).toMatchObject([
      { Event: "s3:ObjectCreated:*", Filter: { S3Key: { Rules: [{ Name: "prefix", Value: "dec/" }] } } },
    ]);
  });

  test.each([
    ["objects", INVENTORIED],
    ["decided", ["decisions"]],
  ] as const)("reach the topic %s from its buckets and from nobody else", (topic, roles) => {
    const { id } = made.named("AWS::SNS::Topic", "TopicName", names.topic(topic));
    const policy = made
      .all("AWS::SNS::TopicPolicy")
      .find(({ Properties }) => texts(Properties.Topics).includes(`<${id}>`));
    const allowed = statementsOf(policy?.Properties.PolicyDocument).filter(
      ({ effect }) => effect === "Allow",
    );
    expect(allowed).toHaveLength(1);
    expect(allowed[0]).toMatchObject({
      actions: ["sns:Publish"],
      principal: { Service: "s3.amazonaws.com" },
    });
    expect(texts(allowed[0]?.condition.ArnEquals?.["aws:SourceArn"])).toEqual(roles.map(names.bucketArn));
    expect(shown(allowed[0]?.condition.StringEquals?.["aws:SourceAccount"])).toBe("<AWS::AccountId>");
  });

  test("are in place only after whoever is told", () => {
    const { storage, pipeline } = made.daybook;
    expect(storage.dependencies).toContain(pipeline);
  });
});

describe("the queue of", () => {
  describe.each(["project", "place"] as const)("%s", role => {
    test("admits its topic and nobody else", () => {
      const { id } = queueNamed(names.queue(role));
      const policy = made
        .all("AWS::SQS::QueuePolicy")
        .find(({ Properties }) => texts(Properties.Queues).includes(`<${id}>`));
      const statements = statementsOf(policy?.Properties.PolicyDocument);
      const allowed = statements.filter(({ effect }) => effect === "Allow");
      const topic = made.named(
        "AWS::SNS::Topic",
        "TopicName",
        names.topic(role === "project" ? "objects" : "decided"),
      );
      expect(allowed).toMatchObject([
        { actions: ["sqs:SendMessage"], principal: { Service: "sns.amazonaws.com" } },
      ]);
      expect(shown(allowed[0]?.condition.ArnEquals?.["aws:SourceArn"])).toBe(`<${topic.id}>`);
      expect(statements.filter(({ effect }) => effect === "Deny")).toMatchObject([
        { actions: ["sqs:*"], condition: { Bool: { "aws:SecureTransport": "false" } } },
      ]);
    });

    test("gives messages five tries, and keeps dead ones longer than they can have waited", () => {
      const { RedrivePolicy, MessageRetentionPeriod } = queueNamed(names.queue(role)).Properties;
      const dead = queueNamed(`${names.queue(role)}-dead-letters`);
      expect(RedrivePolicy).toMatchObject({ maxReceiveCount: 5 });
      expect(shown((RedrivePolicy as { deadLetterTargetArn: unknown }).deadLetterTargetArn)).toBe(
        `<${dead.id}.Arn>`,
      );
      expect(dead.Properties.MessageRetentionPeriod).toBe(14 * 86_400);
      expect(Number(MessageRetentionPeriod)).toBeLessThan(14 * 86_400);
    });

    test("hides messages for six times as long as the function may work", () => {
      const { VisibilityTimeout } = queueNamed(names.queue(role)).Properties;
      const { Timeout } = made.named(
        "AWS::Lambda::Function",
        "FunctionName",
        names.function(role),
      ).Properties;
      expect(Timeout).toBe(LIVE_TIMEOUT_SECONDS);
      expect(Number(VisibilityTimeout)).toBeGreaterThanOrEqual(6 * Number(Timeout));
    });

    test("is read in batches that fail by message, with raw messages and a bound", () => {
      const { id } = queueNamed(names.queue(role));
      const mapping = made
        .all("AWS::Lambda::EventSourceMapping")
        .find(({ Properties }) => shown(Properties.EventSourceArn) === `<${id}.Arn>`);
      expect(mapping?.Properties).toMatchObject({
        BatchSize: 10,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        ScalingConfig: { MaximumConcurrency: 20 },
      });
      const subscription = made
        .all("AWS::SNS::Subscription")
        .find(({ Properties }) => shown(Properties.Endpoint) === `<${id}.Arn>`);
      const undelivered = queueNamed(`${names.queue(role)}-undelivered`);
      expect(subscription?.Properties).toMatchObject({ Protocol: "sqs", RawMessageDelivery: true });
      expect(
        shown(
          (subscription?.Properties.RedrivePolicy as { deadLetterTargetArn?: unknown } | undefined)
            ?.deadLetterTargetArn,
        ),
      ).toBe(`<${undelivered.id}.Arn>`);
    });
  });
});

describe("the table", () => {
  const table = () => made.named("AWS::DynamoDB::Table", "TableName", names.table);

  test("is the one that the local cloud makes", () => {
    const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode } = createTableInput(
      bankTable,
      "daybook",
      {},
    );
    const byName = <T extends { readonly AttributeName?: string | undefined }>(list: readonly T[] = []) =>
      [...list].sort((a, b) => ((a.AttributeName ?? "") < (b.AttributeName ?? "") ? -1 : 1));
    const { Properties } = table();
    expect(GlobalSecondaryIndexes?.length).toBeGreaterThan(4);
    expect(Properties.KeySchema).toEqual(KeySchema);
    expect(Properties.GlobalSecondaryIndexes).toEqual(GlobalSecondaryIndexes);
    expect(Properties.BillingMode).toBe(BillingMode);
    expect(byName(Properties.AttributeDefinitions as { AttributeName: string }[])).toEqual(
      byName(AttributeDefinitions),
    );
  });

  test("keeps its past, cannot be deleted, and stays", () => {
    expect(table()).toMatchObject({
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
      Properties: {
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
      },
    });
  });

  test("is backed up by its tag, which a restore hands on", () => {
    const [selection] = made.all("AWS::Backup::BackupSelection");
    expect(selection?.Properties.BackupSelection).toMatchObject({
      ListOfTags: [{ ConditionKey: "daybook:backup", ConditionValue: "yes" }],
    });
    expect(table().Properties.Tags).toContainEqual({ Key: "daybook:backup", Value: "yes" });
  });
});

describe("operations", () => {
  test("call people for everything that the design names", () => {
    const described = made.all("AWS::CloudWatch::Alarm").map(({ id }) => id.toLowerCase());
    for (const about of [
      "projectdeadletters",
      "placedeadletters",
      "projectold",
      "placeold",
      "undecided",
      "untagged",
      "chainmismatch",
      "projectthrottled",
      "tablethrottled",
      "drillfailed",
      "drillnotrun",
    ])
      expect(described.some(id => id.startsWith(about))).toBe(true);
    for (const { id, Properties } of made.all("AWS::CloudWatch::Alarm"))
      expect(texts(Properties.AlarmActions), id).toHaveLength(1);
  });

  test("are told of alarms by CloudWatch, in this account", () => {
    const { id } = made.named("AWS::SNS::Topic", "TopicName", names.topic("operators"));
    const policy = made
      .all("AWS::SNS::TopicPolicy")
      .find(({ Properties }) => texts(Properties.Topics).includes(`<${id}>`));
    expect(
      statementsOf(policy?.Properties.PolicyDocument).filter(({ effect }) => effect === "Allow"),
    ).toMatchObject([{ actions: ["sns:Publish"], principal: { Service: "cloudwatch.amazonaws.com" } }]);
  });

  test("call a drill missed that did not end within the week CloudWatch looks back", () => {
    const missed = made.all("AWS::CloudWatch::Alarm").find(({ id }) => id.startsWith("drillnotrun"));
    expect(missed?.Properties).toMatchObject({
      TreatMissingData: "breaching",
      Period: 86_400,
      EvaluationPeriods: 7,
      DatapointsToAlarm: 7,
    });
  });

  test("run on schedules", () => {
    const schedules = made
      .all("AWS::Events::Rule")
      .map(({ Properties }) => shown(Properties.ScheduleExpression));
    expect(schedules.sort()).toEqual([
      "cron(0 4 ? * SUN *)",
      "cron(20 0 * * ? *)",
      "cron(40 1 * * ? *)",
      "rate(15 minutes)",
      "rate(5 minutes)",
      "rate(6 hours)",
    ]);
  });

  test("tell the count of what is overdue how patient to be", () => {
    const patient = made
      .all("AWS::Events::Rule")
      .filter(({ Properties }) => shown(Properties.ScheduleExpression) === "rate(15 minutes)");
    expect(JSON.stringify(patient[0]?.Properties.Targets)).toContain('{\\"undecidedMinutes\\":15}');
  });

  test("have one dashboard, and logs that end, after days that CloudWatch knows", () => {
    const known = Object.values(RetentionDays).filter(days => typeof days === "number");
    expect(known).toEqual([...LOG_DAYS, RetentionDays.INFINITE]);
    expect(made.all("AWS::CloudWatch::Dashboard")).toHaveLength(1);
    for (const { id, Properties } of made.all("AWS::Logs::LogGroup"))
      expect(Properties.RetentionInDays, id).toBe(90);
    // A first deployment that is rolled back must not leave names behind that the next one needs.
    for (const { id, DeletionPolicy } of made.all("AWS::Logs::LogGroup"))
      expect(DeletionPolicy, id).toBe("RetainExceptOnCreate");
  });

  test("ask about inventories with what the command prints", () => {
    const queries = made
      .all("AWS::Athena::NamedQuery")
      .map(({ Properties }) => shown(Properties.QueryString));
    expect(queries).toHaveLength(9);
    for (const query of queries) expect(query).toContain('"dt" = ');
    const tables = made.all("AWS::Glue::Table");
    expect(tables).toHaveLength(3);
    for (const { Properties } of tables) {
      const { StorageDescriptor } = Properties.TableInput as {
        StorageDescriptor: { Location: unknown; Columns: { Name: string }[] };
      };
      expect(shown(StorageDescriptor.Location)).toMatch(
        /^s3:\/\/daybook-.*-inventory-.*\/all-versions\/hive\/$/,
      );
      expect(StorageDescriptor.Columns.map(({ Name }) => Name)).toContain("is_delete_marker");
    }
  });
});

describe("a bridge", () => {
  const bridged = () =>
    synthesize({ bridgeImage: "bridges:1", bridgeVariables: '{"HANDLER_COMMAND":"sh map.sh"}' });

  test("is there only where an image is named", () => {
    expect(
      made.all("AWS::Lambda::Function").some(({ Properties }) => Properties.PackageType === "Image"),
    ).toBe(false);
  });

  test("runs its image on events of one bucket, with a queue, a bucket and a table of its own", () => {
    const all = bridged();
    const { Properties } = all.named("AWS::Lambda::Function", "FunctionName", "daybook-bridge");
    expect(Properties).toMatchObject({
      PackageType: "Image",
      Timeout: 900,
      Environment: { Variables: { HANDLER_COMMAND: "sh map.sh" } },
    });
    const queue = all.named("AWS::SQS::Queue", "QueueName", "daybook-bridge");
    expect(queue.Properties.VisibilityTimeout).toBe(6 * 900);
    const subscription = all
      .all("AWS::SNS::Subscription")
      .find(({ Properties }) => shown(Properties.Endpoint) === `<${queue.id}.Arn>`);
    expect(subscription?.Properties.FilterPolicyScope).toBe("MessageBody");
    expect(JSON.stringify(subscription?.Properties.FilterPolicy)).toContain("daybook-archive-");
    const alarms = all.all("AWS::CloudWatch::Alarm").filter(({ id }) => id.startsWith("bridge"));
    expect(alarms.map(({ Properties }) => JSON.stringify(Properties.Dimensions)).sort()).toEqual([
      expect.stringContaining("queuedeadletters"),
      expect.stringContaining("queueundelivered"),
    ]);
    for (const { Properties } of alarms)
      expect(texts(Properties.AlarmActions)).toEqual([expect.stringMatching(/:daybook-operators$/)]);
    expect(violationsIn(all.daybook.app)).toEqual([]);
  });
});

const violationsIn = (scope: IConstruct) =>
  new AwsSolutionsChecks(scope)
    .validateScope(scope)
    .violations.flatMap(({ ruleName, violatingResources = [] }) =>
      violatingResources.map(({ resourceLogicalId }) => `${ruleName} ${resourceLogicalId}`),
    );

describe("the checks of AWS Solutions", () => {
  test("find nothing that no reason is given for", () => {
    expect(violationsIn(made.daybook.app)).toEqual([]);
  });

  test("would find a queue without TLS", () => {
    const stack = new Stack(new App(), "x");
    new Queue(stack, "queue");
    expect(violationsIn(stack).join()).toContain("SQS4");
  });
});

test("names neither an account nor a Region", () => {
  const all = JSON.stringify(made.daybook.app.synth().stacks.map(({ template }) => template));
  expect(all.match(/\b\d{12}\b/g)).toBeNull();
  expect(all.match(/\b(us|eu|ap|sa|ca|me|af)-(north|south|east|west|central)[a-z]*-\d\b/g)).toBeNull();
});

test("every function runs alike", () => {
  const functions = made.all("AWS::Lambda::Function");
  expect(functions).toHaveLength(11);
  for (const { id, Properties } of functions)
    expect(Properties, id).toMatchObject({
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
      TracingConfig: { Mode: "Active" },
    });
});
