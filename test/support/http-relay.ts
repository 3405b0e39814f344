/**
 * Stands between a client and an HTTP server and loses or delays single exchanges, as a network or a server
 * that dies at the wrong moment does: the answer of a request is swallowed after the server has given it, or a
 * request is kept back and delivered long after its client has given up.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port.ts";

/** A request that was kept back. */
export interface HeldRequest {
  /** Resolves when the request has come. */
  readonly arrived: Promise<void>;
  /** Hands it to the server now; resolves with the whole answer. */
  deliver(): Promise<string>;
}

/** A running relay. */
export interface HttpRelay {
  /** `127.0.0.1:port`. */
  readonly addr: string;
  /** Swallows the answers of the next `count` requests that contain the text; resolves after the last. */
  swallowAnswers(text: string, count: number): Promise<void>;
  /** Answers the next request that contains the text with this instead, after the server has carried it out. */
  answerInstead(text: string, status: number, body: string): void;
  /** Keeps back the next request that contains the text. */
  hold(text: string): HeldRequest;
  /** Requests so far that contain the text. */
  countOf(text: string): number;
  close(): Promise<void>;
}

/** What is done with a request that contains `text`. */
interface Rule {
  readonly text: string;
  run(request: Buffer, client: Socket): void;
}

/** Starts a relay to a port of 127.0.0.1. */
export async function startHttpRelay(targetPort: number): Promise<HttpRelay> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const rules: Rule[] = [];
  const server = createServer((client) => {
    track(sockets, client);
    readRequest(client, (request) => {
      const text = request.toString("latin1");
      requests.push(text);
      const rule = rules.find((one) => text.includes(one.text));
      if (rule === undefined) {
        const upstream = open(targetPort, sockets, request);
        upstream.pipe(client);
        client.on("close", () => upstream.destroy());
        return;
      }
      rule.run(request, client);
    });
  });
  await listen(server, port);
  return {
    addr: `127.0.0.1:${port}`,
    swallowAnswers: (text, count) =>
      new Promise((resolve) => {
        let left = count;
        const rule: Rule = {
          text,
          run(request, client) {
            left -= 1;
            if (left === 0) {
              rules.splice(rules.indexOf(rule), 1);
            }
            const isLast = left === 0;
            void answerOf(targetPort, sockets, request).then(() => {
              client.destroy();
              if (isLast) {
                resolve();
              }
            });
          },
        };
        rules.push(rule);
      }),
    answerInstead(text, status, body) {
      const rule: Rule = {
        text,
        run(request, client) {
          rules.splice(rules.indexOf(rule), 1);
          void answerOf(targetPort, sockets, request).then(() => {
            const head = `HTTP/1.1 ${status} Other\r\nContent-Type: application/json\r\n`;
            const length = Buffer.byteLength(body);
            client.end(`${head}Content-Length: ${length}\r\nConnection: close\r\n\r\n${body}`);
          });
        },
      };
      rules.push(rule);
    },
    hold: (text) => hold(text, rules, (request) => answerOf(targetPort, sockets, request)),
    countOf: (text) => requests.filter((one) => one.includes(text)).length,
    async close() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hold(
  text: string,
  rules: Rule[],
  send: (request: Buffer) => Promise<string>,
): HeldRequest {
  let held: Buffer | undefined;
  let tellArrived: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    tellArrived = resolve;
  });
  const rule: Rule = {
    text,
    run(request) {
      rules.splice(rules.indexOf(rule), 1);
      held = request;
      tellArrived();
    },
  };
  rules.push(rule);
  return {
    arrived,
    async deliver() {
      await arrived;
      return send(held ?? Buffer.alloc(0));
    },
  };
}

/** Calls back once, with the whole request. */
function readRequest(client: Socket, onRequest: (request: Buffer) => void): void {
  let received = Buffer.alloc(0);
  let isDone = false;
  client.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const text = received.toString("latin1");
    const headEnd = text.indexOf("\r\n\r\n");
    const length = /content-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1];
    if (!isDone && headEnd >= 0 && received.length >= headEnd + 4 + Number(length ?? 0)) {
      isDone = true;
      onRequest(received);
    }
  });
}

function open(port: number, sockets: Set<Socket>, request: Buffer): Socket {
  const upstream = connect({ port, host: "127.0.0.1" });
  track(sockets, upstream);
  upstream.write(request);
  return upstream;
}

function answerOf(port: number, sockets: Set<Socket>, request: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const upstream = open(port, sockets, request);
    let answer = "";
    upstream.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    upstream.on("close", () => resolve(answer));
  });
}

/** Errors of a connection are what a relay is there for; its end shows them to both sides. */
function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => sockets.delete(socket));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}
