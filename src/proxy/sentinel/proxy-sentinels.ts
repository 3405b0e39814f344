/**
 * The proxy's own eye on the sentinels of its product: follows those that the dashboard named, and re-points slots to
 * the masters that a majority of them holds, with or without a dashboard. Runs in the process with the admin port.
 *
 *     what a majority says -> is it another server, or another spelling of the same? -> does it say that it is a
 *     master? -> `switchMasters` of all workers
 *
 * A server that says it is a replica is never made the target of writes: what names it is out of date, and is asked
 * for again soon. One that doesn't answer here is taken on the sentinels' word.
 */
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { AgreedMaster, SentinelView } from "../../sentinel/agreement.ts";
import { type FollowerTiming, SentinelFollower } from "../../sentinel/follower.ts";
import type { SentinelWord } from "../../sentinel/master-words.ts";
import { askServer, isSameAddr } from "../../sentinel/same-server.ts";
import type { SentinelPort } from "../control.ts";

/** The workers, as far as their masters concern this. */
export interface SwitchPort {
  switchMasters(words: ReadonlyMap<number, SentinelWord>): Promise<void>;
  /** Other sentinels, or none, are followed from now on. */
  forgetEpochs(hasSentinels: boolean): Promise<void>;
  pushedMaster(groupId: number): string | undefined;
  currentMaster(groupId: number): string | undefined;
  isSwitched(): boolean;
}

/** What is needed to follow. */
export interface ProxySentinelsOptions {
  readonly product: string;
  /** `product_auth`. */
  readonly password: string;
  readonly workers: SwitchPort;
  readonly log: Log;
  /** Replaces single times (tests). */
  readonly timing?: Partial<FollowerTiming> | undefined;
}

/** See the file head. Follows nobody before `setServers`. */
export class ProxySentinels implements SentinelPort {
  readonly #options: ProxySentinelsOptions;
  #follower: SentinelFollower | undefined;
  #masters: ReadonlyMap<number, string> = new Map();
  /** The newest view that wasn't looked at yet. */
  #waiting: SentinelView | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: ProxySentinelsOptions) {
    this.#options = options;
  }

  setServers(servers: readonly string[]): void {
    const before = this.#follower?.servers ?? [];
    const isSame = before.length === servers.length && servers.every((one) => before.includes(one));
    if (!isSame && !this.#isClosed) {
      this.#follow(servers);
    }
  }

  rewatch(): void {
    if (this.#follower !== undefined) {
      this.#follow(this.#follower.servers);
    }
  }

  masters(): ReadonlyMap<number, string> {
    return this.#masters;
  }

  isSwitched(): boolean {
    return this.#options.workers.isSwitched();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting = undefined;
    await this.#follower?.close();
    await this.#looking;
  }

  #follow(servers: readonly string[]): void {
    const { product, password, workers, log, timing } = this.#options;
    const old = this.#follower;
    const isOther = old?.servers !== servers;
    log.info("sentinels.followed", `follows ${servers.length} sentinels`, { sentinels: servers });
    this.#masters = new Map();
    this.#waiting = undefined;
    this.#follower = undefined;
    this.#note(old?.close());
    if (isOther) {
      this.#note(workers.forgetEpochs(servers.length > 0));
    }
    if (servers.length > 0) {
      const onMasters = (view: SentinelView): void => this.#onMasters(view);
      this.#follower = new SentinelFollower({ product, servers, password, log, timing, onMasters });
    }
  }

  #note(work: Promise<void> | undefined): void {
    work?.catch((error: unknown) => {
      this.#options.log.warn("sentinels.failed", messageOf(error), { error });
    });
  }

  #onMasters(view: SentinelView): void {
    this.#masters = new Map([...view.masters].map(([groupId, { addr }]) => [groupId, addr]));
    this.#waiting = view;
    this.#looking ??= this.#lookAll().finally(() => {
      this.#looking = undefined;
    });
  }

  /** One view after the other; those that were overtaken aren't looked at. */
  async #lookAll(): Promise<void> {
    for (let view = this.#waiting; view !== undefined; view = this.#waiting) {
      this.#waiting = undefined;
      try {
        await this.#look(view);
      } catch (error) {
        // The switch holds in all workers; an old master that doesn't drain is what can be late.
        this.#options.log.warn("sentinels.switch_late", messageOf(error), { error });
      }
    }
  }

  async #look(view: SentinelView): Promise<void> {
    const follower = this.#follower;
    const words = new Map<number, SentinelWord>();
    await Promise.all(
      [...view.masters.values()].map(async (agreed) => {
        const addr = await this.#targetOf(agreed);
        if (addr !== undefined) {
          words.set(agreed.groupId, { addr, epoch: agreed.epoch });
        }
      }),
    );
    // Other sentinels may be followed by now, and these would be out of date.
    if (follower === this.#follower && !this.#isClosed) {
      await this.#options.workers.switchMasters(words);
    }
  }

  /** The address as slots should have it; undefined when it can't be right now. */
  async #targetOf({ groupId, addr, epoch }: AgreedMaster): Promise<string | undefined> {
    const { workers, password, log } = this.#options;
    const pushed = workers.pushedMaster(groupId);
    if (pushed === undefined || addr === pushed || addr === workers.currentMaster(groupId)) {
      return addr;
    }
    if (await isSameAddr(addr, pushed)) {
      return pushed;
    }
    const [target, old] = await Promise.all([
      askServer(addr, password),
      askServer(pushed, password, OLD_MASTER_TIMEOUT_MS),
    ]);
    if (target !== undefined && target.runId !== "" && target.runId === old?.runId) {
      return pushed;
    }
    if (epoch > 0 && target?.role === "slave") {
      log.warn("sentinels.no_master", `${addr} is a replica, but sentinels name it as the master`, {
        group: groupId,
        epoch,
      });
      return undefined;
    }
    return addr;
  }
}

/** The old master is asked only whether it is the new one by another name, and is most likely dead. */
const OLD_MASTER_TIMEOUT_MS = 300;
