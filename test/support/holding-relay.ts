/**
 * Stands between servers on TCP and can keep back what one side has sent, as a slow network does: connections that
 * carry a RESTORE are held, the others pass. What is held goes out when it is released, also when its sender has
 * given up and is gone.
 */
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "./free-port.ts";

/** A running relay. */
export interface HoldingRelay {
  /** `127.0.0.1:port`. */
  readonly addr: string;
  /** From now on transfers are kept back, all but their first so many bytes. */
  hold(passedBytes?: number): void;
  /** Connections of which something is held. */
  readonly heldCount: number;
  /** New transfers pass again; what is held stays held. */
  stopHolding(): void;
  /** Sends what is held; the number of connections that it is sent over. */
  release(): number;
  /** Ends all connections of transfers in the middle of what they send, once so many bytes have passed. */
  cutAfter(bytes: number): void;
  close(): Promise<void>;
}

interface Held {
  readonly upstream: Socket;
  readonly chunks: Buffer[];
}

/** Listens on a free port and passes everything on to `127.0.0.1:port`. */
export async function startHoldingRelay(port: number): Promise<HoldingRelay> {
  const ownPort = await freePort();
  const open = new Set<Socket>();
  const held: Held[] = [];
  let isHolding = false;
  let bytesToPass = 0;
  let bytesToCut = Number.POSITIVE_INFINITY;
  const server = createServer((client) => {
    const upstream = connect({ port, host: "127.0.0.1" });
    let own: Held | undefined;
    open.add(client).add(upstream);
    client.on("data", (chunk: Buffer) => {
      const isTransfer = chunk.includes("RESTORE");
      if (own === undefined && isHolding && isTransfer) {
        own = { upstream, chunks: [chunk.subarray(bytesToPass)] };
        held.push(own);
        upstream.write(chunk.subarray(0, bytesToPass));
        return;
      }
      if (own !== undefined) {
        own.chunks.push(chunk);
        return;
      }
      if (isTransfer && chunk.length > bytesToCut) {
        upstream.write(chunk.subarray(0, bytesToCut));
        bytesToCut = Number.POSITIVE_INFINITY;
        upstream.end();
        client.destroy();
        return;
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => client.write(chunk));
    // Why a side went away doesn't matter; what is held survives its sender.
    client.on("error", () => client.destroy());
    upstream.on("error", () => upstream.destroy());
    client.on("close", () => own ?? upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(ownPort, "127.0.0.1", resolve);
  });
  return {
    addr: `127.0.0.1:${ownPort}`,
    get heldCount() {
      return held.length;
    },
    hold(passedBytes = 0) {
      isHolding = true;
      bytesToPass = passedBytes;
    },
    stopHolding() {
      isHolding = false;
    },
    release() {
      const sent = held.splice(0);
      for (const { upstream, chunks } of sent) {
        upstream.write(Buffer.concat(chunks));
      }
      return sent.length;
    },
    cutAfter(bytes) {
      bytesToCut = bytes;
    },
    async close() {
      for (const socket of open) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
