/**
 * Whether two addresses are one server, although they are spelled differently: sentinels speak of IPs, the topology
 * may have names; and servers may announce an address that isn't the one that they are reached at. Addresses are
 * resolved first; where that leaves a doubt, the server's run id decides.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { LATE, within } from "../base/bounded-wait.ts";
import { formatHostPort, type HostPort, parseServerAddr } from "../model/address.ts";
import { fetchInfo } from "../redis/server-command.ts";

/** Longest wait for the name server, and for the server that is asked. */
const ASK_TIMEOUT_MS = 1_000;

/** All IP addresses of an address with a name, with its port, in the resolver's order; itself for an IP. */
export async function resolveAddr(addr: string): Promise<readonly string[]> {
  const parsed = parseServerAddr(addr);
  if (parsed === undefined) {
    return [];
  }
  if (isIP(parsed.host) !== 0) {
    return [formatHostPort(plainIp(parsed))];
  }
  const found = await within(ASK_TIMEOUT_MS, lookup(parsed.host, { all: true, verbatim: true }));
  return found === LATE
    ? []
    : found.map(({ address }) => formatHostPort(plainIp({ host: address, port: parsed.port })));
}

/** Whether one of the IPs of both is the same, port included. A name that isn't known is nobody's. */
export async function isSameAddr(one: string, other: string): Promise<boolean> {
  if (one === other) {
    return true;
  }
  if (parseServerAddr(one)?.port !== parseServerAddr(other)?.port) {
    return false;
  }
  const [ones, others] = await Promise.all([knownAddrs(one), knownAddrs(other)]);
  return ones.some((addr) => others.includes(addr));
}

/** What a server says of itself; undefined when it doesn't answer. */
export interface ServerWord {
  readonly runId: string;
  /** `master` or `slave`. */
  readonly role: string;
  /** Of a replica: `host:port` that it follows. */
  readonly masterAddr: string | undefined;
}

/** Asks a server who it is. Never rejects: what can't be asked isn't known. */
export async function askServer(
  addr: string,
  password: string,
  timeoutMs = ASK_TIMEOUT_MS,
): Promise<ServerWord | undefined> {
  try {
    const info = await fetchInfo({
      addr,
      password,
      connectTimeoutMs: timeoutMs,
      callTimeoutMs: timeoutMs,
    });
    return {
      runId: info["run_id"] ?? "",
      role: info["role"] ?? "",
      masterAddr: info["master_addr"],
    };
  } catch {
    return undefined; // The caller decides what silence means.
  }
}

async function knownAddrs(addr: string): Promise<readonly string[]> {
  try {
    return await resolveAddr(addr);
  } catch {
    return []; // A name that the resolver doesn't know is the same as no other address.
  }
}

/** `::ffff:1.2.3.4` is 1.2.3.4. */
function plainIp({ host, port }: HostPort): HostPort {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  return { host: (mapped ?? host).toLowerCase(), port };
}
