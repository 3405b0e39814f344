/**
 * The coordinator: where the topology of a product is kept, who leads it, and which proxies are there. One
 * contract with four implementations (`filesystem/`, `zookeeper/`, `etcd/`, `memory/`); one suite of tests,
 * `test/contract`, holds all of them to what is written here.
 *
 * A node is a text under an absolute path (`/codis3/demo/slots/slot-0000`; bounds in `node-check.ts`). Inner
 * nodes come with what is under them and may stay when it goes; never give an inner node a text, or a node
 * with a text children: not all can hold both. Nothing here knows what the texts mean.
 *
 * Failures are `CodisError`s: COORDINATOR_UNREACHABLE (may be tried again; a write may or may not have
 * happened; also after `close`), COORDINATOR_REFUSED (login, rights), COORDINATOR_CONFLICT (a version didn't
 * fit; nothing of that chunk was written), COORDINATOR_FULL (disk or quota), LEADER_EXISTS, LEADERSHIP_LOST,
 * ARGUMENT_INVALID (see `node-check.ts`; nothing was written).
 */

/** Bound of one operation, reconnecting included, unless the opener says otherwise; milliseconds. */
export const OPERATION_TIMEOUT_MS = 10_000;

/** Names one content of a node; opaque, compared with `===` only. Never equal to `ABSENT` or `ANY`. */
export type NodeVersion = string;

/** As the expected version: there must be no such node. */
export const ABSENT = "absent";
/** As the expected version: whatever is there is replaced. */
export const ANY = "any";

/** A node that was read. */
export interface CoordinatorNode {
  readonly path: string;
  readonly data: string;
  readonly version: NodeVersion;
}

/** One change of one node. */
export interface NodeWrite {
  readonly path: string;
  /** The new text; undefined deletes the node (deleting what isn't there is fine with `ANY` only). */
  readonly data: string | undefined;
  /** A version that was read, `ABSENT` or `ANY`. */
  readonly expected: NodeVersion;
}

/** Reads nodes. */
export interface NodeReader {
  /** undefined when there is no such node, or only an inner node without a text. */
  get(path: string): Promise<CoordinatorNode | undefined>;
  /** Names (last part of the path) of the children, in order of their bytes; empty when there are none. */
  list(path: string): Promise<readonly string[]>;
  /** All children that have a text, in order of their names. One that vanishes meanwhile is left out. */
  readChildren(path: string): Promise<readonly CoordinatorNode[]>;
}

/** Writes nodes. */
export interface NodeWriter {
  /**
   * Applies the writes in their order, in chunks; a chunk happens whole or not at all, and a crash leaves
   * a prefix of the chunks. Resolves when all are durable, with the new version of each (undefined for a
   * deleted node). A first chunk holds at least one write; how many more is the implementation's affair.
   */
  write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]>;
}

/** Tells of changes until it is closed. */
export interface Watch {
  close(): void;
}

/** A node that is there as long as this process lives and `close` wasn't called. */
export interface Registration {
  /** Whether the node is known to be there now; false while the connection is being renewed. */
  isRegistered(): boolean;
  /** Removes the node. */
  close(): Promise<void>;
}

/** Asks for the leadership of a product. */
export interface LeadershipRequest {
  /** The node that is the lock: `/codis3/{product}/topom`. */
  readonly lockPath: string;
  /** Its text: who leads. */
  readonly data: string;
  /** The node with the epoch, a decimal number: `/codis-ext/{product}/epoch`. */
  readonly epochPath: string;
  /** A leader that gives no sign of life for so long loses the lock. */
  readonly leaseMs: number;
}

/** The right to change a product, until it is lost or given back. */
export interface Leadership extends NodeWriter {
  /** Larger than that of every leader before. */
  readonly epoch: number;
  /** Resolves, with one line for people, when the leadership is lost; never after `release`. */
  readonly lost: Promise<string>;
  /** Whether it is held as far as this process can know without asking: false once the lease has run out
   * on the monotonic clock, for example after the process was frozen. */
  isHeld(): boolean;
  /** Asks the coordinator. Throws LEADERSHIP_LOST. */
  confirm(): Promise<void>;
  /**
   * As `NodeWriter.write`, and every chunk is written only while this epoch is the newest; else throws
   * LEADERSHIP_LOST and nothing of that chunk is written.
   */
  write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]>;
  /** Gives the lock back at once, so that the next leader needn't wait. Never throws. */
  release(): Promise<void>;
}

/** How a registration is kept. */
export interface RegistrationOptions {
  /** How long the node may outlive its process, milliseconds. */
  readonly ttlMs: number;
  /** Gets one line each time that it can't be kept. */
  readonly onProblem?: (line: string) => void;
}

/** A connection to a coordinator. Reconnects by itself, with backoff, until it is closed. */
export interface Coordinator extends NodeReader, NodeWriter {
  /** `zookeeper 127.0.0.1:2181`, for messages; without passwords. */
  readonly label: string;
  /**
   * Takes the lock if it is free or its holder is gone. Throws LEADER_EXISTS otherwise, with `holder` (the
   * text of the lock) and `isForeign` (true: left by a program whose lock doesn't end with its life, as an
   * original dashboard's; it is never taken over) in its context.
   */
  lead(request: LeadershipRequest): Promise<Leadership>;
  /**
   * Calls back after the node or one of its children was written, made or removed; at least once after the
   * last of several changes, and once after a connection was renewed. Never calls from inside `watch`.
   */
  watch(path: string, onChange: () => void): Watch;
  /**
   * Keeps a node that lives as long as this process: made as soon as the coordinator can be reached, made
   * again after a lost session or when somebody deletes it. Its end is seen within `ttlMs` of a kill -9. It
   * replaces the node of a process before, which needn't have ended yet. A bad path is thrown at once.
   */
  register(path: string, data: string, options: RegistrationOptions): Registration;
  /** Ends registrations, watches and the connection. A leadership that is still held is released. */
  close(): Promise<void>;
}
