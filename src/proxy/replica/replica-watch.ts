/**
 * Looks at the replicas that a worker may read from, and at their masters, once a second each, and says which
 * replicas may be used: INFO replication of the master first, then of its replicas, so that one that has caught up
 * is known to have everything of a moment ago.
 *
 * Has no timer of its own: the worker's tick drives it. A server has at most one look under way, one that hangs
 * holds up no other, and those that can't be reached rest longer and longer (`ServerConnection`).
 */
import { parseInfo } from "../../redis/info.ts";
import { type ReplicationFacts, replicationOf } from "../../redis/replication.ts";
import { textOf } from "../../redis/reply.ts";
import { ServerConnection } from "../../redis/server-connection.ts";
import { OffsetSamples } from "./offset-samples.ts";
import { WatchedReplica } from "./watched-replica.ts";

/** Between two looks at one server. */
const LOOK_PERIOD_MS = 1000;
/** Connecting, and each answer. */
const LOOK_TIMEOUT_MS = 1000;

/** Something that looks at one server. */
export interface ServerLook {
  /** Rejects when the server doesn't answer in time, or with nonsense. */
  facts(): Promise<ReplicationFacts | undefined>;
  close(): void;
}

/** As whom to log in; may change at any time. */
export interface WatchLogin {
  /** Empty: the default user. */
  readonly user: string;
  readonly password: string;
}

/** What a watch needs. */
export interface ReplicaWatchOptions {
  /** A replica that lags more isn't used. */
  readonly lagMaxMs: number;
  readonly connect: (addr: string) => ServerLook;
  /** The monotonic clock, the one of `tick`. */
  readonly now: () => number;
  /** Which replicas may be used has changed; `fault` is "" for one that may be used from now on. */
  readonly onChange: (replica: string, master: string, fault: string) => void;
}

/** One server and the look at it. */
interface LookedAt {
  readonly look: ServerLook;
  isBusy: boolean;
}

/** A replica with what was said of it last. */
interface ReplicaEntry extends LookedAt {
  readonly state: WatchedReplica;
  fault: string;
}

/** A master and those that should follow it. */
interface WatchedGroup extends LookedAt {
  readonly master: string;
  readonly samples: OffsetSamples;
  readonly replicas: Map<string, ReplicaEntry>;
  dueMs: number;
}

/** How one replica is doing, for metrics. */
export interface WatchedLag {
  readonly addr: string;
  readonly isUsable: boolean;
  /** Infinity while it isn't known. */
  readonly lagMs: number;
}

/** Looks through a connection of the control plane's client; `name` is what CLIENT LIST of the server shows. */
export function lookThrough(addr: string, login: WatchLogin, name: string): ServerLook {
  return new ConnectionLook(addr, login, name);
}

class ConnectionLook implements ServerLook {
  readonly #addr: string;
  readonly #login: WatchLogin;
  readonly #name: string;
  #user = "";
  #password = "";
  #connection: ServerConnection | undefined;

  constructor(addr: string, login: WatchLogin, name: string) {
    this.#addr = addr;
    this.#login = login;
    this.#name = name;
  }

  async facts(): Promise<ReplicationFacts | undefined> {
    const text = textOf(await this.#connect().call(["INFO", "replication"]));
    return text === undefined ? undefined : replicationOf(parseInfo(text));
  }

  close(): void {
    this.#connection?.close();
  }

  #connect(): ServerConnection {
    const { user, password } = this.#login;
    const isSame = user === this.#user && password === this.#password;
    if (this.#connection !== undefined && isSame) return this.#connection;
    this.#connection?.close();
    this.#user = user;
    this.#password = password;
    this.#connection = new ServerConnection({
      addr: this.#addr,
      user: user === "" ? undefined : user,
      password,
      name: this.#name,
      connectTimeoutMs: LOOK_TIMEOUT_MS,
      callTimeoutMs: LOOK_TIMEOUT_MS,
    });
    return this.#connection;
  }
}

/** See the file head. */
export class ReplicaWatch {
  /** See `ReadSource.floorMs`. */
  floorMs = Number.NEGATIVE_INFINITY;
  readonly #options: ReplicaWatchOptions;
  readonly #groups = new Map<string, WatchedGroup>();
  #isClosed = false;

  constructor(options: ReplicaWatchOptions) {
    this.#options = options;
  }

  /** Masters, each with the replicas to look at; the others are forgotten. Without any nothing runs. */
  setGroups(groups: ReadonlyMap<string, ReadonlySet<string>>): void {
    for (const [master, group] of this.#groups) {
      const wanted = groups.get(master);
      for (const [addr, replica] of group.replicas) {
        if (wanted?.has(addr) === true) continue;
        replica.look.close();
        group.replicas.delete(addr);
      }
      if (wanted !== undefined) continue;
      group.look.close();
      this.#groups.delete(master);
    }
    for (const [master, addrs] of groups) {
      const group = this.#groups.get(master) ?? this.#addGroup(master);
      for (const addr of addrs) {
        if (!group.replicas.has(addr)) group.replicas.set(addr, this.#createReplica(addr));
      }
    }
  }

  /** Whether reads may go to the replica, and it has everything that its master had at `sinceMs`. */
  isUsable(master: string, addr: string, sinceMs: number): boolean {
    const replica = this.#groups.get(master)?.replicas.get(addr);
    return replica !== undefined && replica.fault === "" && replica.state.freshMs >= sinceMs;
  }

  /** The server has shown that it can't serve reads: not used before a look that begins later finds it well. */
  suspend(addr: string): void {
    const nowMs = this.#options.now();
    for (const group of this.#groups.values()) group.replicas.get(addr)?.state.suspend(nowMs);
    this.#judge(nowMs);
  }

  /** About ten times a second: looks that are due, and what time alone has changed. */
  tick(nowMs: number): void {
    for (const group of this.#groups.values()) {
      if (nowMs < group.dueMs) continue;
      group.dueMs = nowMs + LOOK_PERIOD_MS;
      void this.#lookAt(group);
    }
    this.#judge(nowMs);
  }

  /** Every replica once for each master that it is looked at for. */
  lags(): readonly WatchedLag[] {
    const nowMs = this.#options.now();
    return [...this.#groups.values()].flatMap((group) =>
      [...group.replicas.values()].map(({ state, fault }) => ({
        addr: state.addr,
        isUsable: fault === "",
        lagMs: nowMs - state.freshMs,
      })),
    );
  }

  close(): void {
    this.#isClosed = true;
    this.setGroups(new Map());
  }

  #addGroup(master: string): WatchedGroup {
    const group: WatchedGroup = {
      master,
      look: this.#options.connect(master),
      isBusy: false,
      samples: new OffsetSamples(),
      replicas: new Map(),
      dueMs: Number.NEGATIVE_INFINITY,
    };
    this.#groups.set(master, group);
    return group;
  }

  #createReplica(addr: string): ReplicaEntry {
    return {
      look: this.#options.connect(addr),
      isBusy: false,
      state: new WatchedReplica(addr),
      fault: "it wasn't looked at yet",
    };
  }

  /** Never rejects. Replicas are looked at also when their master doesn't answer. */
  async #lookAt(group: WatchedGroup): Promise<void> {
    const { now } = this.#options;
    if (!group.isBusy) {
      const atMs = now();
      const facts = await factsOf(group);
      if (facts?.role === "master" && facts.offset !== undefined) {
        group.samples.add(facts.streamId, facts.offset, atMs);
      }
    }
    for (const replica of group.replicas.values()) {
      if (!replica.isBusy) void this.#lookAtReplica(group, replica);
    }
  }

  async #lookAtReplica(group: WatchedGroup, replica: ReplicaEntry): Promise<void> {
    const atMs = this.#options.now();
    const facts = await factsOf(replica);
    replica.state.note(facts, atMs, group.master, group.samples);
    this.#judge(this.#options.now());
  }

  /**
   * Whom reads may go to now. One that comes back waits until it has everything that the others had when sessions
   * forgot their own writes; the floor stands still until then.
   */
  #judge(nowMs: number): void {
    if (this.#isClosed) return;
    const { lagMaxMs, onChange } = this.#options;
    const faults = new Map<ReplicaEntry, string>();
    let floorMs = Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) {
      for (const replica of group.replicas.values()) {
        const fault = replica.state.faultAt(nowMs, lagMaxMs);
        faults.set(replica, fault);
        if (fault === "") floorMs = Math.min(floorMs, replica.state.freshMs);
      }
    }
    if (floorMs !== Number.POSITIVE_INFINITY) this.floorMs = Math.max(this.floorMs, floorMs);
    const changed: (() => void)[] = [];
    for (const group of this.#groups.values()) {
      for (const replica of group.replicas.values()) {
        const found = faults.get(replica) ?? "";
        const isBehind = found === "" && replica.state.freshMs < this.floorMs;
        const fault = isBehind ? "it has yet to catch up with the others" : found;
        const before = replica.fault;
        replica.fault = fault;
        if ((before === "") !== (fault === "")) {
          changed.push(() => onChange(replica.state.addr, group.master, fault));
        }
      }
    }
    for (const tell of changed) tell();
  }
}

/** Undefined when the look failed. */
async function factsOf(server: LookedAt): Promise<ReplicationFacts | undefined> {
  server.isBusy = true;
  try {
    return await server.look.facts();
  } catch {
    // Only time tells: what was seen before is believed for a while.
    return undefined;
  } finally {
    server.isBusy = false;
  }
}
