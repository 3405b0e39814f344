/**
 * The target of a mover, over a connection of the mover's own: is it alive, does it have replicas, do they have
 * what arrived, which keys does it have, and who may still send it something.
 *
 * A MIGRATE to a target that doesn't answer would stall the source, so it is sent only when the target was heard
 * a moment ago. While keys are wanted often it is asked all the time, so that nobody has to wait for that.
 */
import { findSuspects } from "../../migrate/doubt.ts";
import type { RespValue } from "../../resp/value.ts";
import { type Argv, type LinkSettings, MoverLink, throwIfRefused } from "./link.ts";
import { readPresence, textOf } from "./source.ts";
import { LinkLost, ServerRefused } from "./trouble.ts";

/** A target that was heard so long ago is known to be alive. */
const EVIDENCE_MS = 20;
/** How often a target in use is asked, and how long after the last use. */
const HEARTBEAT_MS = 10;
const IN_USE_MS = 1_000;
/** How often a target in use is asked for its replicas. */
const ROLE_MS = 1_000;
/** Listings of connections in a row; the second shows that the first one's are gone. */
const LISTINGS_AT_ONCE = 2;
/** How long a replica may take to have what was just written. */
const REPLICA_WAIT_MS = 300;
/** How long the target may be silent: a large key may stall it. The requests that wait have a bound of their own. */
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * What lifts the offset that WAIT waits for, without a trace: any command up to Redis 7.0; since 7.2 one that is
 * replicated, and a message on a channel that nobody listens to is. See `dispatch/shards/wait.ts`.
 */
const LIFT_OFFSET: readonly Argv[] = [["PING"], ["SPUBLISH", "__codis:offset__", ""]];

/** See the file head. */
export class Target {
  readonly #settings: LinkSettings;
  #link: MoverLink | undefined;
  #replicas = 0;
  #roleAtMs = 0;
  #usedAtMs = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  /** Keys are kept at the source until a replica has them. */
  get hasReplicas(): boolean {
    return this.#replicas > 0;
  }

  /** Keys are wanted: the target is asked from now on, for a while. */
  use(nowMs: number): void {
    this.#usedAtMs = nowMs;
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  /**
   * Resolves when the target is a master that was heard a moment ago, and it is known whether it has replicas.
   * Rejects with `LinkLost` or `ServerRefused`.
   */
  async makeReady(): Promise<void> {
    if (this.#link?.isOpen !== true) {
      this.#link = await MoverLink.open(this.#settings);
      this.#roleAtMs = 0;
    }
    if (performance.now() - this.#roleAtMs > ROLE_MS) await this.#readRole();
    if (!this.#isFresh(EVIDENCE_MS)) await this.#open.call(["PING"], ANSWER_TIMEOUT_MS);
  }

  /**
   * Resolves with true when a replica has everything that the target has now, with false when none confirms it in
   * time. Rejects as `makeReady`.
   */
  async isReplicated(): Promise<boolean> {
    const commands: readonly Argv[] = [...LIFT_OFFSET, ["WAIT", "1", String(REPLICA_WAIT_MS)]];
    const timeoutMs = ANSWER_TIMEOUT_MS + REPLICA_WAIT_MS;
    const [ping, publish, count] = await this.#open.callAll(commands, timeoutMs);
    throwIfRefused(ping as RespValue, this.#settings.addr);
    // Servers too old to know the command are content with the PING.
    if (publish?.type === "error" && !publish.text.startsWith("ERR unknown command")) {
      throwIfRefused(publish, this.#settings.addr);
    }
    return count?.type === "integer" && count.value >= 1n;
  }

  /** Which of the keys are here. */
  async has(db: number, names: readonly Buffer[]): Promise<readonly boolean[]> {
    const questions = names.map((name) => ["EXISTS", name]);
    const replies = await this.#open.callIn(db, questions, ANSWER_TIMEOUT_MS);
    return readPresence(replies, this.#settings.addr);
  }

  /**
   * Cuts every connection over which a transfer may still come. Resolves with true when there is none left; false:
   * new ones come all the time.
   */
  async killSuspects(): Promise<boolean> {
    const link = this.#open;
    for (let listing = 0; listing < LISTINGS_AT_ONCE; listing++) {
      const list = await link.call(["CLIENT", "LIST", "TYPE", "normal"], ANSWER_TIMEOUT_MS);
      throwIfRefused(list, this.#settings.addr);
      const ids = findSuspects(textOf(list));
      if (ids.length === 0) return true;
      const kills = ids.map((id) => ["CLIENT", "KILL", "ID", id]);
      const replies = await link.callAll(kills, ANSWER_TIMEOUT_MS);
      for (const reply of replies) throwIfRefused(reply, this.#settings.addr);
    }
    return false;
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    this.#link?.close();
    this.#link = undefined;
  }

  get #open(): MoverLink {
    if (this.#link === undefined)
      throw new LinkLost(`${this.#settings.addr} isn't connected`, false);
    return this.#link;
  }

  #isFresh(limitMs: number): boolean {
    return performance.now() - (this.#link?.lastReplyMs ?? 0) <= limitMs;
  }

  async #readRole(): Promise<void> {
    const reply = await this.#open.call(["ROLE"], ANSWER_TIMEOUT_MS);
    throwIfRefused(reply, this.#settings.addr);
    const [role, , replicas] = reply.type === "array" ? reply.items : [];
    if (textOf(role) !== "master" || replicas?.type !== "array") {
      throw new ServerRefused(`${this.#settings.addr} is a ${textOf(role)} and not a master`);
    }
    this.#replicas = replicas.items.length;
    this.#roleAtMs = performance.now();
  }

  /** One question at a time: a target that doesn't answer isn't asked again. */
  #beat(): void {
    if (performance.now() - this.#usedAtMs > IN_USE_MS) {
      clearInterval(this.#heartbeat);
      this.#heartbeat = undefined;
      return;
    }
    const link = this.#link;
    if (link?.isOpen !== true || this.#isAsking || this.#isFresh(HEARTBEAT_MS)) return;
    this.#isAsking = true;
    const done = (): void => {
      this.#isAsking = false;
    };
    // A lost connection shows when it is used.
    link.call(["PING"], ANSWER_TIMEOUT_MS).then(done, done);
  }
}
