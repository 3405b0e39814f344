/**
 * How handlers reach the groups: single commands on the shared backend connections, awaited.
 *
 * Everything resolves with a raw reply; what goes wrong is an error reply, as the client would get it.
 * A request in a full backend queue is sent all the same: handlers are few and each session runs one.
 */

import { dial } from "../../net/socket.ts";
import { encodeRequest } from "../../resp/inline-request.ts";
import { ReplyScanner } from "../../resp/reply-scanner.ts";
import { GATE_CLOSED, GATE_OPEN, socketAddrOf } from "../backend/backend.ts";
import { handshakeSteps } from "../backend/handshake.ts";
import { CallbackReply } from "../reply/reply-sink.ts";
import { type Router, SLOT_SERVED } from "../router/router.ts";
import { HOLD_TIMED_OUT } from "../router/slot-hold.ts";
import type { ProtocolVersion, Shard, ShardCaller } from "./context.ts";
import { REPLY_CONN_RESET, REPLY_SLOT_OFFLINE } from "./reply-text.ts";

/** Requests of handlers are counted with the command that the client sent, not one by one. */
const COMMAND_NONE = -1;
const MINUS = 45;

/** See the file head. One for each worker. */
export class RouterShardCaller implements ShardCaller {
  readonly #router: Router;
  #shards: Shard[] = [];
  #shardsRevision = -1;

  constructor(router: Router) {
    this.#router = router;
  }

  get slotCount(): number {
    return this.#router.slotCount;
  }

  get revision(): number {
    return this.#router.revision;
  }

  shards(): readonly Shard[] {
    if (this.#shardsRevision !== this.#router.revision) {
      const byAddr = new Map<string, Shard>();
      for (const record of this.#router.records) {
        if (record.backendAddr === "" || byAddr.has(record.backendAddr)) continue;
        byAddr.set(record.backendAddr, {
          groupId: record.backendAddrGroupId,
          addr: record.backendAddr,
        });
      }
      this.#shards = [...byAddr.values()].sort(
        (a, b) => a.groupId - b.groupId || (a.addr < b.addr ? -1 : 1),
      );
      this.#shardsRevision = this.#router.revision;
    }
    return this.#shards;
  }

  shardOfSlot(slotId: number): Shard | undefined {
    const record = this.#router.records[slotId];
    if (record === undefined || record.backendAddr === "") return undefined;
    return { groupId: record.backendAddrGroupId, addr: record.backendAddr };
  }

  /** See `FindShard` of `unknown-command.ts`: while the slot moves its keys are moved first. */
  async shardForKeys(slotId: number, db: number, keys: readonly Buffer[]): Promise<Shard | Buffer> {
    const { moving, slotStates } = this.#router;
    const slot = moving.slot(slotId);
    const shard = this.shardOfSlot(slotId);
    if (shard === undefined) return REPLY_SLOT_OFFLINE;
    if (slot === undefined) {
      return slotStates[slotId] === SLOT_SERVED ? shard : REPLY_SLOT_OFFLINE;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const origin = { seq: 0, sinceMs: performance.now(), wake: resolve };
    const wait = moving.waitForKeys([{ slot, names: keys }], db, origin);
    if (wait === undefined) return shard;
    await promise;
    if (wait.isMoved) return shard;
    if (wait.refusal !== undefined) return Buffer.from(`-${wait.refusal.text}\r\n`, "latin1");
    return moving.tryAgain(wait.trouble);
  }

  migrateFromOfSlot(slotId: number): number {
    const record = this.#router.records[slotId];
    return record === undefined || record.migrateFrom === "" ? 0 : record.migrateFromGroupId;
  }

  groupsThatReceivedSince(revision: number): readonly number[] {
    return this.#router.groupsThatReceivedSince(revision);
  }

  shardOfGroup(groupId: number): Shard | undefined {
    const owner = this.shards().find((shard) => shard.groupId === groupId);
    if (owner !== undefined) return owner;
    // A group that owns nothing any more still has the keys of the slots that leave it.
    const source = this.#router.records.find((record) => record.migrateFromGroupId === groupId);
    return source === undefined || source.migrateFrom === ""
      ? undefined
      : { groupId, addr: source.migrateFrom };
  }

  call(
    shard: Shard,
    db: number,
    proto: ProtocolVersion,
    argv: readonly (string | Uint8Array)[],
  ): Promise<Buffer> {
    // Who owns what isn't known for certain.
    if (this.#router.isSuspended) return Promise.resolve(HOLD_TIMED_OUT);
    const backend = this.#router.backend(shard.addr, db, proto, 0);
    const nowMs = performance.now();
    if (backend.gate !== GATE_OPEN) backend.wake(nowMs);
    if (backend.gate === GATE_CLOSED) return Promise.resolve(REPLY_CONN_RESET);
    return new Promise((resolve) => {
      const frame = encodeRequest(argv);
      backend.push(new CallbackReply(resolve), 0, COMMAND_NONE, nowMs);
      backend.append(frame, 0, frame.length);
    });
  }

  async callDedicated(
    shard: Shard,
    db: number,
    proto: ProtocolVersion,
    argvs: readonly (readonly (string | Uint8Array)[])[],
    timeoutMs: number,
  ): Promise<readonly Buffer[]> {
    const settings = { ...this.#router.backend(shard.addr, db, proto, 0).settings };
    const steps = handshakeSteps(settings);
    const replies = new DedicatedReplies(steps.length + argvs.length);
    try {
      const connection = await dial(
        socketAddrOf(shard.addr),
        { timeoutMs: settings.dialTimeoutMs, keepAliveMs: 0 },
        replies,
      );
      const frames = [...steps.map((step) => step.frame), ...argvs.map(encodeRequest)];
      for (const frame of frames) connection.append(frame, 0, frame.length);
      const timer = setTimeout(() => replies.give("timeout"), timeoutMs);
      const got = await replies.done;
      clearTimeout(timer);
      connection.destroy();
      const refused = steps.findIndex(
        (step, i) => step.name === "AUTH" && (got[i] as Buffer)[0] === MINUS,
      );
      // Without a login nothing else was done: its error is the result.
      if (refused !== -1) return argvs.map(() => got[refused] as Buffer);
      return got.slice(steps.length);
    } catch (error) {
      const cause = (error as Error).message;
      const reply = Buffer.from(`-ERR handle response, backend conn failure, ${cause}\r\n`);
      return argvs.map(() => reply);
    }
  }
}

/** Collects a fixed number of replies of a connection of its own. */
class DedicatedReplies {
  readonly done: Promise<Buffer[]>;
  readonly #resolve: (replies: Buffer[]) => void;
  readonly #due: number;
  readonly #replies: Buffer[] = [];
  readonly #scanner = new ReplyScanner();
  #rest: Buffer = Buffer.alloc(0);

  constructor(due: number) {
    const { promise, resolve } = Promise.withResolvers<Buffer[]>();
    this.done = promise;
    this.#resolve = resolve;
    this.#due = due;
  }

  /** Ends the wait: what is missing becomes an error. */
  give(cause: string): void {
    while (this.#replies.length < this.#due) {
      this.#replies.push(Buffer.from(`-ERR handle response, backend conn failure, ${cause}\r\n`));
    }
    this.#resolve(this.#replies);
  }

  onData(chunk: Buffer): void {
    const data = Buffer.concat([this.#rest, chunk]);
    let pos = 0;
    while (pos < data.length && this.#replies.length < this.#due) {
      this.#scanner.reset();
      const next = this.#scanner.scan(data, pos, data.length);
      if (next <= 0) break;
      this.#replies.push(data.subarray(pos, next));
      pos = next;
    }
    this.#rest = data.subarray(pos);
    if (this.#replies.length === this.#due) this.#resolve(this.#replies);
  }

  onOutputPending(): void {
    // A few short commands; nothing to bound.
  }

  onDrain(): void {
    // Nothing waits for it.
  }

  onEnd(): void {
    this.give("EOF");
  }

  onClose(cause: string): void {
    this.give(cause === "" ? "EOF" : cause);
  }
}
