/**
 * Free TCP ports on loopback, for programs that can't be told to listen on port 0 (redis-server, nutcracker). They lie
 * below those that the kernel gives to connections: a test with ten thousand clients has a third of these, and would
 * take a port before its program listens. A port is kept by a file, so no other test process gets it either, as long as
 * this one lives.
 *
 * A stranger's program may still take one in between, so whoever starts a program on it must be ready to try again.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Above the ports that our programs have by default. */
const LOWEST = 20_000;
/** Where the kernel begins by default. */
const KERNEL_LOWEST = 32_768;
const TRIES = 1_000;
const KEPT = join(tmpdir(), `codis-test-ports-${process.getuid?.() ?? 0}`);

const handedOut = new Set<number>();

process.on("exit", () => {
  for (const port of handedOut) {
    rmSync(fileOf(port), { force: true });
  }
});

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  return freePortsInRow(1);
}

/** The first of two free ports in a row, for programs that count on from the one they are given. */
export async function freePortPair(): Promise<number> {
  return freePortsInRow(2);
}

async function freePortsInRow(count: number): Promise<number> {
  mkdirSync(KEPT, { recursive: true });
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const first = LOWEST + Math.floor(Math.random() * (kernelLowest() - LOWEST - count));
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const kept = ports.filter(keep);
    const areFree = kept.length === count && (await Promise.all(ports.map(isFree))).every(Boolean);
    if (areFree) {
      return first;
    }
    for (const port of kept) {
      handedOut.delete(port);
      rmSync(fileOf(port), { force: true });
    }
  }
  throw new Error(`no free loopback port after ${TRIES} tries`);
}

/** The lowest port of connections. A system that has set it lower gets ports among them. */
function kernelLowest(): number {
  try {
    const range = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
    const lowest = Number(range.trim().split(/\s+/)[0]);
    return lowest > LOWEST + TRIES ? lowest : KERNEL_LOWEST;
  } catch {
    // Systems without it.
    return KERNEL_LOWEST;
  }
}

/** Whether the port is this process's from now on. */
function keep(port: number): boolean {
  try {
    writeFileSync(fileOf(port), `${process.pid}`, { flag: "wx" });
    handedOut.add(port);
    return true;
  } catch {
    // Somebody has it. One that was killed gives it back here, for the next try.
    if (!isAlive(ownerOf(port))) {
      rmSync(fileOf(port), { force: true });
    }
    return false;
  }
}

/** 0: it isn't written yet. */
function ownerOf(port: number): number {
  try {
    return Number(readFileSync(fileOf(port), "utf8"));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  if (pid === 0) {
    return true;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fileOf(port: number): string {
  return join(KEPT, `${port}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
