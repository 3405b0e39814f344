/**
 * The simulated peers of the dashboard's benchmark, in a process of their own so that their work isn't the
 * dashboard's: admin ports of proxies that keep slots, and Redis servers that answer INFO. Started by
 * `dashboard.ts` as `peer-script.ts SERVERS PROXIES PRODUCT`; writes one line of JSON when all listen, and
 * ends with its stdin.
 */
import { createServer, type Socket } from "node:net";
import { FakeProxy } from "../../test/support/fake-proxy.ts";

/** Addresses of the peers, the line that the script writes. */
export interface PeerAddresses {
  /** `host:port` of each Redis server. */
  readonly servers: readonly string[];
  readonly proxies: readonly { readonly adminAddr: string; readonly token: string }[];
}

/** About what a real server answers: 3 KB. */
const INFO_FILLER = Array.from({ length: 110 }, (_, line) => `figure_${line}:${line * 1_000_003}`);

async function main(serverCount: number, proxyCount: number, productName: string): Promise<void> {
  const servers: string[] = [];
  for (let index = 0; index < serverCount; index++) {
    servers.push(await listenAsRedis(index));
  }
  const proxies: { readonly adminAddr: string; readonly token: string }[] = [];
  for (let index = 0; index < proxyCount; index++) {
    const proxy = await FakeProxy.start({ productName });
    proxies.push({ adminAddr: proxy.addr, token: proxy.token });
  }
  const addresses: PeerAddresses = { servers, proxies };
  process.stdout.write(`${JSON.stringify(addresses)}\n`);
}

async function listenAsRedis(index: number): Promise<string> {
  const info = infoOf(index);
  const server = createServer((socket) => answerAsRedis(socket, info));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    resolve(`127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
  });
  return promise;
}

/** Commands come whole and alone on each connection: the dashboard waits for each answer. */
function answerAsRedis(socket: Socket, info: string): void {
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const text = chunk.toString("latin1");
    for (const [, name = ""] of text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
      socket.write(replyTo(name.toUpperCase(), info));
    }
  });
}

function replyTo(command: string, info: string): string {
  switch (command) {
    case "INFO":
      return info;
    case "FUNCTION":
      return "*0\r\n";
    case "CONFIG":
      return "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n";
    default:
      return "+OK\r\n";
  }
}

function infoOf(index: number): string {
  const text = [
    "# Server",
    "redis_version:7.0.15",
    "redis_mode:standalone",
    `run_id:${index.toString(16).padStart(40, "0")}`,
    "uptime_in_seconds:1000",
    "loading:0",
    "used_memory:1048576",
    "maxmemory:0",
    "role:master",
    "connected_slaves:0",
    ...INFO_FILLER,
    "db0:keys=1000,expires=0,avg_ttl=0",
    "",
  ].join("\r\n");
  return `$${text.length}\r\n${text}\r\n`;
}

// Only as a program: `dashboard.ts` imports the type.
if (import.meta.main) {
  const [servers = "0", proxies = "0", productName = ""] = process.argv.slice(2);
  process.stdin.on("end", () => process.exit(0)).resume();
  await main(Number(servers), Number(proxies), productName);
}
