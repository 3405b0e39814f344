/**
 * What an order prints, as the original: JSON in the form of Codis, indented by four, or nothing at all after a
 * change.
 */
import { encodeJson } from "../../api/error-form.ts";

/** JSON for stdout. */
export function show(value: unknown): string {
  return `${encodeJson(value)}\n`;
}

/** Waits for a change; there is nothing to print. */
export async function done(call: Promise<unknown>): Promise<string> {
  await call;
  return "";
}
