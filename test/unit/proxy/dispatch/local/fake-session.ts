/**
 * A session and its surroundings for tests of local commands: plain fields instead of sockets, a directory
 * of sessions in an array, a slot table of two groups. `run` does what dispatch does before it calls a
 * handler: finds the command, its subcommand, and checks the arity.
 */
import { lookupCommand, lookupSubcommand } from "../../../../../src/command/lookup.ts";
import { FLAG_CONTAINER } from "../../../../../src/command/route.ts";
import { COMMANDS, FLAGS } from "../../../../../src/command/table.ts";
import type {
  ClientFilter,
  ClientInfo,
  ClientState,
  HandlerEnv,
  ProtocolVersion,
  ReplyMode,
  Shard,
} from "../../../../../src/proxy/dispatch/context.ts";
import { matchesClient } from "../../../../../src/proxy/dispatch/local/client-filter.ts";
import { describeClient } from "../../../../../src/proxy/dispatch/local/client-line.ts";
import { localHandlers } from "../../../../../src/proxy/dispatch/local/local-handlers.ts";
import { unknownSubcommand, wrongArity } from "../../../../../src/proxy/dispatch/reply-text.ts";

/** A session without a socket. */
export class FakeSession implements ClientState {
  readonly id: number;
  readonly addr: string;
  readonly laddr: string;
  readonly createdAtMs = performance.now();
  lastRequestAtMs = performance.now();
  lastCommand = "";
  db = 0;
  proto: ProtocolVersion = 2;
  name = "";
  libName = "";
  libVersion = "";
  isAuthenticated = true;
  replyMode: ReplyMode = "on";
  readonly route = { wantsReplicas: true };
  readonly writtenGroups = new Set<number>();
  isClosing = false;
  closeReason: string | undefined;

  constructor(id = 1, addr = `127.0.0.1:${50_000 + id}`, laddr = "127.0.0.1:19000") {
    this.id = id;
    this.addr = addr;
    this.laddr = laddr;
  }

  inputBytes(): number {
    return 0;
  }

  outputBytes(): number {
    return 0;
  }

  inFlightCount(): number {
    return 1;
  }

  closeAfterReply(): void {
    this.isClosing = true;
  }

  closeNow(reason: string): void {
    this.closeReason = reason;
  }
}

/** What differs from an open proxy with RESP3 and 16 databases. */
export interface EnvOptions {
  readonly sessionAuth?: string;
  readonly isResp3Available?: boolean;
  readonly sessions?: readonly FakeSession[];
}

/** The surroundings of a handler. Groups 1 and 2 own slots 0-511 and 512-1023; slot 7 comes from group 2. */
export function fakeEnv(options: EnvOptions = {}): HandlerEnv {
  const sessions = options.sessions ?? [];
  const shards: readonly Shard[] = [
    { groupId: 1, addr: "127.0.0.1:7001" },
    { groupId: 2, addr: "127.0.0.1:7002" },
  ];
  const matching = (filter: ClientFilter): readonly FakeSession[] =>
    sessions.filter(
      (session) =>
        session.closeReason === undefined &&
        matchesClient(describeClient(session, performance.now()), filter),
    );
  const unused = (): never => {
    throw new Error("a local command asked a server");
  };
  return {
    shards: {
      shards: () => shards,
      shardOfSlot: (slotId) => (slotId === 9 ? undefined : shards[slotId < 512 ? 0 : 1]),
      migrateFromOfSlot: (slotId) => (slotId === 7 ? 2 : 0),
      slotCount: 1024,
      revision: 1,
      groupsThatReceivedSince: () => [],
      shardOfGroup: (groupId) => shards.find((shard) => shard.groupId === groupId),
      call: unused,
      callDedicated: unused,
    },
    clients: {
      list: async (filter): Promise<readonly ClientInfo[]> =>
        matching(filter).map((session) => describeClient(session, performance.now())),
      kill: async (filter) => {
        const killed = matching(filter);
        for (const session of killed) {
          session.closeNow("killed");
        }
        return killed.length;
      },
    },
    figures: unused,
    settings: {
      productName: "test",
      sessionAuth: options.sessionAuth ?? "",
      databaseCount: 16,
      version: "4.0.0",
      proxyAddr: "127.0.0.1:19000",
      proxyMaxClients: 1000,
      sessionRecvTimeoutMs: 0,
      crossSlotSameGroup: false,
      readsFromReplicas: true,
    },
    isResp3Available: () => options.isResp3Available ?? true,
    rememberScript: unused,
    forgetScripts: unused,
  };
}

/** Runs one command as dispatch would and resolves with the raw reply. */
export async function run(
  session: FakeSession,
  env: HandlerEnv,
  argv: readonly (string | Uint8Array)[],
): Promise<Buffer> {
  const args = argv.map((arg) => Buffer.from(arg as string));
  const name = args[0] as Buffer;
  let id = lookupCommand(name, 0, name.length);
  const sub = args[1];
  if (id !== -1 && ((FLAGS[id] ?? 0) & FLAG_CONTAINER) !== 0 && sub !== undefined) {
    const subId = lookupSubcommand(id, sub, 0, sub.length);
    if (subId === -1) {
      return unknownSubcommand(name.toString().toUpperCase(), sub.toString("latin1"));
    }
    id = subId;
  }
  const entry = COMMANDS[id];
  if (entry === undefined) {
    throw new Error(`unknown command ${name.toString()}`);
  }
  const { arity } = entry;
  if (arity > 0 ? args.length !== arity : args.length < -arity) {
    return wrongArity(entry.name);
  }
  const handler = localHandlers[entry.name];
  if (handler === undefined) {
    throw new Error(`${entry.name} has no local handler`);
  }
  session.lastCommand = entry.name;
  session.lastRequestAtMs = performance.now();
  return Buffer.from(await handler(session, args, env));
}

/** The same for a command line without quotes, as text. */
export async function runLine(
  session: FakeSession,
  env: HandlerEnv,
  line: string,
): Promise<string> {
  return (await run(session, env, line.split(" "))).toString("latin1");
}
