/**
 * The helpers that all other tests stand on: a server that is really there when `startRedis` resolves,
 * and really gone afterwards; waits that end and name what they waited for.
 */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import { startRedis } from "../../support/redis-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function ask(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", reject);
    socket.once("data", (chunk) => {
      socket.destroy();
      resolve(chunk.toString());
    });
    socket.write(`${line}\r\n`);
  });
}

test("a started server answers, and after stop its process and its folder are gone", async () => {
  const server = await startRedis();
  expect(await ask(server.port, "PING")).toBe("+PONG\r\n");
  expect(existsSync(server.dir)).toBe(true);
  await server.stop();
  expect(() => process.kill(server.pid, 0)).toThrow();
  expect(existsSync(server.dir)).toBe(false);
});

test("a server in a folder of the test keeps its data over kill and a new start", async () => {
  const folder = temporaryFolder();
  const args = ["--appendonly", "yes", "--appendfsync", "always"];
  const first = await startRedis({ dir: folder.path, args });
  await ask(first.port, "SET k v");
  await first.kill();
  const second = await startRedis({ dir: folder.path, args });
  expect(await ask(second.port, "GET k")).toBe("$1\r\nv\r\n");
  await second.stop();
  folder.remove();
});

test("a paused server can be stopped", async () => {
  const server = await startRedis();
  server.pause();
  await server.stop();
  expect(() => process.kill(server.pid, 0)).toThrow();
});

test("a bad argument is told with what the server printed", async () => {
  await expect(startRedis({ args: ["--no-such-directive", "1"] })).rejects.toThrow(
    /ended at start:[\s\S]*no-such-directive/,
  );
});

test("a deadline names what was waited for", async () => {
  await expect(withDeadline("answer", 5, new Promise(() => undefined))).rejects.toThrow(
    "no answer within 5 ms",
  );
  await expect(waitFor("file", 30, () => undefined)).rejects.toThrow("no file within 30 ms");
});
