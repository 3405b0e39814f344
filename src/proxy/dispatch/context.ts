/**
 * Contracts between the dispatch stage and the handlers of commands that are not simply forwarded.
 *
 * The hot path never comes here: a request for one backend is copied raw (see `dispatcher.ts`). A command
 * that the proxy answers itself (`local/`) or that concerns all groups (`shards/`) is rare; its arguments
 * are copied into an `argv` and its handler may await. The session stops reading until the reply is
 * there, and such a handler starts only when the session has nothing in flight, so order is kept.
 */

/** RESP protocol version of a session, 2 or 3. */
export type ProtocolVersion = 2 | 3;

/** Arguments of one request, the command name first; copies, owned by the handler. */
export type Argv = readonly Buffer[];

/** One group's master as the slot table names it. */
export interface Shard {
  readonly groupId: number;
  /** `host:port` of the master. */
  readonly addr: string;
}

/**
 * What a handler may ask of the groups. Every call resolves with one whole raw RESP reply, in the
 * protocol asked for; a failure of the backend is an error reply as well (`-ERR handle response, …`),
 * so nothing here rejects. Calls to one shard keep their order among themselves and with the forwarded
 * requests of the same session (they travel on the same connection).
 */
export interface ShardCaller {
  /** The distinct masters that own at least one slot now, ordered by group id. */
  shards(): readonly Shard[];
  /** The shard that owns the slot; undefined when the slot is offline. */
  shardOfSlot(slotId: number): Shard | undefined;
  /** Group id that a migrating slot is moved from, 0 when it isn't moving. */
  migrateFromOfSlot(slotId: number): number;
  /** Number of slots: 1024, 2048 or 4096. */
  readonly slotCount: number;
  /** Grows with each change of the slot table. */
  readonly revision: number;
  /** Ids of the groups that received at least one slot after the given revision. */
  groupsThatReceivedSince(revision: number): readonly number[];
  /** The master of a group in the current table; also of one that slots are moved from. */
  shardOfGroup(groupId: number): Shard | undefined;
  /** Sends one command on the shared connection of (shard, db, proto). */
  call(
    shard: Shard,
    db: number,
    proto: ProtocolVersion,
    argv: readonly (string | Uint8Array)[],
  ): Promise<Buffer>;
  /**
   * Sends one command on a dedicated connection that is opened, logged in, switched to the database and
   * closed for this call (WAIT and the like).
   */
  callDedicated(
    shard: Shard,
    db: number,
    proto: ProtocolVersion,
    argvs: readonly (readonly (string | Uint8Array)[])[],
    timeoutMs: number,
  ): Promise<readonly Buffer[]>;
}

/** How replies of a session are treated (CLIENT REPLY). */
export type ReplyMode = "on" | "off" | "skip";

/** The state of a session that handlers see and change. One object for each session. */
export interface ClientState {
  /** Unique over all workers of this proxy, as CLIENT ID answers. */
  readonly id: number;
  /** Peer as `ip:port`, or `path:0` for unix sockets. */
  readonly addr: string;
  readonly laddr: string;
  readonly createdAtMs: number;
  lastRequestAtMs: number;
  /** Lower-case name of the last command, with `|subcommand`. */
  lastCommand: string;
  db: number;
  proto: ProtocolVersion;
  name: string;
  libName: string;
  libVersion: string;
  isAuthenticated: boolean;
  replyMode: ReplyMode;
  /** `wantsReplicas`: reads may go to replicas (READONLY), where the proxy and the product allow it. */
  readonly route: { wantsReplicas: boolean };
  /** Groups that the session has written to, for WAIT. */
  readonly writtenGroups: Set<number>;
  /** Bytes: unparsed input, and output not yet taken by the socket. */
  inputBytes(): number;
  outputBytes(): number;
  /** Requests read and not yet answered. */
  inFlightCount(): number;
  /** Closes the session once the reply of the running handler is written (QUIT, CLIENT KILL of oneself). */
  closeAfterReply(): void;
  /** Closes at once (CLIENT KILL by another). */
  closeNow(reason: string): void;
}

/** One line of CLIENT LIST, from any worker. */
export interface ClientInfo {
  readonly id: number;
  readonly addr: string;
  readonly laddr: string;
  readonly name: string;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
  readonly db: number;
  readonly proto: ProtocolVersion;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly lastCommand: string;
  readonly libName: string;
  readonly libVersion: string;
}

/** Which sessions CLIENT KILL and CLIENT LIST mean; absent fields match everything. */
export interface ClientFilter {
  readonly ids?: readonly number[];
  readonly addr?: string;
  readonly laddr?: string;
  /** `normal`, `master`, `replica`, `pubsub`: only `normal` exists here until pub/sub comes. */
  readonly type?: string;
  readonly user?: string;
  /** Kills only sessions that are at least this old, in seconds. */
  readonly maxAgeSeconds?: number;
  /** The asking session is spared (`SKIPME yes`). */
  readonly exceptId?: number;
}

/** The sessions of all workers. */
export interface ClientDirectory {
  list(filter: ClientFilter): Promise<readonly ClientInfo[]>;
  /** Resolves with the number of sessions closed. */
  kill(filter: ClientFilter): Promise<number>;
}

/** Figures of the proxy for INFO, merged over workers. */
export interface ProxyFigures {
  readonly uptimeSeconds: number;
  readonly workerCount: number;
  readonly sessionsAlive: number;
  readonly sessionsTotal: number;
  readonly sessionsRejected: number;
  readonly opsTotal: number;
  readonly opsFails: number;
  readonly opsRedisErrors: number;
  readonly opsPerSecond: number;
  readonly residentBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly slotsOffline: number;
  readonly slotsLocked: number;
}

/** Everything that handlers get besides the session and the arguments. */
export interface HandlerEnv {
  readonly shards: ShardCaller;
  readonly clients: ClientDirectory;
  readonly figures: () => Promise<ProxyFigures>;
  readonly settings: {
    readonly productName: string;
    readonly sessionAuth: string;
    readonly databaseCount: number;
    readonly version: string;
    readonly proxyAddr: string;
    readonly proxyMaxClients: number;
    /** Idle timeout of sessions, milliseconds, 0 is never (CONFIG GET timeout). */
    readonly sessionRecvTimeoutMs: number;
    readonly crossSlotSameGroup: boolean;
    /** What sessions begin with that say nothing (READONLY, READWRITE). */
    readonly readsFromReplicas: boolean;
  };
  /** False while a master of the product lacks HELLO (the original codis-server): `HELLO 3` answers NOPROTO. */
  readonly isResp3Available: () => boolean;
  /** Remembers a script body so that EVALSHA finds it on every backend; returns nothing, bounded inside. */
  readonly rememberScript: (sha1: string, body: Buffer) => void;
  /** Resolves when no worker loads a script of before any more. */
  readonly forgetScripts: () => void | Promise<void>;
}

/**
 * Answers one command. The result is one whole raw RESP reply, in the protocol of the session *after*
 * the command ran (HELLO answers in the new protocol). Never throws for bad input: that is an error reply.
 */
export type CommandHandler = (
  client: ClientState,
  argv: Argv,
  env: HandlerEnv,
) => Uint8Array | Promise<Uint8Array>;
