/**
 * Pushes figures to a StatsD over UDP, as gauges named as Codis 3.2 names them:
 * `PREFIX.PRODUCT.ADMIN_ADDR.PROXY_ADDR.FIELD`. UDP tells nothing of what arrives: only a name that can't be
 * resolved, or a network that can't be reached, is a failure.
 */
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { ProxyStatsJson } from "../../api/proxy-stats.ts";
import { LATE, within } from "../../base/bounded-wait.ts";
import { systemClock } from "../../base/clock.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import { parseServerAddr } from "../../model/address.ts";
import type { ProxyModelJson } from "../../model/proxy-model.ts";
import { usageFields } from "./usage-fields.ts";

/** Payload that fits a packet of Ethernet, also over a tunnel. */
const PACKET_BYTES_MAX = 1432;
/** For the resolution of the name and the handing over of all packets. */
const SEND_TIMEOUT_MS = 5000;

/** The gauges, one a line, in packets that are sent whole. */
export function statsdPackets(
  prefix: string,
  model: ProxyModelJson,
  stats: ProxyStatsJson,
): readonly string[] {
  const parts = [
    cleanName(prefix),
    cleanName(model.product_name),
    cleanName(model.admin_addr).replace(/\./g, "_"),
    cleanName(model.proxy_addr).replace(/\./g, "_"),
  ];
  const name = parts.filter((part) => part !== "").join(".");
  const packets: string[] = [];
  let packet = "";
  for (const field of usageFields(stats)) {
    const value = Number.isFinite(field.value) ? Math.max(0, field.value) : 0;
    const line = `${name}.${field.name}:${value}|g`;
    if (
      packet !== "" &&
      Buffer.byteLength(packet) + 1 + Buffer.byteLength(line) > PACKET_BYTES_MAX
    ) {
      packets.push(packet);
      packet = "";
    }
    packet += packet === "" ? line : `\n${line}`;
  }
  return packet === "" ? packets : [...packets, packet];
}

/** Sends packets to one StatsD; its name is resolved for each push, so that a move of it is followed. */
export class StatsdSender {
  readonly #addr: string;
  readonly #sockets = new Map<number, Socket>();

  /** `addr` is `host:port`. */
  constructor(addr: string) {
    this.#addr = addr;
  }

  /** Resolves when all packets are with the system. Rejects with `REMOTE_UNREACHABLE`. */
  async send(packets: readonly string[]): Promise<void> {
    try {
      if ((await within(SEND_TIMEOUT_MS, this.#sendAll(packets), systemClock)) === LATE) {
        throw new Error(`not sent within ${SEND_TIMEOUT_MS} ms`);
      }
    } catch (cause) {
      const message = `StatsD at ${this.#addr}: ${messageOf(cause)}`;
      throw new CodisError("REMOTE_UNREACHABLE", message, { cause });
    }
  }

  /** Closes the sockets. */
  close(): void {
    for (const socket of this.#sockets.values()) {
      socket.close();
    }
    this.#sockets.clear();
  }

  async #sendAll(packets: readonly string[]): Promise<void> {
    const target = parseServerAddr(this.#addr);
    if (target === undefined) {
      throw new Error("this isn't host:port");
    }
    const { address, family } = await lookup(target.host);
    for (const packet of packets) {
      await sendPacket(this.#socketFor(family), packet, target.port, address);
    }
  }

  #socketFor(family: number): Socket {
    const known = this.#sockets.get(family);
    if (known !== undefined) {
      return known;
    }
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.unref();
    // Errors come with the callback of `send` as well; without a listener they would end the process.
    socket.on("error", () => {
      this.#sockets.delete(family);
    });
    this.#sockets.set(family, socket);
    return socket;
  }
}

function sendPacket(socket: Socket, packet: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(packet, port, address, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}

/** `:`, `|`, `@` and `#` mean something in the protocol, blanks and line breaks end a name. */
function cleanName(text: string): string {
  return text.replace(/[:|@#\s]/g, "_");
}
