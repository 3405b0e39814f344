/**
 * The address to tell to others when a program listens on all interfaces: as Codis, the host name's
 * address if it is one that others can reach, else the first address of an interface. Flags
 * (`--host-admin`, `--host-proxy`) go before all this; they are handled by the caller.
 */
import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { formatHostPort, isUnspecifiedHost, parseListenAddr } from "./address.ts";

/** What the answer depends on; replaced in tests. */
export interface HostFacts {
  /** Addresses that the host name resolves to; empty when it doesn't. */
  readonly addrsOfHostName: () => Promise<readonly string[]>;
  /** Addresses of all interfaces, in order, loopback ones last. */
  readonly addrsOfInterfaces: () => readonly string[];
}

/** Facts of this machine. */
const thisHost: HostFacts = {
  addrsOfHostName: async () => {
    try {
      return (await lookup(hostname(), { all: true })).map((found) => found.address);
    } catch {
      return []; // The name isn't known to DNS or /etc/hosts: interfaces are asked next.
    }
  },
  addrsOfInterfaces: () => {
    const all = Object.values(networkInterfaces()).flatMap((addrs) => addrs ?? []);
    return [...all.filter((addr) => !addr.internal), ...all.filter((addr) => addr.internal)].map(
      (addr) => addr.address,
    );
  },
};

/**
 * The address to advertise for a listening address `host:port` (with the real port). A host that is
 * not "all interfaces" is kept.
 */
export async function advertisedAddr(
  listenAddr: string,
  facts: HostFacts = thisHost,
): Promise<string> {
  const parsed = parseListenAddr(listenAddr);
  if (parsed === undefined || !isUnspecifiedHost(parsed.host)) {
    return listenAddr;
  }
  const wantsIPv4 = parsed.host === "0.0.0.0";
  const fits = (addr: string) => (!wantsIPv4 || isIPv4(addr)) && isGlobalUnicast(addr);
  const host =
    (await facts.addrsOfHostName()).find(fits) ??
    facts.addrsOfInterfaces().find(fits) ??
    facts.addrsOfInterfaces().find((addr) => !wantsIPv4 || isIPv4(addr));
  return host === undefined ? listenAddr : formatHostPort({ host, port: parsed.port });
}

/** Not loopback, link-local, multicast or unspecified. Private networks count as reachable. */
function isGlobalUnicast(addr: string): boolean {
  if (isIPv4(addr)) {
    const [first = 0, second = 0] = addr.split(".").map(Number);
    return first !== 0 && first !== 127 && first < 224 && !(first === 169 && second === 254);
  }
  const lower = addr.toLowerCase();
  return !isUnspecifiedHost(lower) && lower !== "::1" && !/^(fe[89ab]|ff)/.test(lower);
}
