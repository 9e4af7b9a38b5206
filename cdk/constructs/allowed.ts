import { PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import { acknowledge } from "./acknowledge.ts";

/** What a role is allowed. `why`: the reason where a resource has a wildcard; without one the checks find it. */
export type Allowed = {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly why?: string;
};

/**
 * Allows a role something, and gives the reasons for the wildcards in it.
 *
 * `shown`: the same again, by the names that the checks use for account and Region.
 */
export const allow = (role: Role, allowed: readonly Allowed[], shown: readonly Allowed[]): void => {
  for (const { actions, resources, conditions } of allowed)
    if (actions.length > 0)
      role.addToPolicy(
        new PolicyStatement({
          actions: [...actions],
          resources: [...resources],
          ...(conditions !== undefined && { conditions }),
        }),
      );
  for (const { actions, resources, why } of shown)
    for (const resource of resources)
      if (why !== undefined && actions.length > 0 && resource.includes("*"))
        acknowledge(role, `AwsSolutions-IAM5[Resource::${resource}]`, why);
};

/** Of tracing and log delivery, which the constructs add by themselves. */
export const acknowledgeTracing = (role: Role): void =>
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "Tracing by X-Ray, the delivery of logs and the listing of event source mappings know no resources.",
  );
