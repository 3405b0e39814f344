/**
 * Servers that fail under pipelines: they close, hang, answer nonsense or errors, in the middle of a reply or
 * between two. Every request is answered once, torn replies close their session only, and nothing is retried
 * that may have been done.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { ProxyConfig } from "../../../src/proxy/config.ts";
import { waitFor } from "../../support/deadline.ts";
import { blob, bulk, line } from "../../support/fake-store.ts";
import { FakedProxy, type TwoFakes } from "../../support/faked-proxy.ts";
import type { ProxyWorker } from "../../support/proxy-worker.ts";
import { command, RawClient } from "../../support/raw-client.ts";

const MB = 1024 * 1024;
const NEAR = "dog";
const FAR = "cat";
const EOF_FAILURE = "-ERR handle response, backend conn failure, EOF\r\n";
const RESET = "-ERR handle response, backend conn reset\r\n";
/** Longer than a shared machine stands still: the server that answers isn't late. */
const HANG_MS = 5_000;

const stage = new FakedProxy();
let fakes: TwoFakes;
let proxy: ProxyWorker;
let client: RawClient;
let other: RawClient;

beforeEach(async () => {
  fakes = await stage.open();
});

afterEach(() => stage.close());

/** A proxy over both fakes. */
async function open(changes: Partial<ProxyConfig>): Promise<void> {
  proxy = await stage.start(changes);
  client = await stage.connect();
  other = await stage.connect();
}

/** As `open`, and connections to both are open. */
async function start(changes: Partial<ProxyConfig> = {}): Promise<void> {
  await open(changes);
  await client.write(command("MGET", NEAR, FAR));
  await client.expectNext("*2\r\n$-1\r\n$-1\r\n");
}

function name(argv: readonly Buffer[]): string {
  return argv[0]?.toString() ?? "";
}

describe("a server that closes its connection", () => {
  test("before the replies: each request gets an error, the next ones are served again", async () => {
    await start();
    fakes[0].isWithholding = true;
    const frames = [
      command("SET", NEAR, "1"),
      command("GET", FAR),
      command("MGET", FAR, NEAR),
      command("GET", NEAR),
    ];
    await client.write(Buffer.concat(frames));
    await waitFor("the requests", 30_000, () =>
      fakes[0].requests("GET").length === 1 ? true : undefined,
    );
    fakes[0].isWithholding = false;
    fakes[0].dropConnections();
    await client.expectNext(`${EOF_FAILURE}$-1\r\n${RESET}${RESET}`);
    await client.write(command("GET", NEAR));
    // The write was done and its reply lost: it is not sent a second time.
    await client.expectNext("$1\r\n1\r\n");
    expect(fakes[0].requests("SET").length).toBe(1);
  });

  test("in the middle of a small reply: that request gets an error and no byte of the reply", async () => {
    await start();
    fakes[0].options = {
      deliver: (entry) => (name(entry.argv) === "GETRANGE" ? { closeAfterBytes: 20 } : {}),
    };
    await client.write(
      Buffer.concat([command("GETRANGE", NEAR, "0", "100"), command("GET", NEAR)]),
    );
    await client.expectNext(`${EOF_FAILURE}${RESET}`);
    await client.write(command("GET", NEAR));
    await client.expectNext("$-1\r\n");
  });

  test("in the middle of a large reply that is under way: that session is closed, with a line in the log", async () => {
    await start();
    fakes[0].options = {
      deliver: (entry) =>
        name(entry.argv) === "GETRANGE" ? { cuts: [MB, 2 * MB], closeAfterBytes: 3 * MB } : {},
    };
    await other.write(command("GET", NEAR));
    await other.expectNext("$-1\r\n");
    await client.write(
      Buffer.concat([command("GETRANGE", NEAR, "0", `${5 * MB}`), command("PING")]),
    );
    const got = await client.takeAll();
    expect(got.length).toBeLessThanOrEqual(3 * MB);
    expect(got.equals(bulk(blob(5 * MB)).subarray(0, got.length))).toBe(true);
    expect(await proxy.closedSessions()).toEqual({ broken_reply: 1 });
    expect(proxy.log.some((one) => one.level === "warn" && one.msg.includes("broke off"))).toBe(
      true,
    );
    await other.write(command("GET", NEAR));
    await other.expectNext("$-1\r\n");
  });

  test("in the middle of a large reply that isn't its turn: an error, and the session stays", async () => {
    await start();
    fakes[1].isWithholding = true;
    fakes[0].options = {
      deliver: (entry) => (name(entry.argv) === "GETRANGE" ? { closeAfterBytes: MB } : {}),
    };
    await client.write(
      Buffer.concat([command("GET", FAR), command("GETRANGE", NEAR, "0", `${2 * MB}`)]),
    );
    await waitFor("the failure", 30_000, () => (proxy.log.length > 0 ? true : undefined));
    fakes[1].release();
    await client.expectNext(`$-1\r\n${EOF_FAILURE}`);
  });

  test("and is gone for good: errors at once, then service when it is back", async () => {
    await start();
    await fakes[0].close();
    await waitFor("an error", 30_000, async () => {
      await client.write(command("GET", NEAR));
      await client.waitUntil("an answer", () => client.received.includes("\n"));
      const answer = (await client.take(client.receivedLength)).toString();
      return answer.startsWith("-ERR handle response, backend conn") ? true : undefined;
    });
    await client.write(Buffer.concat([command("MGET", FAR, NEAR), command("GET", FAR)]));
    await client.expectNext(`${RESET}$-1\r\n`);
  });
});

describe("a server that answers", () => {
  test("no RESP is cut off; its requests get errors and the next connection serves", async () => {
    await start();
    let isMad = true;
    fakes[0].options = {
      answer: (entry) =>
        isMad && name(entry.argv) === "GET" ? Buffer.from("HTTP/1.1 400\r\n\r\n") : undefined,
    };
    await client.write(Buffer.concat([command("GET", NEAR), command("SET", NEAR, "1")]));
    await client.expectNext(`-ERR handle response, backend conn failure, bad reply\r\n${RESET}`);
    isMad = false;
    await client.write(command("EXISTS", NEAR));
    await client.expectNext(":1\r\n");
  });

  test("more replies than it was asked for is cut off, and nobody gets another's reply", async () => {
    await start();
    fakes[0].options = {
      answer: (entry) =>
        name(entry.argv) === "TOUCH" ? Buffer.from(":1\r\n+SURPRISE\r\n") : undefined,
    };
    await client.write(command("TOUCH", NEAR));
    await client.expectNext(":1\r\n");
    await waitFor("the cut", 30_000, () =>
      proxy.log.find((one) => one.msg.includes("without request")),
    );
    await other.write(command("GET", NEAR));
    await other.expectNext("$-1\r\n");
  });

  test("pushes of RESP3 in between: they are dropped, replies keep their places", async () => {
    await start();
    fakes[0].options = {
      answer: (entry) =>
        name(entry.argv) === "TOUCH"
          ? Buffer.from(">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n:1\r\n>1\r\n+x\r\n")
          : undefined,
      deliver: (_entry, reply) => ({ cuts: Array.from({ length: reply.length }, (_, at) => at) }),
    };
    await client.write(
      Buffer.concat([command("TOUCH", NEAR), command("TOUCH", NEAR), command("GET", NEAR)]),
    );
    await client.expectNext(":1\r\n:1\r\n$-1\r\n");
  });

  test("LOADING, MASTERDOWN, READONLY and OOM hands them to the client as they are", async () => {
    await start();
    const errors = [
      "-LOADING Redis is loading the dataset in memory",
      "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      "-READONLY You can't write against a read only replica.",
      "-OOM command not allowed when used memory > 'maxmemory'.",
    ];
    for (const error of errors) {
      fakes[0].options = {
        answer: (entry) => (name(entry.argv) === "PING" ? undefined : line(error)),
      };
      await client.write(
        Buffer.concat([command("SET", NEAR, "1"), command("MSET", FAR, "1", NEAR, "1")]),
      );
      await client.expectNext(`${error}\r\n${error}\r\n`);
    }
    fakes[0].options = {};
    await client.write(command("SET", NEAR, "1"));
    await client.expectNext("+OK\r\n");
  });

  test("one part of an MGET with an error fails the whole with that error", async () => {
    await start();
    fakes[1].options = {
      answer: (entry) => (name(entry.argv) === "MGET" ? line("-OOM no") : undefined),
    };
    await client.write(Buffer.concat([command("MGET", NEAR, FAR), command("MGET", NEAR, "apple")]));
    await client.expectNext("-OOM no\r\n*2\r\n$-1\r\n$-1\r\n");
  });
});

describe("a server that hangs", () => {
  test("with requests in flight is cut off after backend_recv_timeout", async () => {
    await start({ backendRecvTimeoutMs: HANG_MS });
    fakes[0].isWithholding = true;
    await client.write(
      Buffer.concat([command("GET", NEAR), command("GET", FAR), command("GET", NEAR)]),
    );
    await client.expectNext(
      `-ERR handle response, backend conn failure, i/o timeout\r\n$-1\r\n${RESET}`,
    );
    fakes[0].isWithholding = false;
  });

  test("in the handshake is given up, and its requests get errors", async () => {
    fakes[0].isWithholding = true;
    await open({ backendRecvTimeoutMs: HANG_MS });
    await client.write(Buffer.concat([command("GET", NEAR), command("GET", FAR)]));
    await client.expectNext(`${RESET}$-1\r\n`);
    fakes[0].release();
  });
});

describe("session_break_on_failure", () => {
  test("closes the session behind the error, without the replies after it", async () => {
    await start({ sessionBreakOnFailure: true });
    await proxy.fill([381], { backendAddr: "", backendAddrGroupId: 0 });
    await client.write(
      Buffer.concat([command("GET", FAR), command("GET", NEAR), command("GET", FAR)]),
    );
    expect((await client.takeAll()).toString()).toBe(
      "$-1\r\n-ERR handle request, slot is not ready, may be offline\r\n",
    );
    expect(await proxy.closedSessions()).toEqual({ failure: 1 });
    // An error of the server itself is an answer like any other.
    await other.write(Buffer.concat([command("LPUSH", FAR, "1"), command("GET", FAR)]));
    await other.expectNext(
      "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n$-1\r\n",
    );
  });

  test("closes after a lost backend connection as well", async () => {
    await start({ sessionBreakOnFailure: true });
    fakes[0].isWithholding = true;
    await client.write(Buffer.concat([command("GET", NEAR), command("GET", NEAR)]));
    await waitFor("the requests", 30_000, () =>
      fakes[0].requests("GET").length === 2 ? true : undefined,
    );
    fakes[0].isWithholding = false;
    fakes[0].dropConnections();
    expect((await client.takeAll()).toString()).toStartWith(EOF_FAILURE);
  });
});

describe("scripts", () => {
  const BODY = "return 'ran ' .. KEYS[1]";
  const SHA = createHash("sha1").update(BODY).digest("hex");

  test("are loaded on each server before their first EVALSHA there, once", async () => {
    await start();
    await client.write(command("EVAL", BODY, "1", NEAR));
    await client.expectNext(bulk(`ran ${NEAR}`));
    const calls = [NEAR, FAR, FAR, NEAR].map((key) => command("EVALSHA", SHA, "1", key));
    await client.write(Buffer.concat(calls));
    for (const key of [NEAR, FAR, FAR, NEAR]) await client.expectNext(bulk(`ran ${key}`));
    expect(fakes[1].requests("SCRIPT").length).toBe(1);
    expect(fakes[0].requests("SCRIPT").length).toBeLessThanOrEqual(1);
  });

  test("that a server lost are loaded again, when nothing else is in flight", async () => {
    await start();
    await client.write(command("EVAL", BODY, "1", NEAR));
    await client.expectNext(bulk(`ran ${NEAR}`));
    for (let i = 0; i < 3; i++) {
      fakes[0].store.flushScripts();
      await client.write(command("EVALSHA", SHA.toUpperCase(), "1", NEAR));
      await client.expectNext(bulk(`ran ${NEAR}`));
    }
  });

  test("that a server lost are NOSCRIPT for the client when later requests are in flight", async () => {
    await start();
    await client.write(command("EVAL", BODY, "1", NEAR));
    await client.expectNext(bulk(`ran ${NEAR}`));
    await client.write(command("EVALSHA", SHA, "1", NEAR));
    await client.expectNext(bulk(`ran ${NEAR}`));
    fakes[0].store.flushScripts();
    await client.write(
      Buffer.concat([command("EVALSHA", SHA, "1", NEAR), command("SET", NEAR, "1")]),
    );
    await client.expectNext("-NOSCRIPT No matching script. Please use EVAL.\r\n+OK\r\n");
    await client.write(command("EVALSHA", SHA, "1", NEAR));
    await client.expectNext(bulk(`ran ${NEAR}`));
  });

  test("that nobody has shown are the server's NOSCRIPT", async () => {
    await start();
    await client.write(
      Buffer.concat([command("EVALSHA", "0".repeat(40), "1", NEAR), command("PING")]),
    );
    await client.expectNext("-NOSCRIPT No matching script. Please use EVAL.\r\n+PONG\r\n");
  });
});

test("with several connections to a server the sessions are spread over them, each on one", async () => {
  await start({ backendPrimaryParallel: 2 });
  const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.open(proxy.port)));
  for (const [index, one] of clients.entries()) {
    for (let i = 0; i < 3; i++) {
      await one.write(command("SET", NEAR, `${index}`));
      await one.expectNext("+OK\r\n");
    }
  }
  const seen = clients.map((_, index) => {
    const own = fakes[0]
      .requests("SET")
      .filter((entry) => entry.argv[2]?.toString() === `${index}`);
    return [...new Set(own.map((entry) => entry.connection))];
  });
  expect(seen.every((connections) => connections.length === 1)).toBe(true);
  expect(new Set(seen.flat()).size).toBe(2);
  for (const one of clients) one.destroy();
});
