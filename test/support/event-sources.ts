import type { EventSources } from "../../src/ports/event-sources.ts";

/** One event source for each function, that comes to its new state at once. `before`: awaited first, with that state. */
export const openSources = (before: (isEnabled: boolean) => Promise<void> = async () => {}) => {
  const disabled = new Set<string>();
  const sources: EventSources = {
    of: async functionName => {
      const state = disabled.has(functionName) ? "Disabled" : "Enabled";
      return [{ id: functionName, functionName, sourceArn: `arn:${functionName}`, state }];
    },
    enable: async (id, isEnabled) => {
      await before(isEnabled);
      if (isEnabled) disabled.delete(id);
      else disabled.add(id);
    },
  };
  return { sources, isOn: (): boolean => disabled.size === 0, isOff: (): boolean => disabled.size === 2 };
};

/** The functions that consume, as `Consumers` names them. */
export const FUNCTIONS = ["daybook-project", "daybook-place"] as const;
