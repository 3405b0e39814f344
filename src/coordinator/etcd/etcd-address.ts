/**
 * Addresses of etcd servers as files and flags have them: `host:port` or `http://host:port`, several with
 * commas between. All of them are members of one cluster; which one answers makes no difference.
 */
import { CodisError } from "../../base/error.ts";

/** One server. */
export interface EtcdAddress {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, IPv6 in brackets; for messages and the `Host` header. */
  readonly text: string;
}

/** More than any cluster has: etcd recommends 7 members at most. */
const ADDRESSES_MAX = 32;
const PORT_PATTERN = /^(?:\[([0-9a-f:.]+)\]|([^\s:/?#@[\]]+)):(\d{1,5})$/i;

/**
 * The servers in their order, each once. Throws ADDRESS_INVALID for anything that isn't a list of them,
 * NOT_SUPPORTED for `https://`.
 */
export function parseEtcdAddresses(list: string): readonly EtcdAddress[] {
  const byText = new Map<string, EtcdAddress>();
  for (const part of list.split(",")) {
    const address = parseOne(part.trim());
    byText.set(address.text, address);
  }
  if (byText.size > ADDRESSES_MAX) {
    throw new CodisError(
      "ADDRESS_INVALID",
      `${byText.size} etcd servers: at most ${ADDRESSES_MAX}`,
    );
  }
  return [...byText.values()];
}

function parseOne(text: string): EtcdAddress {
  if (/^https:/i.test(text)) {
    throw new CodisError(
      "NOT_SUPPORTED",
      `etcd over TLS isn't supported yet: ${text}; use http://host:port`,
    );
  }
  const [, ipv6, name, digits] =
    PORT_PATTERN.exec(text.replace(/^http:\/\//i, "").replace(/\/$/, "")) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new CodisError(
      "ADDRESS_INVALID",
      `invalid etcd address ${JSON.stringify(text)}: expected host:port or http://host:port`,
    );
  }
  return { host, port, text: `${ipv6 === undefined ? host : `[${ipv6}]`}:${port}` };
}
