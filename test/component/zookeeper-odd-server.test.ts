/**
 * The ZooKeeper coordinator and servers that aren't one, or behave as none does: every operation ends within
 * its bound with a clear line, and closing leaves nothing open.
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { isCodisError } from "../../src/base/error.ts";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openZookeeper } from "../../src/coordinator/zookeeper/zookeeper.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { type RawServer, startRawServer } from "../support/raw-server.ts";

const OPERATION_MS = 700;
/** Of operations that are answered, or tried several times: longer than a shared machine stands still. */
const CALM_OPERATION_MS = 5_000;
const SOON_MS = 30_000;
const SESSION_ID = 7n;

let servers: RawServer[] = [];
let coordinators: Coordinator[] = [];

afterEach(async () => {
  await Promise.all(coordinators.map((one) => one.close()));
  await Promise.all(servers.map((one) => one.close()));
  coordinators = [];
  servers = [];
});

function openAt(addr: string, operationTimeoutMs = OPERATION_MS): Coordinator {
  const coordinator = openZookeeper({
    kind: "zookeeper",
    addr,
    auth: "",
    operationTimeoutMs,
  });
  coordinators.push(coordinator);
  return coordinator;
}

async function open(
  serve: (socket: Socket) => void,
  operationMs = OPERATION_MS,
): Promise<{ readonly own: Coordinator; readonly server: RawServer }> {
  const server = await startRawServer(serve);
  servers.push(server);
  return { own: openAt(server.addr, operationMs), server };
}

/** The one line of the failure. */
async function failureOf(operation: Promise<unknown>): Promise<string> {
  const outcome = operation.then(
    () => "nothing failed",
    (thrown: unknown) =>
      isCodisError(thrown, "COORDINATOR_UNREACHABLE") ? thrown.message : String(thrown),
  );
  return withDeadline("failure", SOON_MS, outcome);
}

function frame(...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([int(content.length), content]);
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function welcome(timeoutMs: number, sessionId: bigint): Buffer {
  return frame(int(0), int(timeoutMs), long(sessionId), int(16), Buffer.alloc(16), Buffer.alloc(1));
}

/** Greets properly; what follows is given to `answer` in frames. */
function greeted(answer: (socket: Socket, request: Buffer) => void): (socket: Socket) => void {
  return (socket) => {
    let isGreeted = false;
    let input = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      while (input.length >= 4 && input.length >= 4 + input.readInt32BE(0)) {
        const request = input.subarray(4, 4 + input.readInt32BE(0));
        input = input.subarray(4 + request.length);
        if (isGreeted) {
          answer(socket, request);
        } else {
          isGreeted = true;
          socket.write(welcome(20_000, SESSION_ID));
        }
      }
    });
  };
}

describe("a server", () => {
  test("that isn't there: the line says so", async () => {
    const port = await freePort();
    const line = await failureOf(openAt(`127.0.0.1:${port}`, CALM_OPERATION_MS).get("/a/x"));
    expect(line).toContain(`zookeeper 127.0.0.1:${port} gave no answer about /a/x in time`);
    expect(line).toMatch(/ECONNREFUSED|onnect/);
  });

  test("that is a Redis: the line asks whether it is ZooKeeper", async () => {
    const { own } = await open((socket) => {
      socket.on("data", () => socket.write("-ERR unknown command\r\n"));
    }, CALM_OPERATION_MS);
    expect(await failureOf(own.list("/a"))).toContain("is it a ZooKeeper server?");
  });

  test("that accepts and keeps silent", async () => {
    const { own } = await open(() => undefined);
    await failureOf(own.get("/a/x"));
    expect(await failureOf(own.write([{ path: "/a/x", data: "1", expected: "any" }]))).toContain(
      "gave no answer about /",
    );
  });

  test("that closes every connection is tried again, with pauses", async () => {
    const { own, server } = await open((socket) => socket.destroy(), CALM_OPERATION_MS);
    expect(await failureOf(own.get("/a/x"))).toContain("closed the connection");
    const tries = server.connectionCount();
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(60);
  });

  test("that answers with garbage, or out of order, is left", async () => {
    const answers = [
      Buffer.from("ffffffffffffffff", "hex"),
      frame(int(99), long(1n), int(0)),
      frame(Buffer.alloc(3)),
      frame(int(1), long(1n), int(0), int(2 ** 31 - 1)),
    ];
    const counts = answers.map(async (answer) => {
      const { own, server } = await open(
        greeted((socket) => socket.write(answer)),
        CALM_OPERATION_MS,
      );
      await failureOf(own.get("/a/x"));
      return server.connectionCount() > 1;
    });
    expect(await Promise.all(counts)).toEqual(answers.map(() => true));
  });

  test("whose answers come in single bytes is understood", async () => {
    const { own } = await open(
      greeted((socket, request) => {
        const isChildren = request.readInt32BE(4) === 8;
        const names = [int(2), int(1), Buffer.from("b"), int(1), Buffer.from("a")];
        const answer = frame(
          request.subarray(0, 4),
          long(1n),
          int(0),
          ...(isChildren ? names : [int(0)]),
        );
        for (const byte of answer) {
          socket.write(Buffer.from([byte]));
        }
      }),
      CALM_OPERATION_MS,
    );
    expect(await own.list("/a")).toEqual(["a", "b"]);
  });

  test("that sends events for what nobody watches is heard out", async () => {
    const { own } = await open(
      greeted((socket, request) => {
        socket.write(frame(int(-1), long(-1n), int(0), int(3), int(3), int(2), Buffer.from("/a")));
        socket.write(frame(int(-1), long(-1n), int(0), int(-1), int(5), int(0)));
        socket.write(frame(request.subarray(0, 4), long(1n), int(-101)));
      }),
      CALM_OPERATION_MS,
    );
    expect(await own.get("/a")).toBeUndefined();
  });

  test("that never answers the end of a session: close gives up", async () => {
    const { own, server } = await open(
      greeted((socket, request) => {
        const isClose = request.readInt32BE(4) === -11;
        if (!isClose) {
          socket.write(frame(request.subarray(0, 4), long(1n), int(-101)));
        }
      }),
      CALM_OPERATION_MS,
    );
    expect(await own.get("/a/x")).toBeUndefined();
    await withDeadline("close", SOON_MS, own.close());
    await waitFor("end of connections", SOON_MS, () => server.openCount() === 0 || undefined);
  });
});
