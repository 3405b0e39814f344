/**
 * A `ShardCaller` over real redis-server processes: one connection for each (server, database,
 * protocol), as the proxy has them, and fresh ones for dedicated calls. A connection that breaks
 * answers everything owed with the proxy's error.
 */
import { connect, type Socket } from "node:net";
import type {
  ProtocolVersion,
  Shard,
  ShardCaller,
} from "../../../../../src/proxy/dispatch/context.ts";
import { encodeCommand } from "../../../../../src/resp/encode.ts";
import { REPLY_INCOMPLETE, ReplyScanner } from "../../../../../src/resp/reply-scanner.ts";
import { withDeadline } from "../../../../support/deadline.ts";
import type { TestSlotTable } from "./slot-table.ts";

type Command = readonly (string | Uint8Array)[];

const RESET = Buffer.from("-ERR handle response, backend conn reset\r\n");

/** One connection to a server; replies come back in order. */
export class TestConnection {
  readonly #socket: Socket;
  readonly #waiting: ((reply: Buffer) => void)[] = [];
  #buffered = Buffer.alloc(0);
  isOpen = true;

  constructor(addr: string, db: number, proto: ProtocolVersion) {
    const [host, port] = addr.split(":");
    this.#socket = connect({ host: host ?? "", port: Number(port) });
    this.#socket.on("data", (chunk) => this.#onData(Buffer.from(chunk)));
    this.#socket.on("error", () => this.#fail());
    this.#socket.on("close", () => this.#fail());
    if (proto === 3) void this.send(["HELLO", "3"]);
    if (db !== 0) void this.send(["SELECT", `${db}`]);
  }

  send(command: Command): Promise<Buffer> {
    if (!this.isOpen) return Promise.resolve(RESET);
    this.#socket.write(encodeCommand(command));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, chunk]);
    for (;;) {
      const end = new ReplyScanner().scan(this.#buffered, 0, this.#buffered.length);
      if (end <= REPLY_INCOMPLETE) return;
      this.#waiting.shift()?.(Buffer.from(this.#buffered.subarray(0, end)));
      this.#buffered = this.#buffered.subarray(end);
    }
  }

  #fail(): void {
    this.isOpen = false;
    for (const resolve of this.#waiting.splice(0)) resolve(RESET);
  }
}

export class RealShards implements ShardCaller {
  readonly #table: TestSlotTable;
  readonly #connections = new Map<string, TestConnection>();
  /** Every command sent, as `group: WORD WORD`, for tests of what was asked. */
  readonly sent: string[] = [];

  constructor(table: TestSlotTable) {
    this.#table = table;
  }

  get slotCount(): number {
    return this.#table.slotCount;
  }
  get revision(): number {
    return this.#table.revision;
  }
  shards = (): readonly Shard[] => this.#table.shards();
  shardOfSlot = (slotId: number): Shard | undefined => this.#table.shardOfSlot(slotId);
  shardOfGroup = (groupId: number): Shard | undefined => this.#table.shardOfGroup(groupId);
  migrateFromOfSlot = (slotId: number): number => this.#table.migrateFromOfSlot(slotId);
  groupsThatReceivedSince = (revision: number): readonly number[] =>
    this.#table.groupsThatReceivedSince(revision);

  call(shard: Shard, db: number, proto: ProtocolVersion, command: Command): Promise<Buffer> {
    this.sent.push(`${shard.groupId}: ${command.map(String).join(" ")}`);
    const key = `${shard.addr}/${db}/${proto}`;
    let connection = this.#connections.get(key);
    if (connection === undefined || !connection.isOpen) {
      connection = new TestConnection(shard.addr, db, proto);
      this.#connections.set(key, connection);
    }
    return connection.send(command);
  }

  async callDedicated(
    shard: Shard,
    db: number,
    proto: ProtocolVersion,
    commands: readonly Command[],
    timeoutMs: number,
  ): Promise<readonly Buffer[]> {
    const connection = new TestConnection(shard.addr, db, proto);
    const replies = Promise.all(commands.map((command) => connection.send(command)));
    try {
      return await withDeadline(`replies of ${shard.addr}`, timeoutMs, replies);
    } catch {
      return [RESET];
    } finally {
      connection.close();
    }
  }

  /** Sends one command to a group's master, past the slot table. */
  ask(groupId: number, ...command: readonly string[]): Promise<Buffer> {
    const shard = this.#table.shardOfGroup(groupId);
    if (shard === undefined) throw new Error(`no group ${groupId}`);
    return this.call(shard, 0, 2, command);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }
}
