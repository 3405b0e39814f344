/**
 * Proxies that are gone: nobody waits for one that hasn't answered for `proxy_dead_after`, but only once it is proven
 * that it can't write any more.
 *
 *     present --no answer--> absent --proxy_dead_after--> unprovable --a proof--> fenced
 *        ^                     |                              |                     |
 *        +------ answers ------+------------------------------+--- answers, let in -+
 *
 * A fence is stored before anybody goes on without the proxy; it is taken away, in memory and in the store, before
 * its process, or the next one, gets its slots. Invariant: what the fleet leaves out is a subset of what is stored.
 */
import type { ClockTimer } from "../../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import type { FenceState, ProxyFence } from "../../../model/availability/fence.ts";
import { updateProxy } from "../../../model/change/proxy.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { type ProxyModel, processOf } from "../../../model/proxy-model.ts";
import type { ProxyRecord } from "../../../model/proxy-record.ts";
import { getProxy } from "../../../model/topology/guard.ts";
import type { ProxyFigures } from "../../control.ts";
import type { AvailabilityParts } from "../contract.ts";
import { FenceNodes, type FenceRecord } from "./fence-record.ts";
import { lookForProcesses, type ProcessLook } from "./process-look.ts";
import { type LoginOffer, type LoginParts, ProxyLogins } from "./proxy-logins.ts";

/** What the room needs. */
export interface FenceParts extends LoginParts, Pick<AvailabilityParts, "proxyFigures"> {
  readonly fleet: {
    /** `Fleet.setFenced`. */
    setFenced(token: string, isFenced: boolean): void;
  };
  /** Replaces looks at processes (tests). */
  readonly look?: (model: ProxyModel) => ProcessLook;
}

/** How often all proxies are thought about. */
const PERIOD_MS = 250;
/** A proof that couldn't be had, or a fence that couldn't be stored, is tried again after so long. */
const RETRY_MS = 1_000;

/** What is known of one proxy. */
interface Watched {
  /** Monotonic: its last answer, or when it was first thought of. */
  answeredAtMs: number;
  /** Wall clock. */
  sinceMs: number;
  state: Exclude<FenceState, "fenced">;
  text: string;
  /** Monotonic. */
  triedAtMs: number;
}

/** See the file head. */
export class ProxyFences {
  readonly #parts: FenceParts;
  readonly #nodes: FenceNodes;
  readonly #logins: ProxyLogins;
  readonly #fenced = new Map<string, FenceRecord>();
  readonly #watched = new Map<string, Watched>();
  /** A fence of theirs may be stored, or may yet be. */
  readonly #inDoubt = new Set<string>();
  /** One thing at a time for each proxy. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #timer: ClockTimer | undefined;
  #round: Promise<void> | undefined;
  #isClosed = false;

  /**
   * Reads what earlier leaders relied on; before the fleet gets its first topology. Rejects with the coordinator's
   * codes.
   */
  static async open(parts: FenceParts): Promise<ProxyFences> {
    const nodes = new FenceNodes(parts.storage, parts.config.productName);
    const records = await nodes.readAll();
    const cut = records.filter(({ proof }) => proof === "servers-cut").map(({ token }) => token);
    const logins = await ProxyLogins.open(parts, new Set(cut));
    return new ProxyFences(parts, nodes, logins, records);
  }

  private constructor(
    parts: FenceParts,
    nodes: FenceNodes,
    logins: ProxyLogins,
    records: readonly FenceRecord[],
  ) {
    this.#parts = parts;
    this.#nodes = nodes;
    this.#logins = logins;
    for (const record of records) {
      this.#fenced.set(record.token, record);
      parts.fleet.setFenced(record.token, true);
    }
  }

  start(): void {
    this.#timer = this.#parts.clock.after(PERIOD_MS, () => {
      this.#round = this.#think().finally(() => {
        if (!this.#isClosed) {
          this.start();
        }
      });
    });
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#round;
    await Promise.allSettled(this.#turns.values());
    await this.#logins.close();
  }

  /** Every proxy of the product by token. */
  fences(): ReadonlyMap<string, ProxyFence> {
    const fences = new Map<string, ProxyFence>();
    for (const token of this.#parts.topology.snapshot().proxies.keys()) {
      fences.set(token, this.#describe(token));
    }
    return fences;
  }

  /**
   * An operator's word. Durable when it resolves. Rejects with NOT_FOUND, with STATE_CONFLICT while the proxy answers
   * or a process of its is seen, and with the coordinator's codes.
   */
  declareGone(token: string): Promise<void> {
    return this.#inTurn(token, async () => {
      const proxy = getProxy(this.#parts.topology.snapshot(), token);
      if (this.#fenced.has(token)) {
        return;
      }
      if (this.#parts.proxyFigures().get(token)?.table !== "unreachable") {
        throw new CodisError(
          "STATE_CONFLICT",
          `proxy-[${token}] answers at ${proxy.adminAddr}; shut it down or remove it`,
        );
      }
      const look = this.#look(proxy);
      if (look.state === "alive") {
        throw new CodisError(
          "STATE_CONFLICT",
          `proxy-[${token}] isn't gone: ${look.text} on this machine; end it (kill -9)`,
        );
      }
      const isProven = look.state === "gone";
      await this.#fence(proxy, {
        proof: isProven ? "processes-gone" : "operator",
        text: isProven ? look.text : say("fence.word", {}),
      });
    });
  }

  /**
   * `FleetOptions.beforeFill`: the process is about to get its slots. From now on it counts; when this resolves that
   * is also what the next leader will think, and the stored model is the one of this process. Gives the login that
   * it has to be told first, if any. Rejects when that can't be had.
   */
  admit(token: string, model: ProxyModel): Promise<LoginOffer | undefined> {
    return this.#inTurn(token, async () => {
      await this.#storeModel(token, model);
      const isFenced = this.#fenced.delete(token);
      this.#parts.fleet.setFenced(token, false);
      this.#watched.delete(token);
      if (this.#inDoubt.has(token)) {
        await this.#nodes.lift(token);
        this.#inDoubt.delete(token);
      } else if (isFenced) {
        // Until it is deleted for certain, it may be there.
        this.#inDoubt.add(token);
        await this.#nodes.delete(token);
        this.#inDoubt.delete(token);
      }
      if (isFenced) {
        this.#parts.log.info("fence.lifted", "a proxy that was given up is let in again", {
          token,
          addr: model.adminAddr,
        });
      }
      // Not before the proxy counts again: from then on it may write.
      return await this.#logins.offer(model);
    });
  }

  /** The process by which it will be looked for must be the newest one that ever had slots. */
  async #storeModel(token: string, model: ProxyModel): Promise<void> {
    const { topology } = this.#parts;
    const isStored = (proxy: ProxyModel): boolean =>
      processOf(proxy) === processOf(model) && proxy.processBirth === model.processBirth;
    const stored = getProxy(topology.snapshot(), token);
    if (!isStored(stored)) {
      await topology.commit(`proxy ${token} has restarted`, (now) =>
        now.proxies.has(token) ? updateProxy(now, model) : now,
      );
    }
  }

  async #think(): Promise<void> {
    const { proxies } = this.#parts.topology.snapshot();
    const figures = this.#parts.proxyFigures();
    for (const proxy of proxies.values()) {
      this.#watch(proxy, figures.get(proxy.token));
    }
    for (const token of this.#watched.keys()) {
      if (!proxies.has(token)) {
        this.#watched.delete(token);
      }
    }
    this.#logins.tend();
    const known = [...this.#fenced.keys(), ...this.#inDoubt, ...this.#logins.tokens()];
    const gone = known.filter((token) => !proxies.has(token));
    for (const token of new Set(gone)) {
      this.#try(token, () => this.#forget(token));
    }
  }

  #watch(proxy: ProxyRecord, figures: ProxyFigures | undefined): void {
    const { clock, config } = this.#parts;
    const { token } = proxy;
    const nowMs = clock.monotonicMs();
    let watched = this.#watched.get(token);
    if (watched === undefined) {
      watched = newlyWatched(nowMs, clock.nowMs());
      this.#watched.set(token, watched);
    }
    if (this.#fenced.has(token)) {
      return;
    }
    if (figures?.table !== "unreachable") {
      const isAnswer = figures?.stats !== undefined || figures?.error !== undefined;
      if (isAnswer && figures !== undefined) {
        // Of the look, not of now: the one under way may be the first without an answer.
        watched.answeredAtMs = nowMs - Math.max(0, clock.nowMs() - figures.atMs);
        this.#setState(watched, "present", say("fence.answers", {}));
        if (!this.#turns.has(token)) {
          this.#logins.restore(token);
        }
      }
      return;
    }
    const silentMs = nowMs - watched.answeredAtMs;
    if (silentMs < config.proxyDeadAfterMs) {
      this.#setState(watched, "absent", say("fence.silent", { why: figures.error ?? "unknown" }));
      return;
    }
    if (nowMs - watched.triedAtMs >= RETRY_MS) {
      watched.triedAtMs = nowMs;
      this.#try(token, () => this.#prove(token));
    }
  }

  /** Looks for a proof that the proxy can't write, and stores it. */
  async #prove(token: string): Promise<void> {
    const proxy = this.#parts.topology.snapshot().proxies.get(token);
    const watched = this.#watched.get(token);
    const isAbsent = this.#parts.proxyFigures().get(token)?.table === "unreachable";
    if (proxy === undefined || watched === undefined || !isAbsent || this.#fenced.has(token)) {
      return;
    }
    const look = this.#look(proxy);
    if (look.state === "gone") {
      await this.#fence(proxy, { proof: "processes-gone", text: look.text });
      return;
    }
    const cut = await this.#logins.cut(token, processOf(proxy));
    if (cut.isCut) {
      await this.#fence(proxy, { proof: "servers-cut", text: cut.text });
      await this.#logins.forget(token);
      return;
    }
    const advice = look.state === "alive" ? say("fence.end-it", {}) : say("fence.start-it", {});
    const text = say("fence.doubt", { process: look.text, login: cut.text, advice });
    this.#setState(watched, "unprovable", text);
  }

  async #fence(
    proxy: ProxyRecord,
    { proof, text }: Pick<FenceRecord, "proof" | "text">,
  ): Promise<void> {
    const { confirm, clock, log, fleet } = this.#parts;
    const { token } = proxy;
    await confirm();
    const record = { token, proof, process: processOf(proxy), atMs: clock.nowMs(), text };
    try {
      await this.#nodes.put(record);
    } catch (thrown) {
      if (!isCodisError(thrown, "COORDINATOR_CONFLICT", "COORDINATOR_FULL")) {
        this.#inDoubt.add(token);
      }
      throw thrown;
    }
    this.#fenced.set(token, record);
    fleet.setFenced(token, true);
    log.warn("fence.fenced", `nobody waits for proxy-[${token}] any more: ${text}`, {
      token,
      addr: proxy.adminAddr,
      proof,
    });
  }

  /** The proxy isn't one of the product any more. */
  async #forget(token: string): Promise<void> {
    if (this.#parts.topology.snapshot().proxies.has(token)) {
      return;
    }
    await this.#nodes.delete(token);
    await this.#logins.forget(token);
    this.#fenced.delete(token);
    this.#inDoubt.delete(token);
    this.#parts.fleet.setFenced(token, false);
  }

  #describe(token: string): ProxyFence {
    const record = this.#fenced.get(token);
    if (record !== undefined) {
      const { proof, atMs, text } = record;
      return { token, state: "fenced", sinceMs: atMs, proof, text };
    }
    const { state, sinceMs, text } = this.#watched.get(token) ?? {
      state: "present" as const,
      sinceMs: this.#parts.clock.nowMs(),
      text: say("fence.new", {}),
    };
    return { token, state, sinceMs, proof: undefined, text };
  }

  #setState(watched: Watched, state: Watched["state"], text: string): void {
    if (watched.state !== state) {
      watched.state = state;
      watched.sinceMs = this.#parts.clock.nowMs();
    }
    watched.text = text;
  }

  #look(proxy: ProxyRecord): ProcessLook {
    return (this.#parts.look ?? lookForProcesses)(proxy);
  }

  /** In its turn, unless something is under way with this proxy; a failure is logged, and it is tried again. */
  #try(token: string, run: () => Promise<void>): void {
    if (this.#turns.has(token)) {
      return;
    }
    this.#inTurn(token, run).catch((error: unknown) => {
      const watched = this.#watched.get(token);
      if (watched !== undefined) {
        this.#setState(watched, "unprovable", say("fence.failed", { why: messageOf(error) }));
      }
      this.#parts.log.warn("fence.failed", messageOf(error), { token, error });
    });
  }

  async #inTurn<Result>(token: string, run: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(token);
    const turn = (async () => {
      // Whoever waited for it has its failure.
      await before?.catch(() => undefined);
      return await run();
    })();
    this.#turns.set(token, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(token) === turn) {
        this.#turns.delete(token);
      }
    }
  }
}

function newlyWatched(nowMs: number, wallMs: number): Watched {
  return {
    answeredAtMs: nowMs,
    sinceMs: wallMs,
    state: "present",
    text: say("fence.new", {}),
    triedAtMs: Number.NEGATIVE_INFINITY,
  };
}
