/**
 * HTTP calls over connections that are kept: they are used again, one that the other side closed in between
 * costs a second try and no failure, and a call ends when it is given up.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Agent, createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { exchangeHttp, type HttpCall } from "../../src/api/http-call.ts";
import { isCodisError } from "../../src/base/error.ts";
import { withDeadline } from "../support/deadline.ts";

const WAIT_MS = 30_000;

let server: Server;
let sockets: Socket[];
let bodies: string[];
let agent: Agent;
/** Whether the server answers. */
let isAnswering: boolean;
let call: HttpCall;

beforeEach(async () => {
  sockets = [];
  bodies = [];
  isAnswering = true;
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      bodies.push(body);
      if (isAnswering) {
        response.setHeader("X-Number", String(bodies.length));
        response.end("x".repeat(100));
      }
    });
  });
  server.on("connection", (socket: Socket) => sockets.push(socket));
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => listening.resolve());
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  const where = { addr: `127.0.0.1:${port}`, path: "/secret", shownPath: "/:shown" };
  call = { ...where, method: "PUT", timeoutMs: WAIT_MS, agent };
});

afterEach(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
});

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await withDeadline("the failure", WAIT_MS, promise);
  } catch (thrown) {
    return isCodisError(thrown)
      ? `${thrown.code} ${thrown.message} ${JSON.stringify(thrown.context)}`
      : String(thrown);
  }
  return "nothing was rejected";
}

describe("a kept connection", () => {
  test("is used again, and the answer says so", async () => {
    const answers = [await exchangeHttp(call), await exchangeHttp(call)];
    expect(answers.map((answer) => answer.isNewConnection)).toEqual([true, false]);
    expect(answers.map((answer) => answer.headers["x-number"])).toEqual(["1", "2"]);
    expect(sockets).toHaveLength(1);
  });

  test("that the other side closed meanwhile costs a second try", async () => {
    await exchangeHttp(call);
    for (const socket of sockets) {
      socket.destroy();
    }
    // At once: the end of the connection hasn't arrived here yet.
    const answer = await exchangeHttp(call);
    expect(answer.isNewConnection).toBeTrue();
    expect(bodies).toHaveLength(2);
  });

  test("isn't opened again when a new one breaks", async () => {
    isAnswering = false;
    server.on("connection", (socket: Socket) => setTimeout(() => socket.destroy(), 20));
    expect(await failureOf(exchangeHttp(call))).toMatch(
      /^REMOTE_UNREACHABLE PUT \/:shown of 127.0.0.1:\d+: ECONNRESET {"isTimedOut":false}$/,
    );
    expect(sockets).toHaveLength(1);
  });
});

describe("a call", () => {
  test("sends bytes as they are, and other bodies as JSON", async () => {
    await exchangeHttp({ ...call, body: Buffer.from('[{"id":1}]') });
    await exchangeHttp({ ...call, body: { a: "ü" } });
    expect(bodies).toEqual(['[{"id":1}]', '{\n    "a": "ü"\n}']);
  });

  test("that takes too long says that its time was up", async () => {
    isAnswering = false;
    expect(await failureOf(exchangeHttp({ ...call, timeoutMs: 50 }))).toEndWith(
      'no answer within 50 ms {"isTimedOut":true}',
    );
  });

  test("that is given up ends", async () => {
    isAnswering = false;
    const giveUp = new AbortController();
    const failure = failureOf(exchangeHttp({ ...call, signal: giveUp.signal }));
    setTimeout(() => giveUp.abort(), 20);
    expect(await failure).toContain("ABORT_ERR");
  });

  test("doesn't read more than it was told to", async () => {
    expect((await exchangeHttp({ ...call, answerBytesMax: 100 })).text).toHaveLength(100);
    expect(await failureOf(exchangeHttp({ ...call, answerBytesMax: 99 }))).toContain(
      "the answer is longer than 99 bytes",
    );
  });
});
