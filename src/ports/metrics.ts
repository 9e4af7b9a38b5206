/** Where a function counts what people should be told of. */
export interface Metrics {
  /** Adds a value of a metric; the names are in PascalCase, and alarms know them. */
  count(name: string, value: number): void;
}

export const silentMetrics: Metrics = { count: () => {} };
