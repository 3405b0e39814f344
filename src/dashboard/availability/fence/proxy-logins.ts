/**
 * The logins of proxies at the servers: each process of a proxy has an ACL user of its own, on masters and replicas,
 * so that all servers can cut off one that is gone while they serve the others. See docs/adr/0017.
 *
 *     offer    a process is let in: a user on all servers and on their disks before it is told, on record once it has
 *              taken it; so nobody takes it for cut off by a user that it never got
 *     cut      it is gone: deleted on all masters, and its connections with it; on replicas as they answer
 *     tend     a server was started again, or came: it gets the users that it lacks and loses those that were cut
 *
 * Where one server can't keep users, proxies get none: one that lost them while no dashboard is up would turn all
 * proxies away.
 */
import { createHash, randomBytes } from "node:crypto";
import { CodisError, messageOf } from "../../../base/error.ts";
import { masterAddrOf } from "../../../model/group.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { type ProxyModel, processOf } from "../../../model/proxy-model.ts";
import { RedisClient } from "../../../redis/client.ts";
import type { AvailabilityParts } from "../contract.ts";
import { deleteLogin, type LoginRecord, readLogins, writeLogin } from "./login-record.ts";
import { putUsers, type UsersReport, userName } from "./server-users.ts";

/** What the logins need. */
export type LoginParts = Pick<
  AvailabilityParts,
  "config" | "epoch" | "topology" | "serverFigures" | "storage" | "confirm" | "log" | "clock"
>;

/** What a process is told before its slots. */
export interface LoginOffer {
  /** Empty: the product's password. */
  readonly user: string;
  readonly password: string;
  /**
   * The proxy has taken it; before that it mustn't get slots. Durable when it resolves. Rejects with STATE_CONFLICT
   * when it has been offered another one since, and with the coordinator's codes.
   */
  taken(): Promise<void>;
  /** The proxy has served without a user, and goes on so. Durable when it resolves. */
  refused(): Promise<void>;
}

/** Whether servers have cut a proxy off; `text` says how it is known, or why not, one clause. */
export interface CutOutcome {
  readonly isCut: boolean;
  readonly text: string;
}

/** For a connection, and for each command: ACL SAVE and CONFIG REWRITE write a small file. */
const SERVER_TIMEOUT_MS = 2_000;
/** A server that couldn't be tended is tried again after so long. */
const RETRY_MS = 2_000;
const PASSWORD_BYTES = 32;

/** What a server was brought to. */
interface Tended {
  readonly version: number;
  readonly runId: string;
  /** Monotonic. */
  readonly triedAtMs: number;
  readonly problem: string | undefined;
}

/** See the file head. */
export class ProxyLogins {
  readonly #parts: LoginParts;
  readonly #records: Map<string, LoginRecord>;
  /** What processes are told, until they have taken it: no proof that they use it. By token. */
  readonly #offered = new Map<string, LoginRecord>();
  /** Tokens whose user is being cut, or was. */
  readonly #revoked = new Set<string>();
  /** By address. */
  readonly #tended = new Map<string, Tended>();
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Grows whenever other users are wanted than before. */
  #version = 1;
  #userCount = 0;
  #isClosed = false;

  /** Reads what earlier leaders gave. `cutTokens`: proxies whose fence says that they were cut. */
  static async open(parts: LoginParts, cutTokens: ReadonlySet<string>): Promise<ProxyLogins> {
    const { storage, config } = parts;
    const records = await readLogins(storage, config.productName);
    for (const { token } of records) {
      if (cutTokens.has(token)) {
        await deleteLogin(storage, config.productName, token);
      }
    }
    return new ProxyLogins(
      parts,
      records.filter(({ token }) => !cutTokens.has(token)),
    );
  }

  private constructor(parts: LoginParts, records: readonly LoginRecord[]) {
    this.#parts = parts;
    this.#records = new Map(records.map((record) => [record.token, record]));
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#turns.values());
  }

  /**
   * What the process has to be told before it gets its slots; undefined: nothing. Rejects with the coordinator's codes.
   */
  async offer(model: ProxyModel): Promise<LoginOffer | undefined> {
    const { token } = model;
    const known = this.#records.get(token);
    const isKnown = known?.process === processOf(model) && !this.#revoked.has(token);
    if (isKnown || model.takesLogin !== true) {
      return undefined;
    }
    // Also of this process, when it was cut: what it has is unknown until it takes the next one.
    await this.forget(token);
    const password = randomBytes(PASSWORD_BYTES).toString("hex");
    const created = await this.#create(model, password);
    if (typeof created === "string") {
      this.#parts.log.info("fence.no_login", `a proxy gets no login of its own: ${created}`, {
        token,
      });
      await this.#store(withoutUser(model, created));
      const nothing = async () => undefined;
      return { user: "", password: "", taken: nothing, refused: nothing };
    }
    return {
      user: created.user,
      password,
      taken: () => this.#take(created),
      refused: () => this.#store(withoutUser(model, "it has served without one")),
    };
  }

  /** Makes sure that no master takes anything from this process any more. Never rejects. */
  async cut(token: string, process: string): Promise<CutOutcome> {
    const record = this.#records.get(token);
    if (record === undefined || record.process !== process || record.user === "") {
      const reason = this.#offered.has(token)
        ? "it hasn't taken the one that it was offered"
        : (record?.reason ?? say("fence.older", {}));
      return {
        isCut: false,
        text: say("fence.no-login", { why: reason }),
      };
    }
    try {
      await this.#parts.confirm();
    } catch (thrown) {
      return { isCut: false, text: messageOf(thrown) };
    }
    if (!this.#revoked.has(token)) {
      this.#revoked.add(token);
      this.#version += 1;
    }
    const masters = new Set(
      [...this.#parts.topology.snapshot().groups.values()]
        .map(masterAddrOf)
        .filter((addr) => addr !== ""),
    );
    // Replicas that don't answer are tended when they do.
    const problems = await this.#tendAll(this.#servers());
    const left = problems.filter(({ addr }) => masters.has(addr));
    if (left.length > 0) {
      const [{ addr, problem } = { addr: "", problem: "" }] = left;
      return { isCut: false, text: say("fence.not-cut", { addr, why: problem }) };
    }
    return { isCut: true, text: say("fence.revoked", {}) };
  }

  /** The proxy answers, and wasn't fenced: it may log in again. */
  restore(token: string): void {
    if (this.#revoked.delete(token)) {
      this.#version += 1;
    }
  }

  /** Its user is cut for good, or the proxy isn't one of the product any more. Durable when it resolves. */
  async forget(token: string): Promise<void> {
    if (this.#records.has(token)) {
      await deleteLogin(this.#parts.storage, this.#parts.config.productName, token);
      this.#records.delete(token);
      this.#revoked.delete(token);
      this.#version += 1;
    }
    if (this.#offered.delete(token)) {
      this.#version += 1;
    }
  }

  /** Tokens that have a login, or are offered one. */
  tokens(): readonly string[] {
    return [...new Set([...this.#records.keys(), ...this.#offered.keys()])];
  }

  /** Looks which servers have to be tended, and begins with it. Call it again and again. */
  tend(): void {
    const { config, serverFigures, clock } = this.#parts;
    const isUsed = [...this.#records.values(), ...this.#offered.values()].some(
      ({ user }) => user !== "",
    );
    if (this.#isClosed || (config.proxyFencing === "off" && !isUsed)) {
      return;
    }
    const figures = serverFigures();
    const nowMs = clock.monotonicMs();
    for (const addr of this.#servers()) {
      const runId = figures.get(addr)?.info?.["run_id"];
      const tended = this.#tended.get(addr);
      const isDone =
        tended?.problem === undefined &&
        tended?.version === this.#version &&
        tended.runId === runId;
      const isEarly = tended !== undefined && nowMs - tended.triedAtMs < RETRY_MS;
      if (runId !== undefined && !isDone && !isEarly && !this.#turns.has(addr)) {
        void this.#tend(addr);
      }
    }
  }

  /** A user for the process on all servers; gives why not, one clause. */
  async #create(model: ProxyModel, password: string): Promise<LoginRecord | string> {
    const { config, epoch, serverFigures } = this.#parts;
    if (config.proxyFencing === "off") {
      return say("fence.off", {});
    }
    const servers = this.#servers();
    const figures = serverFigures();
    const silent = servers.find((addr) => figures.get(addr)?.error !== undefined);
    if (silent !== undefined || servers.length === 0) {
      return silent === undefined ? "the product has no server" : `${silent} doesn't answer`;
    }
    this.#userCount += 1;
    const user = userName(model.token, epoch, this.#userCount);
    const hash = createHash("sha256").update(password).digest("hex");
    const { token } = model;
    const record = { token, process: processOf(model), user, hash, reason: "" };
    this.#offered.set(token, record);
    this.#version += 1;
    const [problem] = await this.#tendAll(servers);
    if (problem !== undefined) {
      return `${problem.addr}: ${problem.problem}`;
    }
    return record;
  }

  async #take(offered: LoginRecord): Promise<void> {
    if (this.#offered.get(offered.token) !== offered) {
      throw new CodisError(
        "STATE_CONFLICT",
        `proxy-[${offered.token}] has been offered another login since`,
      );
    }
    await this.#store(offered);
  }

  async #store(record: LoginRecord): Promise<void> {
    const offered = this.#offered.get(record.token);
    await writeLogin(this.#parts.storage, this.#parts.config.productName, record);
    if (this.#offered.get(record.token) !== offered) {
      throw new CodisError(
        "STATE_CONFLICT",
        `proxy-[${record.token}] was offered another login meanwhile`,
      );
    }
    this.#offered.delete(record.token);
    this.#records.set(record.token, record);
    this.#revoked.delete(record.token);
    this.#version += 1;
  }

  /** Every server of the product, masters first. */
  #servers(): readonly string[] {
    const groups = [...this.#parts.topology.snapshot().groups.values()];
    return groups.flatMap((group) => group.servers.map((server) => server.addr));
  }

  async #tendAll(
    addrs: readonly string[],
  ): Promise<readonly { readonly addr: string; readonly problem: string }[]> {
    const tended = await Promise.all(
      addrs.map(async (addr) => ({ addr, problem: (await this.#tend(addr)).problem })),
    );
    return tended.flatMap(({ addr, problem }) =>
      problem === undefined ? [] : [{ addr, problem }],
    );
  }

  /** Brings a server to the users that are wanted when its turn comes. Never rejects. */
  async #tend(addr: string): Promise<Tended> {
    const before = this.#turns.get(addr) ?? Promise.resolve();
    const turn = before.then(() => this.#tendNow(addr));
    this.#turns.set(addr, turn);
    const tended = await turn;
    if (this.#turns.get(addr) === turn) {
      this.#turns.delete(addr);
    }
    return tended;
  }

  async #tendNow(addr: string): Promise<Tended> {
    const version = this.#version;
    const triedAtMs = this.#parts.clock.monotonicMs();
    let tended: Tended;
    try {
      const { runId, notKept } = await this.#put(addr);
      tended = { version, runId, triedAtMs, problem: notKept };
    } catch (thrown) {
      tended = { version, runId: "", triedAtMs, problem: messageOf(thrown) };
    }
    const known = this.#tended.get(addr);
    if (tended.problem !== undefined && tended.problem !== known?.problem) {
      this.#parts.log.warn("fence.server", `users of proxies at ${addr}: ${tended.problem}`, {
        addr,
      });
    }
    this.#tended.set(addr, tended);
    return tended;
  }

  async #put(addr: string): Promise<UsersReport> {
    const { config, confirm, epoch } = this.#parts;
    if (this.#isClosed) {
      throw new CodisError("LEADERSHIP_LOST", "this dashboard no longer leads");
    }
    const client = await RedisClient.connect({
      addr,
      password: config.productAuth,
      connectTimeoutMs: SERVER_TIMEOUT_MS,
      callTimeoutMs: SERVER_TIMEOUT_MS,
    });
    try {
      await confirm();
      return await putUsers(client, { users: this.#wanted(), epoch });
    } finally {
      client.close();
    }
  }

  #wanted(): ReadonlyMap<string, string> {
    const users = new Map<string, string>();
    const records = [...this.#records.values()].filter(({ token }) => !this.#revoked.has(token));
    for (const { user, hash } of [...records, ...this.#offered.values()]) {
      if (user !== "") {
        users.set(user, hash);
      }
    }
    return users;
  }
}

function withoutUser(model: ProxyModel, reason: string): LoginRecord {
  return { token: model.token, process: processOf(model), user: "", hash: "", reason };
}
