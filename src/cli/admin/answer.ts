/**
 * What an order prints: JSON as Codis writes it, or nothing after a change, as the original.
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
