/**
 * The client side of the memory benchmark, run in a process of its own: `bun client-script.ts PORT`.
 * Takes orders as JSON lines on stdin and answers each with one JSON line on stdout:
 *
 *   {"open": N}    N more connections that each read the key once and stay open  -> {"count": all open}
 *   {"ask": true}  every open connection reads the key                           -> {"count": answered}
 *   {"churn": N}   N connections, one after the other in each of 50 lanes: open, read, close
 *                                                                                -> {"count": N}
 *   {"close": true} closes all                                                   -> {"count": 0}
 *
 * Whatever goes wrong is the answer `{"error": "…"}`. Ends when stdin does.
 */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { withDeadline } from "../../test/support/deadline.ts";
import { encodeRequest } from "./redis-wire.ts";

/** Key that all clients read, and its value; the benchmark writes it before. */
export const CLIENT_KEY = "key:of:clients";
export const CLIENT_VALUE = "a value for idle clients";

const REQUEST = encodeRequest(["GET", CLIENT_KEY]);
const ANSWER = `$${CLIENT_VALUE.length}\r\n${CLIENT_VALUE}\r\n`;
const QUIT = encodeRequest(["QUIT"]);
const ANSWER_MS = 20_000;
const LANES = 50;
/** Connects at once: below the backlog of every target. */
const OPENING_MAX = 100;
/** A connect that finds no free port is tried again: closed connections hold theirs for a second. */
const CONNECT_TRIES = 20;
const CONNECT_PAUSE_MS = 200;

/** How one connection of ten is closed; the others with an orderly end. */
const CLOSINGS = ["abandon", "reset", "quit"] as const;
type Closing = (typeof CLOSINGS)[number] | "end";

const port = Number(process.argv[2]);
const open: Socket[] = [];

async function obey(order: Readonly<Record<string, unknown>>): Promise<number> {
  if (typeof order["open"] === "number") {
    await inLanes(OPENING_MAX, order["open"], async () => {
      const socket = await openSocket();
      await ask(socket);
      open.push(socket);
    });
    return open.length;
  }
  if (order["ask"] === true) {
    await inLanes(OPENING_MAX, open.length, async (index) => {
      const socket = open[index];
      if (socket !== undefined) {
        await ask(socket);
      }
    });
    return open.length;
  }
  if (typeof order["churn"] === "number") {
    const count = order["churn"];
    await inLanes(LANES, count, (index) => visit(closingOf(index)));
    return count;
  }
  if (order["close"] === true) {
    await Promise.all(open.splice(0).map((socket) => closeSocket(socket, "end")));
    return 0;
  }
  throw new Error(`unknown order ${JSON.stringify(order)}`);
}

/** Runs `job` for each index below `count`, `width` at a time. */
async function inLanes(
  width: number,
  count: number,
  job: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      await job(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

async function visit(closing: Closing): Promise<void> {
  const socket = await openSocket();
  if (closing === "abandon") {
    socket.write(REQUEST);
  } else {
    await ask(socket);
  }
  await closeSocket(socket, closing);
}

/** Every tenth connection leaves its request unanswered, every tenth is reset, every tenth quits. */
function closingOf(index: number): Closing {
  return CLOSINGS[index % 10] ?? "end";
}

async function openSocket(): Promise<Socket> {
  for (let attempt = 1; ; attempt += 1) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    try {
      const connected = new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
      await withDeadline("connection", ANSWER_MS, connected);
      socket.setEncoding("latin1");
      return socket;
    } catch (thrown) {
      socket.destroy();
      const isPortShort = thrown instanceof Error && thrown.message.includes("EADDRNOTAVAIL");
      if (!isPortShort || attempt === CONNECT_TRIES) {
        throw thrown;
      }
      await sleep(CONNECT_PAUSE_MS);
    }
  }
}

/** Reads the key; rejects when the answer isn't its value or the connection ends. */
function ask(socket: Socket): Promise<void> {
  let received = "";
  const answered = new Promise<void>((resolve, reject) => {
    const onData = (chunk: string | Buffer): void => {
      received += chunk.toString();
      if (!ANSWER.startsWith(received)) {
        finish(new Error(`answered ${received.slice(0, 200)}`));
      } else if (received === ANSWER) {
        finish(undefined);
      }
    };
    const onEnd = (): void => finish(new Error("the connection was closed"));
    const finish = (failure: Error | undefined): void => {
      socket.off("data", onData).off("error", finish).off("close", onEnd);
      failure === undefined ? resolve() : reject(failure);
    };
    socket.on("data", onData).on("error", finish).on("close", onEnd);
  });
  socket.write(REQUEST);
  return withDeadline("answer", ANSWER_MS, answered);
}

function closeSocket(socket: Socket, closing: Closing): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    // A reset by the other side closes as well.
    socket.on("error", () => resolve());
  });
  socket.resume();
  if (closing === "quit") {
    socket.write(QUIT);
  } else if (closing === "end") {
    socket.end();
  } else {
    socket.resetAndDestroy();
  }
  return withDeadline(`close after ${closing}`, ANSWER_MS, closed);
}

if (import.meta.main) {
  for await (const line of createInterface({ input: process.stdin })) {
    let answer: object;
    try {
      answer = { count: await obey(JSON.parse(line)) };
    } catch (thrown) {
      answer = { error: thrown instanceof Error ? thrown.message : String(thrown) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}
