/**
 * A command that the table doesn't know (a module's, or one of a later Redis): whether it can be
 * forwarded is decided from what a server's COMMAND INFO says of it.
 *
 * Only what is certain is forwarded: keys at fixed positions, and no effect on the connection or on the
 * server as a whole, because connections to the servers are shared by all sessions.
 */

/** One element of COMMAND INFO, decoded by the caller. */
export interface CommandInfo {
  readonly firstKey: number;
  readonly lastKey: number;
  readonly keyStep: number;
  /** Lower case, without a prefix. */
  readonly flags: readonly string[];
}

/** How to route a command that a server described; the numbers are for `findRangeKeys`. */
export interface LearntCommand {
  readonly canForward: true;
  readonly firstKey: number;
  readonly lastKey: number;
  readonly keyStep: number;
  /** False only when the server flags it `readonly`: then a replica may answer it. */
  readonly isWrite: boolean;
}

/** Why a command that a server described can't be forwarded. */
export interface RefusedCommand {
  readonly canForward: false;
  /** The end of a sentence that begins with the command's name. */
  readonly reason: string;
}

/** Flags that keep a command from a shared connection, and why. */
const REASON_BY_FLAG: ReadonlyMap<string, string> = new Map([
  ["admin", "administers a server"],
  ["blocking", "may block its connection"],
  ["pubsub", "subscribes or publishes"],
  ["movablekeys", "has keys at positions that its name doesn't tell"],
]);

/**
 * Whether an unknown command can be forwarded, and where its keys are. Arguments of the answer hold for
 * every later request with this name, on all servers of the same version.
 */
export function unknownCommandKeys(info: CommandInfo): LearntCommand | RefusedCommand {
  for (const flag of info.flags) {
    const reason = REASON_BY_FLAG.get(flag);
    if (reason !== undefined) return { canForward: false, reason };
  }
  const { firstKey, lastKey, keyStep } = info;
  if (firstKey <= 0) return { canForward: false, reason: "has no key" };
  const isRange = keyStep >= 1 && (lastKey < 0 || lastKey >= firstKey);
  if (!isRange) return { canForward: false, reason: "describes its keys wrongly" };
  const isWrite = !info.flags.includes("readonly");
  return { canForward: true, firstKey, lastKey, keyStep, isWrite };
}
