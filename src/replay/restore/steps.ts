/** The steps in their order. Each may be done again: what it wrote is found. Source: ruling 27. */
export const STEPS = [
  "check",
  "halt",
  "marker",
  "base",
  "collect",
  "seal",
  "survey",
  "catalogue",
  "undo",
  "guards",
  "pointer",
  "resume",
] as const;
export type Step = (typeof STEPS)[number];

/** Told how far a restore is: the step it begins, and how much of it is done, in its own unit. */
export type OnStep = (step: Step, done?: number) => void;
