/**
 * What to show for a server of a group: whether it answered, and whether it is the master or follows the
 * master that the topology says. From the statistics as the old API has them (`stats.group.stats` of
 * `GET /topom`), ours or an original dashboard's. Pure; for the command lines, the console and the dashboard.
 */

/** One server in `stats.group.stats`, the JSON of Codis 3.2. */
export interface ServerLook {
  /** INFO as one record; missing when the last look failed. */
  readonly stats?: Readonly<Record<string, string>>;
  /** What the last look failed with. A look that took too long has `timeout` and no error. */
  readonly error?: unknown;
  /** Seconds since 1970. */
  readonly unixtime: number;
  readonly timeout?: boolean;
}

/** `unknown`: not looked at yet. `role-differs`: it answers, but isn't what it should be. */
export type ServerStatus = "ok" | "error" | "timeout" | "unknown" | "role-differs";

/** How a server stands. */
export interface ServerJudgement {
  readonly status: ServerStatus;
  /** What Codis's `--group-status` has in brackets: `[ ]` fine, `[E]`, `[T]`, `[?]`, `[X]`. */
  readonly mark: string;
  /** `host:port:link` of the master that it follows, `NO:ONE` for a master; undefined without an answer. */
  readonly master: string | undefined;
  /** One line for people. */
  readonly text: string;
}

/** What Codis shows as the master of a master. */
export const NO_MASTER = "NO:ONE";

/**
 * Judges a server that should follow `expectedMaster` (`host:port`), or be a master when that is undefined.
 * `stats` is undefined when the dashboard has nothing on it yet.
 */
export function judgeServer(
  stats: ServerLook | undefined,
  expectedMaster: string | undefined,
): ServerJudgement {
  if (stats === undefined) {
    return { status: "unknown", mark: "[?]", master: undefined, text: "not looked at yet" };
  }
  if (stats.error !== undefined && stats.error !== null) {
    return { status: "error", mark: "[E]", master: undefined, text: errorText(stats.error) };
  }
  if (stats.timeout === true || stats.stats === undefined) {
    return { status: "timeout", mark: "[T]", master: undefined, text: "doesn't answer in time" };
  }
  return judgeRole(stats.stats, expectedMaster);
}

function judgeRole(
  info: Readonly<Record<string, string>>,
  expectedMaster: string | undefined,
): ServerJudgement {
  const masterAddr = info["master_addr"];
  const link = info["master_link_status"] ?? "";
  const master = masterAddr === undefined ? NO_MASTER : `${masterAddr}:${link}`;
  if (master === (expectedMaster === undefined ? NO_MASTER : `${expectedMaster}:up`)) {
    const text = expectedMaster === undefined ? "master" : `replica of ${expectedMaster}`;
    return { status: "ok", mark: "[ ]", master, text };
  }
  const is = masterAddr === undefined ? "is a master" : `is a replica of ${masterAddr}`;
  const wanted =
    expectedMaster === undefined ? "should be a master" : `should follow ${expectedMaster}`;
  const text =
    masterAddr !== undefined && masterAddr === expectedMaster
      ? `${is}, but the link is ${link === "" ? "unknown" : link}`
      : `${is}, but ${wanted}`;
  return { status: "role-differs", mark: "[X]", master, text };
}

/** Codis's errors are objects with a `Cause`. */
function errorText(error: unknown): string {
  if (typeof error === "object" && error !== null && "Cause" in error) {
    return String(error.Cause);
  }
  return typeof error === "string" ? error : JSON.stringify(error);
}
