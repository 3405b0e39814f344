/**
 * What clients are told of requests that a move of their slot keeps from being carried out: that they may try again,
 * or what the target has said to a key. A request that gets one of these was not carried out anywhere.
 *
 * Texts are one line, and of characters that may stand in an error reply.
 */
import type { Refusal } from "../mover/wanted-key.ts";

/** The command may touch keys that it doesn't name. */
export const CANNOT_NAME = Buffer.from(
  "-TRYAGAIN the slot is being moved and the command may use keys that it doesn't name, try again later\r\n",
);

/** The request has waited for too long; why its keys haven't arrived, in one line, if that is known. */
export function tryAgainReply(trouble: string | undefined): Buffer {
  const why = trouble === undefined ? "" : ` (${trouble.replace(/[^\x20-\x7e]/g, " ")})`;
  return Buffer.from(
    `-TRYAGAIN the slot is being moved and its keys haven't arrived in time${why}, try again\r\n`,
  );
}

/** What the target said to a key. */
export function refusalReply(refusal: Refusal | undefined): Buffer {
  const text = refusal?.text ?? "ERR the key can't be moved to its new server";
  return Buffer.from(`-${text}\r\n`, "latin1");
}
