/**
 * A change over an old API between its two halves: its arguments are read and good, but nothing is done yet, so
 * that the audit log has it first.
 */
import type { LeaderControl } from "../../control.ts";
import type { PathParams } from "./argument.ts";

/** A change whose arguments are good. */
export interface PreparedChange {
  /** For the audit log. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The answer; undefined: that it is done. */
  readonly run: () => Promise<unknown>;
}

/** Reads the arguments. Throws ARGUMENT_INVALID or BODY_INVALID. */
export type Prepare = (leader: LeaderControl, params: PathParams, body: string) => PreparedChange;
