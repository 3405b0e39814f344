/**
 * JSON as Go's encoder indents it: what the programs of Codis write to the coordinator and answer over
 * HTTP. The same value gives the same bytes there and here, so a node that both write doesn't change for
 * nothing.
 */

/** Value as JSON, indented by 4, without a newline at its end; `<`, `>` and `&` are escaped as in Go. */
export function encodeGoJson(value: unknown): string {
  return JSON.stringify(value, undefined, 4).replace(/[<>&\u2028\u2029]/g, escapeChar);
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
