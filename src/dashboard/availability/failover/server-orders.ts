/**
 * What a failover asks of servers and tells them, behind one interface, so that its order can be tested without
 * servers: a look at a replica, the fence of the old master, the new role.
 *
 * The fence is CLIENT PAUSE for writes, sent without waiting for the login's answer: a master that hangs finds it in
 * its socket when it goes on, and answers no write while its end as a master is prepared. It ends by itself, so that
 * it does no harm should the master stay one. REPLICAOF isn't left there: executed late it could undo a newer change.
 */
import { connect } from "node:net";
import { messageOf } from "../../../base/error.ts";
import { parseServerAddr } from "../../../model/address.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { RedisClient } from "../../../redis/client.ts";
import type { ServerInfo } from "../../../redis/info.ts";
import { readInfo } from "../../../redis/server-command.ts";
import { encodeCommand } from "../../../resp/encode.ts";
import { setRole } from "../../group/replicate.ts";

/** See the file head. */
export interface ServerOrders {
  /** INFO, asked now. Rejects with the codes of `RedisCaller`. */
  look(addr: string): Promise<ServerInfo>;
  /** Stops writes for a while if the server takes the order. One line on how far that came; never rejects. */
  fence(addr: string): Promise<string>;
  /** Makes it a master; `confirm` is asked right before. Rejects as `setRole` does. */
  promote(addr: string, confirm: () => Promise<void>): Promise<void>;
}

/** Longest wait for a replica's answer while one is chosen, connection and INFO together twice that. */
const LOOK_MS = 400;
/** Longest wait for the old master. */
const FENCE_MS = 200;
/** How long it takes no writes, from the moment it reads the order. */
const FENCE_PAUSE_MS = 10_000;
/** Each step of the new master's change of role. */
const PROMOTE_MS = 2_000;
const CONNECTION_NAME = "codis-failover";

/** With real servers; `password` is the product's, empty: none. */
export function createServerOrders(password: string): ServerOrders {
  return {
    look: (addr) => lookAt(addr, password),
    fence: (addr) => fenceServer(addr, password),
    promote: async (addr, confirm) => {
      await setRole({ addr, masterAddr: undefined, password, timeoutMs: PROMOTE_MS, confirm });
    },
  };
}

async function lookAt(addr: string, password: string): Promise<ServerInfo> {
  const client = await RedisClient.connect({
    addr,
    password,
    name: CONNECTION_NAME,
    connectTimeoutMs: LOOK_MS,
    callTimeoutMs: LOOK_MS,
  });
  try {
    return await readInfo(client);
  } finally {
    client.close();
  }
}

/** Sends login and pause at once, waits a little for the answer, and closes in order: what was sent stays sent. */
function fenceServer(addr: string, password: string): Promise<string> {
  const at = parseServerAddr(addr);
  const { promise, resolve } = Promise.withResolvers<string>();
  if (at === undefined) {
    return Promise.resolve("it has no address that could be called");
  }
  const socket = connect({ host: at.host, port: at.port });
  let isSent = false;
  let isEnded = false;
  let answer = "";
  const end = (text: string): void => {
    if (isEnded) {
      return;
    }
    isEnded = true;
    clearTimeout(timer);
    resolve(text);
    // Not destroyed before it is sent: a reset would take the order back.
    socket.end();
    setTimeout(() => socket.destroy(), FENCE_MS).unref();
  };
  const timer = setTimeout(() => {
    end(say(isSent ? "story.told" : "story.unreached", {}));
  }, FENCE_MS);
  const login = password === "" ? [] : [encodeCommand(["AUTH", password])];
  socket.on("connect", () => {
    isSent = true;
    const pause = encodeCommand(["CLIENT", "PAUSE", `${FENCE_PAUSE_MS}`, "WRITE"]);
    socket.write(Buffer.concat([...login, pause]));
  });
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
    const lines = answer.split("\r\n");
    if (lines.length > login.length + 1) {
      const last = lines[login.length] ?? "";
      end(last === "+OK" ? "it takes no writes for a while" : `it refused to stop writes: ${last}`);
    }
  });
  socket.on("error", (thrown) => end(`can't be reached: ${messageOf(thrown)}`));
  socket.on("close", () => end("it closed the connection"));
  return promise;
}
