/**
 * The reason that was typed for the change under way. Every call of that change carries it, whichever dialog makes the
 * call, so that none can forget it. A dialog is modal, so there is one change at a time that has a reason.
 */

const state: { reason: string | undefined } = { reason: undefined };

/** Runs a change; its calls carry the reason. Rejects as the change does. */
export async function withReason<T>(
  reason: string | undefined,
  change: () => Promise<T>,
): Promise<T> {
  state.reason = reason;
  try {
    return await change();
  } finally {
    state.reason = undefined;
  }
}

/** Header of a call that changes something: percent-encoded, as the API asks for; none without a reason. */
export function reasonHeader(): Readonly<Record<string, string>> {
  const { reason = "" } = state;
  return reason === "" ? {} : { "x-codis-reason": encodeURIComponent(reason) };
}
