/**
 * The running processes of a local cluster: starts them in order (coordinator, masters, replicas, sentinels,
 * dashboard, proxies), starts those again that die, and ends all in the opposite order.
 *
 * Invariant: after `close` has resolved, no process that was started here is left.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { CodisError, messageOf } from "../base/error.ts";
import { Child, type ExitReason, KILLED } from "./child.ts";
import type { ClusterLayout } from "./layout.ts";
import { listMembers, MEMBER_KINDS, type Member, type MemberKind } from "./member.ts";
import { findMemberReadiness, type Readiness } from "./probe.ts";
import { endProcesses, type FoundProcess, listProcesses, type ProcessId } from "./process-table.ts";
import { followedPort, nextConfigText } from "./server-member.ts";
import { canBeReplaced, MASTER_AWAY_MS, waitForTurn } from "./server-return.ts";

/** A proxy finishes what is in flight, a server writes its append-only file. */
const END_GRACE_MS = 15_000;
const END_REPEAT_MS = 500;
/** More deaths of one process than this within the window end the cluster. */
const RESTARTS_MAX = 5;
const RESTART_WINDOW_MS = 60_000;
const RESTART_DELAY_MIN_MS = 100;
const RESTART_DELAY_MAX_MS = 5_000;

/** Where the cluster's life is told, one line at a time. */
export type Report = (line: string) => void;

/** What `Cluster` is made of. */
export interface ClusterOptions {
  /** Absolute. */
  readonly dir: string;
  readonly layout: ClusterLayout;
  /** Absolute path of `bin/codis`, or of the single executable. */
  readonly launcher: string;
  /** More flags for the proxies. */
  readonly proxyFlags: readonly string[];
  /** Called when all processes are there and the dashboard leads: tells it what it doesn't know yet. */
  readonly build: () => Promise<void>;
  readonly report: Report;
}

/** All processes of one cluster. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #children = new Map<string, Child>();
  readonly #deathsAtMs = new Map<string, number[]>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #failed = Promise.withResolvers<CodisError>();
  #isClosing = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Resolves when a process dies so often that the cluster has to be given up. */
  get failed(): Promise<CodisError> {
    return this.#failed.promise;
  }

  /** Resolves when every process serves. Throws `SERVER_START_FAILED`; the caller then closes. */
  async start(): Promise<void> {
    const { dir, layout, launcher } = this.#options;
    const members = listMembers(dir, layout, launcher);
    for (const wave of wavesOf(members)) {
      const started = this.#isClosing ? [] : wave.map((member) => this.#spawn(member));
      await allOf(started.map((child) => this.#waitUntilReady(child, enoughAtStart(child.member))));
      for (const child of started) {
        this.#watch(child);
      }
    }
    if (this.#isClosing) {
      return;
    }
    await this.#options.build();
    const proxies = [...this.#children.values()].filter((child) => child.member.kind === "proxy");
    await allOf(proxies.map((child) => this.#waitUntilServing(child)));
  }

  /** Ends all, those first that need the others. May be called at any time. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    const children = [...this.#children.values()];
    for (const kind of MEMBER_KINDS.toReversed()) {
      const ids = children
        .filter((child) => child.member.kind === kind)
        .flatMap((child) => child.id ?? []);
      const killed = await endProcesses(ids, END_GRACE_MS, repeatMsOf(kind));
      for (const child of children.filter((one) => killed.includes(one.id?.pid ?? 0))) {
        this.#options.report(`${child.member.name} had to be killed`);
      }
    }
  }

  #spawn(member: Member): Child {
    const child = new Child(this.#prepare(member));
    this.#children.set(member.name, child);
    return child;
  }

  /** Writes the configuration file; returns the member with the flags of this start. */
  #prepare(member: Member): Member {
    mkdirSync(member.folder, { recursive: true, mode: 0o700 });
    writeFileSync(member.configPath, textAtStart(member), { mode: 0o600 });
    return member.kind === "proxy"
      ? { ...member, command: [...member.command, ...this.#options.proxyFlags] }
      : member;
  }

  #waitUntilReady(child: Child, enough: Readiness = "yes"): Promise<void> {
    return child.waitUntilReady(() => {
      this.#options.report(`${child.member.name} reads its data`);
    }, enough);
  }

  /** False: a proxy that the operator has removed from the dashboard gets no slots; told, but no failure. */
  async #waitUntilServing(child: Child): Promise<boolean> {
    try {
      // A replica whose master is away is there; the dashboard tells it whom to follow.
      await this.#waitUntilReady(child, child.member.kind === "server" ? "waiting" : "yes");
      return true;
    } catch (thrown) {
      const { member, id } = child;
      if (id === undefined || (await findMemberReadiness(member, id.pid)) !== "waiting") {
        throw thrown;
      }
      this.#options.report(
        `${member.name} has no slots, because the dashboard doesn't know it; bring it back with: ` +
          `codis proxy add 127.0.0.1:${member.adminPort}`,
      );
      return false;
    }
  }

  #watch(child: Child): void {
    child.gone.then((reason) => {
      if (!this.#isClosing) {
        this.#onDeath(child, reason);
      }
    });
  }

  #onDeath(child: Child, reason: ExitReason): void {
    const { name, port, logPath } = child.member;
    const nowMs = performance.now();
    const recent = (this.#deathsAtMs.get(name) ?? []).filter(
      (atMs) => nowMs - atMs < RESTART_WINDOW_MS,
    );
    recent.push(nowMs);
    this.#deathsAtMs.set(name, recent);
    // Nobody can log anything about its own SIGKILL: the last lines are about something else.
    const tail = reason === KILLED ? "" : `; see ${logPath}: ${child.logTail()}`;
    const what = `${name} (127.0.0.1:${port}) ended: ${reason}${tail}`;
    if (recent.length > RESTARTS_MAX) {
      const times = `${recent.length} times within ${RESTART_WINDOW_MS / 1000} s`;
      this.#failed.resolve(new CodisError("SERVER_START_FAILED", `${what}; that was ${times}`));
      return;
    }
    const delayMs = Math.min(RESTART_DELAY_MIN_MS * 2 ** (recent.length - 1), RESTART_DELAY_MAX_MS);
    const canWait = canBeReplaced(this.#options.layout, child.member);
    const when = canWait
      ? `when it isn't the master any more, or in ${MASTER_AWAY_MS / 1000} s`
      : `in ${delayMs} ms`;
    const count = `${recent.length} of ${RESTARTS_MAX}`;
    this.#options.report(`${what}; it is started again ${when} (${count})`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (canWait) {
        void this.#restartInTurn(child.member);
      } else {
        this.#restart(child.member);
      }
    }, delayMs);
    this.#timers.add(timer);
  }

  async #restartInTurn(member: Member): Promise<void> {
    try {
      await waitForTurn(this.#options.layout, member, () => this.#isClosing);
    } catch (thrown) {
      // Its file can't be read or written: it is started as it is.
      this.#options.report(`${member.name}: ${messageOf(thrown)}`);
    }
    if (!this.#isClosing) {
      this.#restart(member);
    }
  }

  #restart(member: Member): void {
    let child: Child;
    try {
      child = new Child(member);
    } catch (thrown) {
      this.#failed.resolve(
        new CodisError("SERVER_START_FAILED", `${member.name}: ${messageOf(thrown)}`),
      );
      return;
    }
    this.#children.set(member.name, child);
    this.#watch(child);
    this.#waitUntilServing(child).then(
      (isServing) => {
        if (isServing) {
          this.#options.report(`${member.name} serves again`);
        }
      },
      () => {
        // A process that ended is counted by its watcher; one that hangs is ended, and counted then.
        if (child.id !== undefined && !this.#isClosing) {
          endProcesses([child.id], END_GRACE_MS).catch((thrown) => {
            this.#options.report(`${member.name} can't be ended: ${messageOf(thrown)}`);
          });
        }
      },
    );
  }
}

/** What is started together: kind after kind, of the servers first those that follow nobody. */
function wavesOf(members: readonly Member[]): readonly (readonly Member[])[] {
  return MEMBER_KINDS.flatMap((kind) => {
    const ofKind = members.filter((member) => member.kind === kind);
    const isFollower = (member: Member): boolean => followedPort(textAtStart(member)) !== 0;
    return kind === "server"
      ? [ofKind.filter((member) => !isFollower(member)), ofKind.filter(isFollower)]
      : [ofKind];
  });
}

function textAtStart(member: Member): string {
  const { configPath } = member;
  return nextConfigText(
    member,
    existsSync(configPath) ? readFileSync(configPath, "utf8") : undefined,
  );
}

/**
 * A proxy gets its slots from the dashboard, which has to know it first. So does a replica that the dashboard knows
 * get its master, when a failover has changed it.
 */
function enoughAtStart({ kind, isKnown }: Member): Readiness {
  return kind === "proxy" || (kind === "server" && isKnown === true) ? "waiting" : "yes";
}

/** All are waited for even if one fails, so that close() meets no half-started ones. */
async function allOf(waits: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(waits);
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) {
    throw failure.reason;
  }
}

/**
 * Ends processes that belong to the cluster but to no running `codis up`, in the usual order: what a
 * crash left behind. Resolves with their number.
 */
export async function endLeftovers(
  dir: string,
  layout: ClusterLayout,
  launcher: string,
): Promise<number> {
  const members = listMembers(dir, layout, launcher);
  let count = 0;
  for (const kind of MEMBER_KINDS.toReversed()) {
    const processes = listProcesses();
    const ids: ProcessId[] = members
      .filter((member) => member.kind === kind)
      .flatMap((member) => findMemberProcesses(member, processes));
    await endProcesses(ids, END_GRACE_MS, repeatMsOf(kind));
    count += ids.length;
  }
  return count;
}

/** Servers of Redis may refuse SIGTERM once; ours take the second one as "at once". */
function repeatMsOf(kind: MemberKind): number | undefined {
  return kind === "server" || kind === "sentinel" ? END_REPEAT_MS : undefined;
}

/** The processes among those found that are this member. */
export function findMemberProcesses(
  member: Member,
  processes: readonly FoundProcess[],
): readonly FoundProcess[] {
  return processes.filter((found) => member.isCommandLine(found.args));
}
