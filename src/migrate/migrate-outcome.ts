/**
 * What a reply to MIGRATE says about its keys. With several keys the source handles each by itself: what the
 * target took is gone from the source (unless COPY), and the reply tells the first error only; the others may
 * have failed for another reason or be moved. So after any error the keys have to be looked at.
 *
 * Texts as redis-server 7.0 answers them (tried); those behind "Target instance replied with error: " are the
 * target's own and may come from any version.
 */

/** See `outcomeOf`. */
export type MigrateOutcome =
  /** Every key that was at the source is at the target now. */
  | "moved"
  /** No key was at the source. */
  | "nothing"
  /** A key is on both sides. */
  | "busy-key"
  /** The target is over its maxmemory. */
  | "target-full"
  /** The target doesn't know the format of the payload: it is older than the source. */
  | "payload-unknown"
  /** The target refused the login or the right to RESTORE. */
  | "target-denied"
  /** The target can't take writes now: loading, a replica, its disk or its replicas are not well. */
  | "target-unready"
  /**
   * The source lost the target under way: the keys are still at the source, and bytes of the transfer may
   * reach the target at any later time. See `doubt.ts`.
   */
  | "in-doubt"
  /** The source itself can't: it is loading, a replica, busy with a script, or refuses the command. */
  | "source-refused"
  /** Any other error of the target; the keys it is about are still at the source. */
  | "failed";

const TARGET_ERROR = "ERR Target instance replied with error: ";

/** `text` is the reply: of a status or error, without its type byte and line end. */
export function outcomeOf(isError: boolean, text: string): MigrateOutcome {
  if (!isError) {
    return text === "NOKEY" ? "nothing" : "moved";
  }
  if (text.startsWith("IOERR ")) {
    return "in-doubt";
  }
  if (!text.startsWith(TARGET_ERROR)) {
    return "source-refused";
  }
  const cause = text.slice(TARGET_ERROR.length);
  if (cause.startsWith("BUSYKEY")) {
    return "busy-key";
  }
  if (cause.startsWith("OOM ")) {
    return "target-full";
  }
  if (/DUMP payload version|Bad data format/.test(cause)) {
    return "payload-unknown";
  }
  if (/^(?:NOAUTH|WRONGPASS|NOPERM|ERR AUTH|ERR invalid password)/.test(cause)) {
    return "target-denied";
  }
  return /^(?:LOADING|READONLY|MISCONF|NOREPLICAS|MASTERDOWN|BUSY) /.test(cause)
    ? "target-unready"
    : "failed";
}

/** Outcomes that name an error of the target. */
const TARGET_ERRORS: ReadonlySet<MigrateOutcome> = new Set<MigrateOutcome>([
  ...(["busy-key", "target-full", "payload-unknown"] as const),
  ...(["target-denied", "target-unready", "failed"] as const),
]);
/**
 * Of the timeout. The source counts in whole milliseconds of a clock that may be set, and gives up up to a
 * millisecond early (seen); a false alarm costs only the cut of one connection.
 */
const HIDDEN_TIMEOUT_SHARE = 0.5;

/**
 * Whether a timeout may hide behind an error of the target: the source tells the first error only, and gave up
 * waiting for the rest of the batch, which is in doubt then (`doubt.ts`) though no IOERR was counted.
 * `tookMs`: from sending the MIGRATE to its reply; `timeoutMs`: its own timeout.
 */
export function mayHideTimeout(
  outcome: MigrateOutcome,
  tookMs: number,
  timeoutMs: number,
): boolean {
  return TARGET_ERRORS.has(outcome) && tookMs >= timeoutMs * HIDDEN_TIMEOUT_SHARE;
}

/** The target's own words in an error of MIGRATE; the whole text when it isn't the target's. */
export function causeOf(text: string): string {
  return text.startsWith(TARGET_ERROR) ? text.slice(TARGET_ERROR.length) : text;
}
