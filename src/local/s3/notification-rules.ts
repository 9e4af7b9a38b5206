import type { NotificationRule } from "./s3-types.ts";

/** `s3:ObjectCreated:*` covers `ObjectCreated:Put`; a name without a star covers only itself. */
const covers = (pattern: string, eventName: string): boolean => {
  const name = pattern.startsWith("s3:") ? pattern.slice(3) : pattern;
  return name.endsWith(":*") ? eventName.startsWith(name.slice(0, -1)) : name === eventName;
};

/** The rules an event of this key is published for. Prefix and suffix are compared with the decoded key. */
export const matchingRules = (
  rules: readonly NotificationRule[],
  eventName: string,
  key: string,
): readonly NotificationRule[] =>
  rules.filter(
    rule =>
      rule.events.some(pattern => covers(pattern, eventName)) &&
      key.startsWith(rule.prefix ?? "") &&
      key.endsWith(rule.suffix ?? ""),
  );
