/**
 * One connection to a sentinel, with the commands that a product needs of it. Replies of SENTINEL are flat lists of
 * names and values; here they become records with the fields that are used, and a reply of another form is an error.
 *
 * Sentinels have a password of their own or none: as in Codis, `product_auth` is what they use towards the servers.
 * A sentinel that wants a login is given `product_auth` too, since there is no other word to try.
 */
import { isCodisError } from "../base/error.ts";
import { formatHostPort, parseServerAddr } from "../model/address.ts";
import { RedisClient, type RedisClientOptions } from "../redis/client.ts";
import { parseInfo, type ServerInfo } from "../redis/info.ts";
import { fieldsOf, itemsOf, textOf } from "../redis/reply.ts";
import { replyTextOf, unexpectedReply } from "../redis/server-error.ts";
import type { RespValue } from "../resp/value.ts";

/** How to reach a sentinel. */
export interface SentinelAddress {
  /** `host:port`. */
  readonly addr: string;
  /** `product_auth`; used only when the sentinel asks for a password. */
  readonly password: string;
  /** For the connection with its login, and for each call, milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onMessage?: RedisClientOptions["onMessage"];
}

/** What a sentinel says of one server, by Redis's own field names. */
export type SentinelFields = Readonly<Record<string, string>>;

/** What a sentinel says of a master that it watches. */
export interface WatchedMaster {
  readonly name: string;
  /** The current master's `host:port`, of the promoted replica as soon as a failover has promoted it. */
  readonly addr: string;
  /** Grows with each failover; 0 after MONITOR. */
  readonly epoch: number;
  /** Empty when the sentinel hasn't reached the server yet. */
  readonly runId: string;
  readonly flags: ReadonlySet<string>;
  readonly quorum: number;
  readonly otherSentinels: number;
  readonly fields: SentinelFields;
}

/** Flag of a master that a failover is changing. */
const FAILING_OVER = "failover_in_progress";

/** See the file head. */
export class SentinelClient {
  readonly addr: string;
  readonly #client: RedisClient;

  /** Connects and logs in where that is needed. Throws as `RedisClient.connect`. */
  static async connect(at: SentinelAddress): Promise<SentinelClient> {
    const open = (password: string): Promise<RedisClient> =>
      RedisClient.connect({
        addr: at.addr,
        password,
        connectTimeoutMs: at.timeoutMs,
        callTimeoutMs: at.timeoutMs,
        signal: at.signal,
        onMessage: at.onMessage,
      });
    try {
      const client = await open("");
      try {
        await client.call(["PING"]);
      } catch (thrown) {
        client.close();
        throw thrown;
      }
      return new SentinelClient(client);
    } catch (thrown) {
      if (!isCodisError(thrown, "SERVER_AUTH_FAILED") || at.password === "") {
        throw thrown;
      }
      return new SentinelClient(await open(at.password));
    }
  }

  private constructor(client: RedisClient) {
    this.addr = client.addr;
    this.#client = client;
  }

  /** False once the connection has ended. */
  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  /** All masters that it watches, of other products too. */
  async masters(): Promise<readonly WatchedMaster[]> {
    const list = await this.#list(["SENTINEL", "MASTERS"], "SENTINEL MASTERS");
    return Promise.all(list.map((fields) => this.#currentMaster(fields)));
  }

  /** One of them; undefined when it doesn't watch a master of this name. */
  async master(name: string): Promise<WatchedMaster | undefined> {
    try {
      const value = await this.#client.call(["SENTINEL", "MASTER", name]);
      return await this.#currentMaster(this.#record(value, "SENTINEL MASTER"));
    } catch (thrown) {
      if (isUnknownName(thrown)) {
        return undefined;
      }
      throw thrown;
    }
  }

  /** The replicas of a master as it knows them, those that are gone too. Takes the old name, which all know. */
  replicas(name: string): Promise<readonly SentinelFields[]> {
    return this.#list(["SENTINEL", "SLAVES", name], "SENTINEL SLAVES");
  }

  /** The other sentinels of a master as it knows them, those that are gone too. */
  sentinels(name: string): Promise<readonly SentinelFields[]> {
    return this.#list(["SENTINEL", "SENTINELS", name], "SENTINEL SENTINELS");
  }

  /** Begins to watch; `addr` is an IP with a port, as sentinels take no names unless told to. */
  async monitor(name: string, addr: string, quorum: number): Promise<void> {
    const { host, port } = parseServerAddr(addr) ?? { host: addr, port: 0 };
    await this.#client.call(["SENTINEL", "MONITOR", name, host, `${port}`, `${quorum}`]);
  }

  /** Ends a watch; whether there was one. */
  async remove(name: string): Promise<boolean> {
    try {
      await this.#client.call(["SENTINEL", "REMOVE", name]);
      return true;
    } catch (thrown) {
      if (isUnknownName(thrown)) {
        return false;
      }
      throw thrown;
    }
  }

  /** Changes one setting of a watch. */
  async set(name: string, option: string, value: string): Promise<void> {
    await this.#client.call(["SENTINEL", "SET", name, option, value]);
  }

  /** Forgets the replicas and the other sentinels of a master; those that are there are found again in seconds. */
  async reset(name: string): Promise<void> {
    await this.#client.call(["SENTINEL", "RESET", escapePattern(name)]);
  }

  /** Writes its configuration file; refused by anything that is no sentinel. */
  async flushConfig(): Promise<void> {
    await this.#client.call(["SENTINEL", "FLUSHCONFIG"]);
  }

  /** Whether enough sentinels are there for a failover; the reason why not. */
  async checkQuorum(name: string): Promise<string | undefined> {
    try {
      await this.#client.call(["SENTINEL", "CKQUORUM", name]);
      return undefined;
    } catch (thrown) {
      const reply = replyTextOf(thrown);
      if (reply === undefined) {
        throw thrown;
      }
      return reply;
    }
  }

  /** INFO as one record. */
  async info(): Promise<ServerInfo> {
    const text = textOf(await this.#client.call(["INFO"]));
    if (text === undefined) {
      throw unexpectedReply(this.addr, "INFO");
    }
    return parseInfo(text);
  }

  /** Messages of the channel go to `onMessage` from now on; only `ping` may be called then. */
  async subscribe(channel: string): Promise<void> {
    await this.#client.call(["SUBSCRIBE", channel]);
  }

  /** Rejects when it doesn't answer in time. */
  async ping(): Promise<void> {
    await this.#client.call(["PING"]);
  }

  /** Ends the connection; may be called twice. */
  close(): void {
    this.#client.close();
  }

  /**
   * While a failover is under way the sentinel that leads it still lists the old address, although it says the new
   * epoch from the promotion on. The address that it gives to clients is the right one, and the epoch is read after
   * it, so that the two never belong to different failovers.
   */
  async #currentMaster(fields: SentinelFields): Promise<WatchedMaster> {
    const listed = this.#master(fields);
    if (!listed.flags.has(FAILING_OVER)) {
      return listed;
    }
    const { name } = listed;
    const current = await this.#client.call(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]);
    const [host, port] = (itemsOf(current) ?? []).map(textOf);
    const again = this.#record(
      await this.#client.call(["SENTINEL", "MASTER", name]),
      "SENTINEL MASTER",
    );
    const addr = formatHostPort({ host: host ?? "", port: Number(port) });
    return addr === listed.addr || parseServerAddr(addr) === undefined
      ? listed
      : { ...this.#master(again), addr, runId: "" };
  }

  #master(fields: SentinelFields): WatchedMaster {
    const { name, ip, port } = fields;
    const addr = formatHostPort({ host: ip ?? "", port: Number(port) });
    if (name === undefined || parseServerAddr(addr) === undefined) {
      throw unexpectedReply(this.addr, "SENTINEL MASTERS");
    }
    return {
      name,
      addr,
      epoch: wholeNumber(fields["config-epoch"]),
      runId: fields["runid"] ?? "",
      flags: new Set((fields["flags"] ?? "").split(",")),
      quorum: wholeNumber(fields["quorum"]),
      otherSentinels: wholeNumber(fields["num-other-sentinels"]),
      fields,
    };
  }

  async #list(args: readonly string[], command: string): Promise<readonly SentinelFields[]> {
    const items = itemsOf(await this.#client.call(args));
    if (items === undefined) {
      throw unexpectedReply(this.addr, command);
    }
    return items.map((item) => this.#record(item, command));
  }

  #record(value: RespValue, command: string): SentinelFields {
    const fields = fieldsOf(value);
    if (fields === undefined) {
      throw unexpectedReply(this.addr, command);
    }
    return Object.fromEntries([...fields].map(([name, item]) => [name, textOf(item) ?? ""]));
  }
}

/** Connects, works, and closes. */
export async function withSentinel<Result>(
  at: SentinelAddress,
  work: (sentinel: SentinelClient) => Promise<Result>,
): Promise<Result> {
  const sentinel = await SentinelClient.connect(at);
  try {
    return await work(sentinel);
  } finally {
    sentinel.close();
  }
}

function isUnknownName(thrown: unknown): boolean {
  return /^ERR No such master/i.test(replyTextOf(thrown) ?? "");
}

/** RESET takes a pattern, and a product's name may have characters that mean something there. */
function escapePattern(name: string): string {
  return name.replace(/[*?[\]\\]/g, "\\$&");
}

function wholeNumber(text: string | undefined): number {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
}
