/**
 * Stores what the sentinels have decided: finds the new master in its group, makes sure that it says it is one, stores
 * it (which tells the proxies), and writes the story. What was decided while no dashboard ran is found in the same way.
 *
 *     a majority's answer -> a server of the group, by address, else by run id
 *     -> a failover that counts (`MasterWords`) -> turn of the group -> it says that it is a master
 *     -> lead confirmed -> stored -> proxies -> other replicas
 *
 * A master that isn't in the group is reported and left alone, and so is one that says it is a replica: what the
 * sentinels know is out of date then. One that doesn't answer is asked again with the next view, every few seconds.
 */
import { isCodisError, messageOf } from "../../../base/error.ts";
import { switchMaster } from "../../../model/change/master.ts";
import { type GroupRecord, masterAddrOf } from "../../../model/group.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { AgreedMaster, SentinelView } from "../../../sentinel/agreement.ts";
import type { MasterWords, SentinelWord } from "../../../sentinel/master-words.ts";
import { askServer, isSameAddr } from "../../../sentinel/same-server.ts";
import type { AvailabilityParts, FailoverBook, FailoverStory, ReplicaFollow } from "../contract.ts";

/** What following needs. */
export interface SwitchFollowParts extends AvailabilityParts {
  readonly book: FailoverBook;
  readonly follow: ReplicaFollow;
  readonly words: MasterWords;
  /** A switch waits for something; views are wanted more often. */
  readonly onUnsettled: () => void;
}

/** Looks in a row at a server that says it is a replica, until the sentinels' word is taken for out of date. */
const REPLICA_LOOKS_MAX = 3;

/** See the file head. */
export class SwitchFollow {
  readonly #parts: SwitchFollowParts;
  /** Groups whose switch is being stored. */
  readonly #running = new Map<number, Promise<void>>();
  /** By group: how often in a row the sentinels' master said that it is a replica. */
  readonly #replicaLooks = new Map<number, number>();
  /** By group: the address outside the group that was reported. */
  readonly #strangers = new Map<number, string>();
  /** By group: which sentinel told first of a switch that isn't stored yet, and when. */
  readonly #events = new Map<number, { readonly sentinel: string; readonly atMs: number }>();
  #waiting: SentinelView | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: SwitchFollowParts) {
    this.#parts = parts;
  }

  /** A sentinel says that it has switched a group. */
  noteEvent(groupId: number, sentinel: string): void {
    if (!this.#events.has(groupId)) {
      this.#events.set(groupId, { sentinel, atMs: this.#parts.clock.nowMs() });
    }
  }

  /** What a majority says now; looked at soon, one after the other, the newest only. */
  see(view: SentinelView): void {
    this.#waiting = view;
    this.#looking ??= this.#lookAll().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Whether what the sentinels say of the group is known to be out of date. */
  isRefuted(groupId: number): boolean {
    return (this.#replicaLooks.get(groupId) ?? 0) >= REPLICA_LOOKS_MAX;
  }

  /** One line for each group whose master, as sentinels say, isn't one of its servers. */
  strangers(): readonly string[] {
    return [...this.#strangers].map(
      ([groupId, addr]) =>
        `group ${groupId}: the sentinels made ${addr} its master, which isn't one of its servers`,
    );
  }

  /** Resolves when nothing is being looked at or stored any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting = undefined;
    await this.#looking;
    await Promise.all(this.#running.values());
  }

  async #lookAll(): Promise<void> {
    for (let view = this.#waiting; view !== undefined; view = this.#waiting) {
      this.#waiting = undefined;
      try {
        await this.#look(view);
      } catch (error) {
        this.#parts.log.error("sentinels.look_failed", messageOf(error), { error });
      }
    }
  }

  async #look(view: SentinelView): Promise<void> {
    const { words, topology } = this.#parts;
    const { groups } = topology.snapshot();
    const heard = new Map<number, SentinelWord>();
    for (const [groupId, agreed] of view.masters) {
      const group = groups.get(groupId);
      const addr = group === undefined ? undefined : await this.#findServer(group, agreed);
      if (addr !== undefined) {
        heard.set(groupId, { addr, epoch: agreed.epoch });
      }
    }
    words.heard(heard);
    for (const groupId of heard.keys()) {
      const agreed = view.masters.get(groupId);
      if (words.switchedTo(groupId) === undefined) {
        this.#settle(groupId);
      } else if (agreed !== undefined) {
        this.#begin(groupId, agreed);
      }
    }
  }

  #settle(groupId: number): void {
    this.#replicaLooks.delete(groupId);
    this.#events.delete(groupId);
  }

  /** The group's server that the sentinels mean, as it is stored. */
  async #findServer(group: GroupRecord, agreed: AgreedMaster): Promise<string | undefined> {
    const addrs = group.servers.map(({ addr }) => addr);
    const known = addrs.includes(agreed.addr)
      ? agreed.addr
      : ((await findAsync(addrs, (addr) => isSameAddr(addr, agreed.addr))) ??
        (await this.#findByRunId(addrs, agreed)));
    if (known !== undefined) {
      this.#strangers.delete(group.id);
    } else if (this.#strangers.get(group.id) !== agreed.addr && group.servers.length > 0) {
      this.#strangers.set(group.id, agreed.addr);
      this.#parts.log.error(
        "sentinels.stranger",
        `the sentinels made ${agreed.addr} the master of group ${group.id}, which isn't one of its ` +
          "servers: add it, or resync the sentinels",
        { group: group.id, epoch: agreed.epoch },
      );
    }
    return known;
  }

  /** Servers may announce an address that nobody has stored. */
  async #findByRunId(
    addrs: readonly string[],
    { addr, runId }: AgreedMaster,
  ): Promise<string | undefined> {
    const { config, serverFigures } = this.#parts;
    const meant = runId === "" ? (await askServer(addr, config.productAuth))?.runId : runId;
    if (meant === undefined || meant === "") {
      return undefined;
    }
    const figures = serverFigures();
    return (
      addrs.find((one) => figures.get(one)?.info?.["run_id"] === meant) ??
      (await findAsync(
        addrs,
        async (one) => (await askServer(one, config.productAuth))?.runId === meant,
      ))
    );
  }

  #begin(groupId: number, agreed: AgreedMaster): void {
    if (this.#running.has(groupId) || this.#isClosed) {
      return;
    }
    const { turns, log } = this.#parts;
    const work = turns
      .run(groupId, () => this.#store(groupId, agreed))
      .catch((error: unknown) => {
        log.error("sentinels.switch_failed", `group ${groupId}: ${messageOf(error)}`, { error });
        this.#parts.onUnsettled();
      })
      .finally(() => this.#running.delete(groupId));
    this.#running.set(groupId, work);
  }

  /** In the group's turn. What was true before it may not be any more. */
  async #store(groupId: number, agreed: AgreedMaster): Promise<void> {
    const { topology, words, confirm } = this.#parts;
    const group = topology.snapshot().groups.get(groupId);
    const to = words.switchedTo(groupId);
    const isOpen = group?.promoting.state === "" && to !== undefined && !this.#isClosed;
    if (!isOpen || masterAddrOf(group) === to || !(await this.#isMaster(groupId, to))) {
      return;
    }
    await confirm();
    const story = this.#parts.book.begin({
      groupId,
      kind: "sentinel",
      from: masterAddrOf(group),
      to,
    });
    this.#tellDecision(story, groupId, agreed, to);
    try {
      await this.#carryOut(story, groupId, to);
    } catch (thrown) {
      await story.end("failed", messageOf(thrown));
      throw thrown;
    }
    this.#settle(groupId);
  }

  async #isMaster(groupId: number, addr: string): Promise<boolean> {
    const { config, log, onUnsettled } = this.#parts;
    const server = await askServer(addr, config.productAuth);
    if (server?.role === "master") {
      this.#replicaLooks.delete(groupId);
      return true;
    }
    if (server?.role === "slave") {
      this.#replicaLooks.set(groupId, (this.#replicaLooks.get(groupId) ?? 0) + 1);
    }
    const what = server === undefined ? "doesn't answer" : `says that it is a ${server.role}`;
    log.warn("sentinels.switch_waits", `sentinels made ${addr} a master, but it ${what}`, {
      group: groupId,
    });
    onUnsettled();
    return false;
  }

  #tellDecision(story: FailoverStory, groupId: number, agreed: AgreedMaster, to: string): void {
    const event = this.#events.get(groupId);
    if (event === undefined) {
      story.note("detected", "", say("story.differs", {}));
    } else {
      const agoMs = Math.max(0, this.#parts.clock.nowMs() - event.atMs);
      story.note("detected", event.sentinel, say("story.switch", { ms: agoMs }));
    }
    for (const { sentinel, addr, epoch } of agreed.votes) {
      story.note("vote", sentinel, say("vote.sentinel", { addr, epoch }));
    }
    story.note("decided", to, say("story.epoch", { epoch: agreed.epoch }));
  }

  async #carryOut(story: FailoverStory, groupId: number, to: string): Promise<void> {
    const { topology, whenSynced, config, follow, proxyFigures } = this.#parts;
    const ahead = new Set(
      [...proxyFigures().values()]
        .filter(({ stats }) => stats?.sentinels.switched === true)
        .map(({ token }) => token),
    );
    const { revision } = await topology.commit(`sentinels made ${to} master of ${groupId}`, (now) =>
      switchMaster(now, groupId, to),
    );
    story.note("stored", to, say("story.revision", { revision }));
    const report = await whenSynced(revision, config.proxyPushTimeoutMs);
    for (const token of report.synced) {
      const code = ahead.has(token) ? "story.itself" : "story.was-told";
      story.note("switched", token, say(code, {}));
    }
    for (const { token, reason } of report.failed) {
      story.note("note", token, say("story.unknown", { why: reason }));
    }
    // Sentinels do this by themselves; what they have done already costs nothing.
    for (const line of await follow.follow(groupId, story)) {
      story.note("note", "", line);
    }
    await story.end("done");
    this.#parts.log.warn("sentinels.stored", `${to} is the master of group ${groupId} now`, {
      group: groupId,
      proxies_failed: report.failed.length,
    });
  }
}

/** Whether a failure only means that somebody else leads now. */
export function isLeadLost(thrown: unknown): boolean {
  return isCodisError(thrown, "LEADERSHIP_LOST", "COORDINATOR_UNREACHABLE", "DASHBOARD_CLOSED");
}

/** The first for which the answer is yes; asked one after the other. */
async function findAsync(
  addrs: readonly string[],
  ask: (addr: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const addr of addrs) {
    if (await ask(addr)) {
      return addr;
    }
  }
  return undefined;
}
