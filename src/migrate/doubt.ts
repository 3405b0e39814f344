/**
 * In doubt: a MIGRATE that ended in IOERR leaves bytes that may wait in a socket (of a frozen target, of the
 * network) and be carried out later, after a client's DEL: the deleted key would come back (design section 8).
 * Until that can't happen any more nobody may use what was moved over this pair of servers.
 *
 * How everybody learns of it: the source counts its IOERR replies (`errorstat_IOERR` of `INFO errorstats`,
 * Redis 7.0 and later, tried). Every mover reads the count right behind each of its MIGRATEs, on the same
 * connection. A count that differs from the one at which this mover last made sure means: some mover was in
 * doubt, perhaps another one. A first look trusts a count of 0 of a source that runs for
 * `TRUSTED_UPTIME_SECONDS`; any other count, and every new connection after one that was lost with a MIGRATE
 * under way, is a doubt.
 *
 * How a doubt ends: on the target, connections that such bytes may still come from are killed until two
 * listings, `LISTING_PAUSE_MS` apart, show none (`findSuspects`). The count that holds afterwards is the one
 * that was read *before* the first of the two listings; read it again behind the second, and begin anew when
 * it grew meanwhile.
 */

/** Between two listings of connections that must both be clean. */
export const LISTING_PAUSE_MS = 1_000;
/** Bytes that a source sent before its restart have long arrived or been dropped after so long. */
export const TRUSTED_UPTIME_SECONDS = 10;

/** A mover's connections have names with this beginning, in proxies and dashboard. */
export const MOVER_NAME_PREFIX = "codis-mover-";

/** Commands that the connection of a pending transfer may have run last; NULL: none yet. */
const SUSPECT_COMMANDS = new Set([
  ...["NULL", "auth", "select", "restore", "restore-asking"],
  // Of servers that move keys with the slot commands of codis-server.
  ...["slotsrestore", "slotsrestore-async", "slotsrestore-async-auth", "slotsrestore-async-select"],
]);

/** IOERR replies since the source began to count; NaN when the text can't tell (a server that is too old,
 * or one whose error counters overflowed). `text` is the reply to `INFO errorstats`. */
export function ioErrorCountOf(text: string): number {
  if (
    !text.startsWith("# Errorstats") ||
    /^errorstat_ERRORSTATS_(?:OVERFLOW|DISABLED):/m.test(text)
  ) {
    return Number.NaN;
  }
  const found = /^errorstat_IOERR:count=(\d+)/m.exec(text);
  return found === null ? 0 : Number(found[1]);
}

/**
 * Ids (for `CLIENT KILL ID`) of the connections in the reply to `CLIENT LIST TYPE normal` of a target over
 * which a transfer may still come: without a name, and with nothing but commands of a transfer behind them.
 * From any address: behind a relay or an address translation the source's isn't known. What else has no name
 * and has done nothing yet is cut as well, and can connect again.
 */
export function findSuspects(clientList: string): readonly string[] {
  const ids: string[] = [];
  for (const line of clientList.split("\n")) {
    const fields = new Map(
      line
        .trim()
        .split(" ")
        .map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]),
    );
    const id = fields.get("id");
    if (
      id !== undefined &&
      fields.get("name") === "" &&
      SUSPECT_COMMANDS.has(fields.get("cmd") ?? "")
    ) {
      ids.push(id);
    }
  }
  return ids;
}

/** Ids of the connections in a reply to `CLIENT LIST` whose name begins with `prefix` and passes the test. */
export function findNamed(
  clientList: string,
  prefix: string,
  isWanted: (name: string) => boolean = () => true,
): readonly string[] {
  const ids: string[] = [];
  for (const line of clientList.split("\n")) {
    const name = /(?:^| )name=(\S*)/.exec(line)?.[1] ?? "";
    const id = /(?:^| )id=(\d+)/.exec(line)?.[1];
    if (id !== undefined && name.startsWith(prefix) && isWanted(name)) {
      ids.push(id);
    }
  }
  return ids;
}
