/**
 * A table of rules: the first row that applies decides. What may destroy data is judged by such tables
 * (`follow-rules.ts`, `lead-rules.ts`), so that each reason has a name, a place in an order, and a test. Pure.
 */

/** One rule. `Case`: what it looks at. */
export interface Rule<Case, Kind extends string> {
  readonly kind: Kind;
  readonly applies: (found: Case) => boolean;
  readonly text: (found: Case) => string;
}

/** What a table says. */
export interface RuleVerdict<Kind extends string, Name extends string> {
  readonly kind: Kind;
  /** The row that decided. */
  readonly rule: Name;
  /** One line: why not, and what to do. Empty when nothing is against it. */
  readonly text: string;
}

/** `rules` in the order in which they are asked; `otherwise`: the row for whatever no other row is for. */
export function firstRule<Case, Kind extends string, Name extends string>(
  rules: Readonly<Record<Name, Rule<Case, Kind>>>,
  otherwise: NoInfer<Name>,
  found: Case,
): RuleVerdict<Kind, Name> {
  const names = Object.keys(rules) as Name[];
  const rule = names.find((name) => rules[name].applies(found)) ?? otherwise;
  const { kind, text } = rules[rule];
  return { kind, rule, text: text(found) };
}
