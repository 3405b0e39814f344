/**
 * What to do after a refusal that is told in the words of Codis, which say only what is wrong. Command lines of today
 * add the next command; those of Codis, and the HTTP APIs, keep the words as they are.
 */

const STEPS: readonly (readonly [refusal: RegExp, step: string])[] = [
  [/^group-\[(\d+)\] is empty(?:: add a server first)?$/, "first: codis server add $1 HOST:PORT"],
  [/^group-\[(\d+)\] can't remove master, .*the slots.* first$/, "codis rebalance --drain $1"],
  [
    /^group-\[(\d+)\] can't remove master, .*its replicas first$/,
    "or make one of them the master: codis group promote $1 HOST:PORT",
  ],
  [/^group-\[(\d+)\] can't promote master$/, "the server is the master already"],
  [
    /^group-\[(\d+)\] is promoting$/,
    "another master is being made; wait until codis group show $1 says that it is over",
  ],
];

/** The end of the line, after the refusal and a semicolon; undefined: nothing is known. */
export function nextStepAfter(refusal: string): string | undefined {
  for (const [pattern, step] of STEPS) {
    const match = pattern.exec(refusal);
    if (match !== null) {
      return step.replace("$1", match[1] ?? "");
    }
  }
  return undefined;
}
