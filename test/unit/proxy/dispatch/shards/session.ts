/**
 * A session and a handler environment for tests of this folder: real types, no sockets. Tests set
 * what they are about and read what handlers did.
 */
import type {
  ClientState,
  HandlerEnv,
  ProtocolVersion,
  ProxyFigures,
  ShardCaller,
} from "../../../../../src/proxy/dispatch/context.ts";
import { shardHandlers } from "../../../../../src/proxy/dispatch/shards/handler.ts";

/** A session in database 0. */
export function testSession(proto: ProtocolVersion = 2, db = 0): ClientState {
  return {
    id: 1,
    addr: "127.0.0.1:50000",
    laddr: "127.0.0.1:19000",
    createdAtMs: 0,
    lastRequestAtMs: 0,
    lastCommand: "",
    db,
    proto,
    name: "",
    libName: "",
    libVersion: "",
    isAuthenticated: true,
    replyMode: "on",
    route: { wantsReplicas: true },
    writtenGroups: new Set(),
    inputBytes: () => 0,
    outputBytes: () => 0,
    inFlightCount: () => 0,
    closeAfterReply: () => undefined,
    closeNow: () => undefined,
  };
}

export const TEST_FIGURES: ProxyFigures = {
  uptimeSeconds: 90_061.5,
  workerCount: 2,
  sessionsAlive: 7,
  sessionsTotal: 70,
  sessionsRejected: 3,
  opsTotal: 1000,
  opsFails: 1,
  opsRedisErrors: 2,
  opsPerSecond: 12.4,
  residentBytes: 50_000_000,
  cpuUserSeconds: 1.25,
  cpuSystemSeconds: 0.5,
  slotsOffline: 0,
  slotsLocked: 0,
};

/** An environment that notes scripts. */
export interface TestEnv extends HandlerEnv {
  readonly scripts: Map<string, string>;
}

export function testEnv(shards: ShardCaller): TestEnv {
  const scripts = new Map<string, string>();
  return {
    shards,
    clients: { list: () => Promise.resolve([]), kill: () => Promise.resolve(0) },
    figures: () => Promise.resolve(TEST_FIGURES),
    settings: {
      productName: "demo",
      sessionAuth: "",
      databaseCount: 16,
      version: "4.0.0",
      proxyAddr: "127.0.0.1:19000",
      proxyMaxClients: 1234,
      sessionRecvTimeoutMs: 1_800_000,
      crossSlotSameGroup: false,
      readsFromReplicas: true,
    },
    isResp3Available: () => true,
    scripts,
    rememberScript: (sha1, body) => void scripts.set(sha1, body.toString()),
    forgetScripts: () => scripts.clear(),
  };
}

/** Runs the handler of `name` (`script|load`) with the arguments after the name. */
export async function run(
  env: HandlerEnv,
  client: ClientState,
  name: string,
  ...args: readonly (string | Buffer)[]
): Promise<Buffer> {
  const handler = shardHandlers[name];
  if (handler === undefined) throw new Error(`no handler for ${name}`);
  const argv = [...name.toUpperCase().split("|"), ...args].map((argument) => Buffer.from(argument));
  return Buffer.from(await handler(client, argv, env));
}
