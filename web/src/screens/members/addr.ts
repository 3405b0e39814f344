/**
 * Addresses of servers: whether a text looks like one, before the dashboard is asked, which checks it fully; and how
 * one is written in a path. Pure.
 */

/** `host:port` or `[ipv6]:port`. */
export function isAddr(text: string): boolean {
  const match = /^(?:\[[0-9a-f:.]+\]|[^\s:[\]]+):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[1]);
  return match !== null && port >= 1 && port <= 65_535;
}

/** An address as a part of a path: colons may stay, and are easier to read in logs. */
export function pathPart(addr: string): string {
  return encodeURIComponent(addr).replaceAll("%3A", ":");
}
