/**
 * Reverse proxies whose word about the origin of a request is taken, for one purpose: to limit sign-ins by the address
 * of the browser and not by the proxy's. Nobody gets a right from what they say.
 */
import { BlockList, isIP } from "node:net";

/** Addresses of proxies. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** `text`: addresses and networks with commas, `127.0.0.1, 10.0.0.0/8`. Undefined when one can't be read. */
  static parse(text: string): TrustedProxies | undefined {
    const proxies = new TrustedProxies();
    const parts = text.split(",").map((part) => part.trim());
    return parts.filter((part) => part !== "").every((part) => proxies.#add(part))
      ? proxies
      : undefined;
  }

  /**
   * The address that a request comes from: that of the connection, or if that is a trusted proxy's the last one in
   * `X-Forwarded-For` that isn't.
   */
  originOf(remoteAddr: string, forwardedFor: string | string[] | undefined): string {
    const hops = [forwardedFor ?? []]
      .flat()
      .join(",")
      .split(",")
      .map((hop) => hop.trim())
      .filter((hop) => isIP(hop) !== 0);
    let origin = remoteAddr;
    while (this.#isTrusted(origin)) {
      const next = hops.pop();
      if (next === undefined) {
        break;
      }
      origin = next;
    }
    return origin;
  }

  #isTrusted(addr: string): boolean {
    const plain = addr.replace(/^::ffff:(?=\d+\.)/i, "");
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 4 ? "ipv4" : "ipv6");
  }

  #add(part: string): boolean {
    const [addr = "", bits, ...more] = part.split("/");
    const family = isIP(addr);
    const width = family === 4 ? 32 : 128;
    const isRight =
      family !== 0 &&
      more.length === 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width));
    if (isRight) {
      const kind = family === 4 ? "ipv4" : "ipv6";
      this.#list.addSubnet(addr, bits === undefined ? width : Number(bits), kind);
    }
    return isRight;
  }
}
