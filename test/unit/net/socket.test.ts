/**
 * Listening and dialling with real sockets of loopback and of the file system.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";

import type { Connection, ConnectionOwner } from "../../../src/net/connection.ts";
import { dial, type Listener, listen, type SocketAddr } from "../../../src/net/socket.ts";
import { waitFor } from "../../support/deadline.ts";
import { freePort } from "../../support/free-port.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

const OPTIONS = { keepAliveMs: 1000 };

let folder: TemporaryFolder;
let listeners: Listener[];
let accepted: Peer[];

beforeEach(() => {
  folder = temporaryFolder();
  listeners = [];
  accepted = [];
});

afterEach(() => {
  for (const peer of accepted) peer.connection?.destroy();
  for (const listener of listeners) listener.close();
  folder.remove();
});

/** One end of a connection that notes what it hears. */
class Peer implements ConnectionOwner {
  connection: Connection | undefined;
  received = "";
  isEnded = false;
  closedBy: string | undefined;
  pendingMax = 0;
  drains = 0;

  onData(chunk: Buffer): void {
    this.received += chunk.toString("latin1");
  }

  onOutputPending(bytes: number): void {
    this.pendingMax = Math.max(this.pendingMax, bytes);
  }

  onDrain(): void {
    this.drains++;
  }

  onEnd(): void {
    this.isEnded = true;
  }

  onClose(cause: string): void {
    this.closedBy = cause;
  }
}

async function open(addr: SocketAddr, isPortShared = false): Promise<Listener> {
  const listener = await listen(addr, { ...OPTIONS, isPortShared }, (connection) => {
    const peer = new Peer();
    peer.connection = connection;
    connection.attach(peer);
    accepted.push(peer);
  });
  listeners.push(listener);
  return listener;
}

async function dialPeer(addr: SocketAddr): Promise<Peer> {
  const peer = new Peer();
  peer.connection = await dial(addr, { ...OPTIONS, timeoutMs: 5000 }, peer);
  return peer;
}

function send(peer: Peer, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  peer.connection?.write(bytes, 0, bytes.length);
}

async function firstAccepted(): Promise<Peer> {
  return waitFor("an accepted connection", 10_000, () => accepted[0]);
}

for (const kind of ["tcp", "unix"] as const) {
  test(`${kind}: bytes travel both ways, a half-close lets the other half go on`, async () => {
    const path = folder.join("proxy.sock");
    const listener = await open(kind === "tcp" ? { host: "127.0.0.1", port: 0 } : { path });
    const addr = kind === "tcp" ? { host: "127.0.0.1", port: listener.port } : { path };
    const client = await dialPeer(addr);
    send(client, "ping");
    const server = await firstAccepted();
    await waitFor("ping", 10_000, () => (server.received === "ping" ? true : undefined));
    server.connection?.end();
    await waitFor("the end at the client", 10_000, () => (client.isEnded ? true : undefined));
    client.connection?.destroy();
    await waitFor(
      "the close at the server",
      10_000,
      () => server.closedBy !== undefined || undefined,
    );
    expect(server.connection?.isOpen).toBe(false);
  });
}

test("a peer that doesn't read makes output wait; reading drains it; nothing is lost", async () => {
  const listener = await open({ host: "127.0.0.1", port: 0 });
  const client = await dialPeer({ host: "127.0.0.1", port: listener.port });
  const server = await firstAccepted();
  client.connection?.pause();
  const piece = Buffer.alloc(1024 * 1024, "x");
  for (let i = 0; i < 16; i++) server.connection?.append(piece, 0, piece.length);
  await waitFor("output that waits", 10_000, () => (server.pendingMax > 0 ? true : undefined));
  client.connection?.resume();
  await waitFor("16 MB", 10_000, () =>
    client.received.length === 16 * piece.length ? true : undefined,
  );
  await waitFor("the drain", 10_000, () => (server.drains > 0 ? true : undefined));
  expect(server.connection?.pendingBytes).toBe(0);
  client.connection?.destroy();
});

describe("listening fails with one clear line", () => {
  test("for a port in use", async () => {
    const listener = await open({ host: "127.0.0.1", port: 0 });
    const again = open({ host: "127.0.0.1", port: listener.port });
    await expect(again).rejects.toThrow(`127.0.0.1:${listener.port} is in use by another process`);
  });

  test("for a unix socket that somebody listens on", async () => {
    const path = folder.join("live.sock");
    await open({ path });
    await expect(open({ path })).rejects.toThrow(`${path} is in use by another process`);
  });

  test("for a path that is an ordinary file, which stays", async () => {
    const path = folder.join("data");
    writeFileSync(path, "precious");
    await expect(open({ path })).rejects.toThrow();
    expect(statSync(path).size).toBe(8);
  });

  test("for an address that isn't this machine's", async () => {
    await expect(open({ host: "192.0.2.1", port: 0 })).rejects.toThrow("can't listen on 192.0.2.1");
  });
});

test("several listeners share a port when they are told to", async () => {
  const port = await freePort();
  await open({ host: "127.0.0.1", port }, true);
  await open({ host: "127.0.0.1", port }, true);
  expect(listeners.map((listener) => listener.port)).toEqual([port, port]);
});

test("a socket file that a crash left is replaced", async () => {
  const path = folder.join("stale.sock");
  await leaveStaleSocket(path);
  expect(existsSync(path)).toBe(true);
  await open({ path });
  const client = await dialPeer({ path });
  send(client, "hello");
  const server = await firstAccepted();
  await waitFor("hello", 10_000, () => (server.received === "hello" ? true : undefined));
  client.connection?.destroy();
});

/** Binds the path and ends without removing it, as a killed process does. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script =
    `require("node:net").createServer()` +
    `.listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const { promise, resolve } = Promise.withResolvers<void>();
  spawn(process.execPath, ["-e", script], { stdio: "ignore" }).once("exit", () => resolve());
  await promise;
}

describe("dialling fails with its cause", () => {
  test("when nobody listens", async () => {
    const port = await freePort();
    await expect(dialPeer({ host: "127.0.0.1", port })).rejects.toThrow("connection refused");
  });

  test("when there is no such socket file", async () => {
    await expect(dialPeer({ path: folder.join("none.sock") })).rejects.toThrow();
  });
});
