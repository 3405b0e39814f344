/**
 * `MIGRATE host port "" db timeout [COPY] [AUTH pass | AUTH2 user pass] KEYS key …` of stock Redis (3.0.6 and
 * later; AUTH2 since 6.0), as both movers send it: the one in proxies and the one in the dashboard.
 *
 * Never with REPLACE: a key that is on both sides is told apart by the mover, not overwritten. The database of
 * the source is the one that the connection has selected; the target's is given here, the same one.
 */

/** Where keys go and how to log in there. */
export interface MigrateTarget {
  readonly host: string;
  readonly port: number;
  /** For AUTH2; empty: AUTH with the password alone. */
  readonly user: string;
  /** Empty: no login. */
  readonly password: string;
}

/** How keys go. */
export interface MigrateOptions {
  readonly db: number;
  /** Longest wait of the source for the target, for each step of the transfer, milliseconds, at least 1. */
  readonly timeoutMs: number;
  /** The source keeps its keys; the mover unlinks them once a replica of the target has them. */
  readonly isCopy: boolean;
}

/** The arguments, command name first; `keys` holds at least one, each once, or none for a caller that adds them. */
export function migrateRequest(
  target: MigrateTarget,
  options: MigrateOptions,
  keys: readonly Uint8Array[],
): readonly (string | Uint8Array)[] {
  const { host, port, user, password } = target;
  const login = password === "" ? [] : user === "" ? ["AUTH", password] : ["AUTH2", user, password];
  return [
    "MIGRATE",
    host,
    String(port),
    "",
    String(options.db),
    String(options.timeoutMs),
    ...(options.isCopy ? ["COPY"] : []),
    ...login,
    "KEYS",
    ...keys,
  ];
}
