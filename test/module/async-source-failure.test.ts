/**
 * The source of the asynchronous migration and targets that fail: refused, silent, frozen, talking nonsense, saying
 * no, gone in the middle. The source keeps all keys and answers every caller; before anything new is sent, what
 * an old connection may still hold is ended, and what it may have left is deleted; and until then a proxy isn't
 * sent to the target for such a key.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import {
  ack,
  answerAsCodis,
  asksWhoItIs,
  type FakeAsyncTarget,
  startFakeAsyncTarget,
} from "../support/fake-async-target.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { startSlotsServer } from "../support/slots-module.ts";

let source: RedisServer;
let at: RespConnection;

beforeAll(async () => {
  source = await startSlotsServer();
  at = await RespConnection.open(source.port);
}, 60_000);

afterAll(async () => {
  at.destroy();
  await source.stop();
});

beforeEach(async () => {
  await ask("SLOTSMGRT-ASYNC-CANCEL");
  await ask("FLUSHALL");
  await ask("MSET a 1 {a}x 2");
});

async function ask(line: string): Promise<string> {
  return (await at.call(...line.split(" "))).toString("latin1");
}

/** The bound is longer than a shared machine stands still, unless the move is to run into it. */
function move(what: string, port: number, timeoutMs = 20_000): Promise<string> {
  const [command = "", ...rest] = what.split(" ");
  const head = [command, "127.0.0.1", `${port}`, `${timeoutMs}`, "200", "0"];
  return ask([...head, ...rest].join(" "));
}

async function expectKept(): Promise<void> {
  expect(await ask("MGET a {a}x")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  expect(await ask("SLOTSMGRT-ASYNC-FENCE")).toBe("+OK\r\n");
}

/** Of a move that is to fail half-way, also on a machine that stands still meanwhile. */
const HALF_MS = 4_000;

const isRestore = (command: readonly string[]): boolean => command[0] === "SLOTSRESTORE-ASYNC";

describe("targets that fail", () => {
  test("nobody listens, or it is the server itself, or a server without the commands", async () => {
    expect(await move("SLOTSMGRTONE-ASYNC a", await freePort())).toBe(
      "-ERR Can't connect to target node: Connection refused\r\n",
    );
    expect(await move("SLOTSMGRTTAGSLOT-ASYNC 579 10", source.port)).toBe(
      "-ERR Can't connect to target node: it is this server itself\r\n",
    );
    const plain = await startRedis();
    expect(await move("SLOTSMGRTONE-ASYNC a", plain.port)).toStartWith(
      "-ERR interrupted: the target says: ERR unknown command",
    );
    await plain.stop();
    await expectKept();
  });

  test("silence, and an end in the middle", async () => {
    const silent = await startFakeAsyncTarget(() => undefined);
    expect(await move("SLOTSMGRTONE-ASYNC a", silent.port, 150)).toBe(
      "-ERR interrupted: migration timeout\r\n",
    );
    await silent.close();
    const deaf = await startFakeAsyncTarget((command) =>
      isRestore(command) ? undefined : answerAsCodis(command),
    );
    expect(await move("SLOTSMGRTSLOT-ASYNC 579 10", deaf.port, 150)).toBe(
      "-ERR interrupted: migration timeout\r\n",
    );
    deaf.commands.length = 0;
    const moving = move("SLOTSMGRTONE-ASYNC a {a}x", deaf.port);
    await waitFor("frames", 20_000, () =>
      deaf.commands.filter(isRestore).length >= 2 ? true : undefined,
    );
    await deaf.close();
    expect(await moving).toBe("-ERR interrupted: connection closed\r\n");
    await expectKept();
  });

  test.each([
    "*3\r\n$1\r\nx\r\n$1\r\n0\r\n$1\r\n1\r\n",
    ":1\r\n",
    "\r\n",
    "*1\r\n$1\r\n1\r\n",
    "*3\r\n$999999999\r\n",
    "*3\r\n$-1\r\n$-1\r\n$-1\r\n",
    "+OK\r\n",
    "x".repeat(100_000),
    `*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$1\r\n0\r\n$16000\r\n${"x".repeat(20_000)}`,
  ])("nonsense %#", async (bytes) => {
    const odd = await startFakeAsyncTarget((command) =>
      isRestore(command) ? bytes : answerAsCodis(command),
    );
    expect(await move("SLOTSMGRTTAGONE-ASYNC {a}x", odd.port)).toBe(
      "-ERR interrupted: the target talks nonsense\r\n",
    );
    await odd.close();
    await expectKept();
  });

  test("it says no, or more than it was asked", async () => {
    const strict = await startFakeAsyncTarget((command) =>
      isRestore(command) ? ack(-1, "the specified DB is being migrated") : answerAsCodis(command),
    );
    expect(await move("SLOTSMGRTONE-ASYNC a", strict.port)).toBe(
      "-ERR interrupted: the target says: the specified DB is being migrated\r\n",
    );
    await strict.close();
    const full = await startFakeAsyncTarget((command) =>
      isRestore(command) ? "-OOM no\r\n" : answerAsCodis(command),
    );
    expect(await move("SLOTSMGRTONE-ASYNC a", full.port)).toBe(
      "-ERR interrupted: the target says: OOM no\r\n",
    );
    await full.close();
    const loud = await startFakeAsyncTarget((command) =>
      isRestore(command) ? ack(0, "1").repeat(5) : answerAsCodis(command),
    );
    expect(await move("SLOTSMGRTONE-ASYNC a", loud.port)).toMatch(/nobody asked for|nonsense/);
    await loud.close();
    await ask("MSET a 1 {a}x 2");
    await expectKept();
  });

  test("a password that only one side has", async () => {
    const target = await startSlotsServer();
    await ask("CONFIG SET requirepass secret");
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(
      "-ERR interrupted: the target says: Client sent AUTH, but no password is set\r\n",
    );
    await at.call("CONFIG", "SET", "requirepass", "");
    await expectKept();
    await target.stop();
  });
});

describe("after a failure", () => {
  /** A target that acknowledges so many restores and then nothing, until `state.limit` is lifted. */
  async function startHalfTarget(state: { limit: number }): Promise<FakeAsyncTarget> {
    let count = 0;
    return startFakeAsyncTarget((command) => {
      if (!isRestore(command)) {
        return answerAsCodis(command);
      }
      count += 1;
      return count <= state.limit ? answerAsCodis(command) : undefined;
    });
  }

  test("the old connection is ended, and what it left is deleted, before anything is sent", async () => {
    const state = { limit: 2 };
    const target = await startHalfTarget(state);
    expect(await move("SLOTSMGRTONE-ASYNC a {a}x", target.port, HALF_MS)).toBe(
      "-ERR interrupted: migration timeout\r\n",
    );
    state.limit = 1e9;
    target.commands.length = 0;
    expect(await move("SLOTSMGRTONE-ASYNC {a}x", target.port)).toBe(":1\r\n");
    const lines = target.commands.map((command) => command.join(" "));
    expect(lines.slice(0, 2)).toEqual([
      `CLIENT KILL ${target.peers[0]}`,
      "SLOTSRESTORE-ASYNC-SELECT 0",
    ]);
    expect(lines.slice(2, 4).toSorted()).toEqual([
      "SLOTSRESTORE-ASYNC delete a",
      "SLOTSRESTORE-ASYNC delete {a}x",
    ]);
    expect(lines.slice(4)).toEqual([
      "SLOTSRESTORE-ASYNC delete {a}x",
      "SLOTSRESTORE-ASYNC string {a}x 0 2",
    ]);
    await target.close();
  });

  test("the old connection is ended by the address under which the target sees it", async () => {
    const seen = "10.9.8.7:4711";
    const info = `id=7 addr=${seen} laddr=10.9.8.1:6379 fd=8 name= age=0\n`;
    let isLost = true;
    const target = await startFakeAsyncTarget((command) => {
      if (asksWhoItIs(command)) {
        return `$${info.length}\r\n${info}\r\n`;
      }
      return isLost && isRestore(command) ? undefined : answerAsCodis(command);
    });
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port, HALF_MS)).toContain("timeout");
    isLost = false;
    target.commands.length = 0;
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(":1\r\n");
    expect(target.commands[0]).toEqual(["CLIENT", "KILL", seen]);
    await target.close();
  });

  test("a target that doesn't end the old connection gets nothing", async () => {
    const target = await startFakeAsyncTarget((command) => {
      if (command[0] === "CLIENT") {
        return "-NOPERM no\r\n";
      }
      return isRestore(command) ? undefined : answerAsCodis(command);
    });
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port, HALF_MS)).toContain("timeout");
    target.commands.length = 0;
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(
      "-ERR interrupted: the target says: NOPERM no\r\n",
    );
    expect(target.commands.filter(isRestore)).toEqual([]);
    await expectKept();
    await target.close();
  });

  test("a copy that was left isn't seen through the wrapper once its key is deleted here", async () => {
    const state = { limit: 2 };
    const target = await startHalfTarget(state);
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(":1\r\n");
    state.limit = 0;
    await ask("SET a 1");
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port, HALF_MS)).toContain("timeout");
    expect(await ask("SLOTSMGRT-EXEC-WRAPPER a DEL a")).toBe("*2\r\n:2\r\n:1\r\n");
    const moving = "*2\r\n:1\r\n-ERR the specified key is being migrated\r\n";
    expect(await ask("SLOTSMGRT-EXEC-WRAPPER a GET a")).toBe(moving);
    expect(await ask("SLOTSMGRT-EXEC-WRAPPER a SET a 5")).toBe(moving);
    state.limit = 1e9;
    target.commands.length = 0;
    // Nothing of this slot is left to move, and still the copy is cleared first.
    expect(await move("SLOTSMGRTTAGSLOT-ASYNC 5 10", target.port)).toBe("*2\r\n:0\r\n:0\r\n");
    expect(target.commands.filter(isRestore).map((command) => command.join(" "))).toEqual([
      "SLOTSRESTORE-ASYNC delete a",
    ]);
    expect(await ask("SLOTSMGRT-EXEC-WRAPPER a GET a")).toBe(
      "*2\r\n:0\r\n-ERR the specified key doesn't exist\r\n",
    );
    await target.close();
  });

  test("a key that was moved by another way meanwhile isn't deleted at the target", async () => {
    const target = await startSlotsServer();
    const to = await RespConnection.open(target.port);
    target.pause();
    expect(await move("SLOTSMGRTONE-ASYNC {a}x", target.port, 100)).toContain("timeout");
    target.resume();
    const reply = await waitFor("a move", 20_000, async () => {
      const moved = await ask(`SLOTSMGRTONE 127.0.0.1 ${target.port} 1000 {a}x`);
      return moved.startsWith(":") ? moved : undefined;
    });
    expect(reply).toBe(":1\r\n");
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(":1\r\n");
    expect((await to.call("MGET", "a", "{a}x")).toString()).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    to.destroy();
    await target.stop();
  });
});
