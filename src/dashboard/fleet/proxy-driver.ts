/**
 * One proxy of the product: looks at it every second, and decides from what it sees whether it has to be
 * brought to the desired state again.
 *
 *     seen at a look, with no push under way            done
 *     another table than the one confirmed, or none     everything is pushed
 *     not online                                        everything is pushed
 *     other sentinels than the ones confirmed           the sentinels are pushed
 *     an original, and it is time                       its slots are read and compared
 *     an answer after none                              a push that rests is tried at once
 *     the call is refused                               everything is pushed, which tells why
 */
import type { CallVersion } from "../../api/proxy-client.ts";
import { TABLE_UNKNOWN } from "../../api/proxy-route.ts";
import type { ProxyStatsJson } from "../../api/proxy-stats.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { type ProxyModel, proxyModelToJson } from "../../model/proxy-model.ts";
import type { ProxyRecord } from "../../model/proxy-record.ts";
import type { ProxyCounts, ProxyFigures } from "../control.ts";
import type { ProxyLink, StatsAnswer } from "./proxy-link.ts";
import { ProxyPoller } from "./proxy-poller.ts";
import { type DesiredState, ProxyPusher, type PusherParts } from "./proxy-pusher.ts";
import { ERROR_CHARS_MAX } from "./timing.ts";

/** What a driver works with, the same for all proxies. */
export interface DriverParts extends Omit<PusherParts, "link" | "token"> {
  /** The proxy says another model than the one stored. */
  readonly onModelChanged: (token: string, model: ProxyModel) => void;
  /** What `syncOf` and `sentinelSyncOf` tell may have changed. */
  readonly onChange: () => void;
}

/** Whether a proxy has something. `failed`: not now, and it isn't known when; `reason` is one line. */
export type SyncState =
  | { readonly state: "synced" }
  | { readonly state: "pending" }
  | { readonly state: "failed"; readonly reason: string };

const SYNCED: SyncState = { state: "synced" };
const PENDING: SyncState = { state: "pending" };

/** The last look. */
interface Look {
  readonly stats: ProxyStatsJson | undefined;
  readonly counts: ProxyCounts | undefined;
  readonly error: CodisError | undefined;
  readonly atMs: number;
  /** The same moment on the monotonic clock. */
  readonly seenAtMs: number;
}

/** See the file head. */
export class ProxyDriver {
  readonly #parts: DriverParts;
  readonly #link: ProxyLink;
  readonly #log: Log;
  readonly #pusher: ProxyPusher;
  readonly #poller: ProxyPoller;
  #record: ProxyRecord;
  #desired: DesiredState;
  #look: Look;
  /** `ProxyPusher.runCount` when the look began; undefined: calls were under way. */
  #runCountAtLook: number | undefined;
  #comparedAtMs: number;
  /** Of the proxy, which was frozen; see `TABLE_QUESTION_HEADER`. */
  #question: string | undefined;
  #modelToldAtMs = Number.NEGATIVE_INFINITY;

  /** Begins at once; the first look is `firstLookMs` from now. The driver closes the link. */
  constructor(
    parts: DriverParts,
    record: ProxyRecord,
    link: ProxyLink,
    desired: DesiredState,
    firstLookMs: number,
  ) {
    this.#parts = parts;
    this.#record = record;
    this.#link = link;
    this.#desired = desired;
    const { clock, timing } = parts;
    this.#log = parts.log.child({ token: record.token, addr: link.addr });
    this.#look = this.#seen(undefined, undefined);
    // Comparisons of many proxies are spread as their looks are.
    const phase = firstLookMs / timing.pollPeriodMs;
    this.#comparedAtMs = clock.monotonicMs() - phase * timing.comparePeriodMs;
    this.#pusher = new ProxyPusher(
      {
        ...parts,
        link,
        token: record.token,
        log: this.#log,
        onChange: () => {
          this.#tellModel();
          parts.onChange();
        },
      },
      desired,
    );
    this.#poller = new ProxyPoller(
      {
        link,
        clock,
        timing,
        begin: () => {
          this.#runCountAtLook = this.#pusher.isBusy ? undefined : this.#pusher.runCount;
          return parts.isLeader() ? this.#versionOfLook() : undefined;
        },
        onAnswer: (answer) => this.#onAnswer(answer),
        onFailure: (thrown) => this.#onFailure(thrown),
      },
      firstLookMs,
    );
    this.#pusher.setDesired(desired);
  }

  get record(): ProxyRecord {
    return this.#record;
  }

  /** A newer topology, or other sentinels. The admin address is the same. */
  setDesired(record: ProxyRecord, desired: DesiredState): void {
    this.#record = record;
    this.#desired = desired;
    this.#pusher.setDesired(desired);
  }

  /** Pushes everything now; rejects with the first failure. */
  refill(): Promise<void> {
    return this.#pusher.refill();
  }

  /** Its statistics, asked for now and not kept. Rejects as `ProxyLink.stats` does, and with NOT_LEADER. */
  async askStats(): Promise<ProxyStatsJson> {
    if (!this.#parts.isLeader()) {
      throw new CodisError("NOT_LEADER", "this dashboard doesn't lead the product now");
    }
    return (await this.#link.stats(this.#pusher.version)).stats;
  }

  /** Tells the proxy to end, with Codis's text when that fails. */
  async shutdown(): Promise<void> {
    const { token } = this.#record;
    const fail = (why: string, cause?: unknown) =>
      new CodisError("PROXY_CALL_FAILED", `proxy-[${token}] shutdown failed: ${why}`, { cause });
    if (!this.#parts.isLeader()) {
      throw fail("this dashboard doesn't lead the product now");
    }
    try {
      await this.#link.shutdown(this.#pusher.version);
    } catch (cause) {
      this.#tellOutdated(cause);
      throw fail(messageOf(cause), cause);
    }
  }

  /** Whether the proxy has the slots of this revision or a later one. */
  syncOf(revision: number): SyncState {
    return (this.#pusher.revision ?? -1) >= revision ? SYNCED : this.#whyNot();
  }

  /** Whether the proxy has the desired sentinels. */
  sentinelSyncOf(): SyncState {
    return this.#pusher.sentinels === this.#desired.sentinels ? SYNCED : this.#whyNot();
  }

  figures(): ProxyFigures {
    const error = this.#lookError() ?? this.#pusher.failure;
    return {
      token: this.#record.token,
      stats: this.#look.stats,
      counts: this.#look.counts,
      error: error?.message.slice(0, ERROR_CHARS_MAX),
      isTimedOut: this.#lookError()?.context["isTimedOut"] === true,
      atMs: this.#look.atMs,
      table: this.#tableState(),
      revision: this.#pusher.confirmedRevision,
    };
  }

  /** Gives up what is under way; resolves when nothing runs any more. */
  async close(): Promise<void> {
    const closing = [this.#poller.close(), this.#pusher.close()];
    this.#link.close();
    await Promise.all(closing);
  }

  /** With the answer to what the proxy asked, if it has the newest table; it is asked again until it had one. */
  #versionOfLook(): CallVersion {
    const { version, tableVersion, revision, isBusy } = this.#pusher;
    const isNewest = !isBusy && revision === this.#desired.revision;
    const confirms =
      this.#question === undefined || !isNewest || tableVersion === undefined
        ? undefined
        : `${this.#question}/${tableVersion}`;
    return confirms === undefined ? version : { ...version, confirms };
  }

  #tableState(): ProxyFigures["table"] {
    if (this.#isUnreachable()) {
      return "unreachable";
    }
    const hasNewest = this.#pusher.revision === this.#desired.revision;
    if (!hasNewest) {
      return "pending";
    }
    return this.#pusher.isOriginal ? "unknown" : "synced";
  }

  #isUnreachable(): boolean {
    return isCodisError(this.#lookError(), "REMOTE_UNREACHABLE");
  }

  /** Why the last look failed; not any more when a push has succeeded since: the proxy is there again. */
  #lookError(): CodisError | undefined {
    const { error, seenAtMs } = this.#look;
    return this.#pusher.succeededAtMs > seenAtMs ? undefined : error;
  }

  #seen(answer: StatsAnswer | undefined, error: CodisError | undefined): Look {
    const { clock } = this.#parts;
    const { stats, counts } = answer ?? {};
    return { stats, counts, error, atMs: clock.nowMs(), seenAtMs: clock.monotonicMs() };
  }

  /** A proxy that doesn't answer, or refused the last push, isn't waited for. */
  #whyNot(): SyncState {
    const error = this.#isUnreachable() ? this.#lookError() : this.#pusher.failure;
    return error === undefined ? PENDING : { state: "failed", reason: error.message };
  }

  #onAnswer(answer: StatsAnswer): void {
    const { stats, table, question } = answer;
    if (question !== undefined && question !== this.#question) {
      this.#poller.hurry();
    }
    this.#question = question;
    const hadFailed = this.#look.error !== undefined;
    this.#look = this.#seen(answer, undefined);
    if (hadFailed) {
      this.#log.info("proxy.answers", "a proxy answers again");
      this.#pusher.resume();
    }
    // What was seen while a push was under way may be older or newer than what the push made of it.
    if (this.#runCountAtLook === this.#pusher.runCount && !this.#pusher.isBusy) {
      this.#judge(stats, table);
    }
    this.#tellModel();
    this.#parts.onChange();
  }

  #judge(stats: ProxyStatsJson, table: string | undefined): void {
    const confirmed = this.#pusher.tableVersion;
    if (confirmed === undefined || stats.closed) {
      return;
    }
    if (table !== undefined && table !== confirmed) {
      const has = table === TABLE_UNKNOWN ? "no table of this dashboard" : `table ${table}`;
      this.#pusher.distrust(`it has ${has.slice(0, 60)} instead of ${confirmed}`);
    } else if (!stats.online) {
      this.#pusher.distrust("it isn't online");
    } else if (!this.#hasSentinels(stats)) {
      this.#pusher.distrustSentinels();
    } else if (table === undefined) {
      this.#compareWhenDue(stats);
    }
  }

  /** A change that overtook another on its way leaves the older sentinels with the proxy. */
  #hasSentinels(stats: ProxyStatsJson): boolean {
    const confirmed = this.#pusher.sentinels?.servers;
    const has = stats.sentinels.servers ?? [];
    return (
      confirmed === undefined ||
      (has.length === confirmed.length && confirmed.every((addr) => has.includes(addr)))
    );
  }

  #compareWhenDue(stats: ProxyStatsJson): void {
    const nowMs = this.#parts.clock.monotonicMs();
    // One that followed its sentinels to another master rightly differs, until the topology follows too.
    const isSwitched = stats.sentinels.switched === true;
    if (!isSwitched && nowMs - this.#comparedAtMs >= this.#parts.timing.comparePeriodMs) {
      this.#comparedAtMs = nowMs;
      this.#pusher.compareSoon({ isPrimaryOnly: stats.backend.primary_only });
    }
  }

  #onFailure(thrown: unknown): void {
    if (isCodisError(thrown, "PUSH_OUTDATED") && this.#runCountAtLook !== this.#pusher.runCount) {
      // A push of ours that began after the look overtook it. The next look will tell.
      return;
    }
    const error = isCodisError(thrown)
      ? thrown
      : new CodisError("INTERNAL", messageOf(thrown), { cause: thrown });
    const before = this.#look.error;
    if (before?.code !== error.code) {
      this.#log.warn("proxy.no_answer", "a look at a proxy failed", { error });
    }
    this.#look = this.#seen(undefined, error);
    this.#tellOutdated(thrown);
    // Once, not at each look: a proxy without good statistics isn't filled every second.
    if (before?.code !== error.code && !this.#isUnreachable()) {
      this.#pusher.distrust("it refuses the call");
    }
    this.#parts.onChange();
  }

  #tellOutdated(thrown: unknown): void {
    if (isCodisError(thrown, "PUSH_OUTDATED")) {
      this.#parts.onOutdated();
    }
  }

  #tellModel(): void {
    const model = this.#pusher.model;
    const nowMs = this.#parts.clock.monotonicMs();
    const isDue = nowMs - this.#modelToldAtMs >= this.#parts.timing.modelReportPeriodMs;
    if (model !== undefined && isDue && !isSameModel(model, this.#record)) {
      this.#modelToldAtMs = nowMs;
      this.#parts.onModelChanged(model.token, model);
    }
  }
}

function isSameModel(model: ProxyModel, record: ProxyRecord): boolean {
  return JSON.stringify(proxyModelToJson(model)) === JSON.stringify(proxyModelToJson(record));
}
