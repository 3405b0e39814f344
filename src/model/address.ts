/**
 * Network addresses as all our files and APIs write them: `host:port`, `[ipv6]:port`, or the path of a
 * unix socket. Text to value and back; nothing here resolves names or opens sockets.
 */
import { isIPv4, isIPv6 } from "node:net";

/** A TCP address. */
export interface HostPort {
  /** Name or IP, without brackets; empty means all interfaces (listening only). */
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose (listening only). */
  readonly port: number;
}

const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/;
const PORT = /^\d{1,5}$/;
/** Longest path that fits `sockaddr_un` of Linux, without its closing zero byte. */
const UNIX_PATH_BYTES_MAX = 107;

/** Parses an address to listen on: the host may be empty, the port may be 0. */
export function parseListenAddr(text: string): HostPort | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0 || !PORT.test(text.slice(colon + 1))) {
    return undefined;
  }
  const port = Number(text.slice(colon + 1));
  let host = text.slice(0, colon);
  if (port > 65_535) {
    return undefined;
  }
  if (host.startsWith("[")) {
    if (!host.endsWith("]")) {
      return undefined;
    }
    host = host.slice(1, -1);
    return isIPv6(host) ? { host, port } : undefined;
  }
  return host === "" || isHostName(host) ? { host, port } : undefined;
}

/** Parses the address of a server to connect to: host and port must both be there. */
export function parseServerAddr(text: string): HostPort | undefined {
  const addr = parseListenAddr(text);
  return addr === undefined || addr.host === "" || addr.port === 0 ? undefined : addr;
}

/** `host:port`, with brackets around IPv6. */
export function formatHostPort(addr: HostPort): string {
  return addr.host.includes(":") ? `[${addr.host}]:${addr.port}` : `${addr.host}:${addr.port}`;
}

/** Whether a socket file can have this path. */
export function isUnixPath(text: string): boolean {
  const bytes = Buffer.byteLength(text);
  return bytes > 0 && bytes <= UNIX_PATH_BYTES_MAX && !text.includes("\0");
}

/** Whether the host means every interface. */
export function isUnspecifiedHost(host: string): boolean {
  return host === "" || host === "0.0.0.0" || /^[0:]+$/.test(host);
}

function isHostName(host: string): boolean {
  if (isIPv4(host)) {
    return true;
  }
  // Only digits and dots, but no IPv4 address: a slip like 127.0.0.256, not a name.
  return host.length <= 253 && HOST_NAME.test(host) && !/^[\d.]+$/.test(host);
}
