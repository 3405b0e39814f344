/**
 * Tells readers of `/api/v1/events` of every change of the topology, of operations and of masters, as server-sent
 * events. One hub for one leader. A reader that is closed here gets an event `end` first and comes back by itself,
 * to whoever leads then.
 *
 * Bounds: the number of readers, and for each one event beyond what its connection takes. While a connection
 * is full, changes gather in no queue: the next events tell how the topology, each operation and each failover
 * stand then.
 */
import type { ServerResponse } from "node:http";
import type { V1TopologyEvent } from "../../../api/v1-state-schema.ts";
import type { Clock, ClockTimer } from "../../../base/clock.ts";
import { CodisError } from "../../../base/error.ts";
import { EventStream } from "../../../http/event-stream.ts";
import { FAILOVERS_KEPT, type Failover } from "../../../model/availability/failover.ts";
import {
  OPERATION_HISTORY_MAX,
  OPERATIONS_OPEN_MAX,
  type Operation,
} from "../../../model/operation/operation.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import { formatRanges } from "../../../model/slot-range.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type { LeaderControl } from "../../control.ts";
import { viewFailoverNews } from "../v1/availability-view.ts";
import { viewSummary } from "../v1/operation-view.ts";
import { OperationNews } from "./operation-news.ts";

/** Readers at once. */
export const READERS_MAX = 200;
/** A comment comes so often, so that what lies between keeps the connection open. */
export const HEARTBEAT_MS = 15_000;
/** A reader whose connection stays full for so long is closed. */
export const STALL_MS = 30_000;
/** Operations and failovers that a reader with a full connection will be told of; of more, the first are forgotten. */
const UNTOLD_MAX = OPERATIONS_OPEN_MAX + OPERATION_HISTORY_MAX + FAILOVERS_KEPT;

/** Something with an id that isn't told yet, as it stood last. */
type News =
  | { readonly kind: "operation"; readonly value: Operation }
  | { readonly kind: "failover"; readonly value: Failover };

interface Reader {
  readonly stream: EventStream;
  /** Asked at each heartbeat: whether the reader may still listen. Never rejects. */
  readonly isAllowed: () => Promise<boolean>;
  /** What it was told last. */
  told: Topology;
  /** By kind and id; it will be told of them. */
  readonly untold: Map<string, News>;
}

/** The readers of one leader's changes. */
export class EventHub {
  readonly #leader: LeaderControl;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  readonly #unsubscribe: () => void;
  readonly #forgetFailovers: () => void;
  readonly #news: OperationNews;
  #heartbeat: ClockTimer | undefined;
  #isClosed = false;

  constructor(leader: LeaderControl, clock: Clock) {
    this.#leader = leader;
    this.#clock = clock;
    this.#unsubscribe = leader.onChange(() => {
      for (const reader of this.#readers) {
        this.#tell(reader);
      }
    });
    this.#news = new OperationNews(leader, clock, (value) => {
      this.#tellAll({ kind: "operation", value });
    });
    this.#forgetFailovers = leader.availability.onFailover((value) => {
      this.#tellAll({ kind: "failover", value });
    });
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /**
   * Begins the stream on a response whose head isn't written yet; it belongs to the hub from then on. Throws
   * TOO_BUSY when there are too many readers.
   */
  add(response: ServerResponse, isAllowed: () => Promise<boolean>): void {
    if (this.#isClosed) {
      throw new CodisError("LEADERSHIP_LOST", "this dashboard no longer leads the product");
    }
    if (this.#readers.size >= READERS_MAX) {
      throw new CodisError("TOO_BUSY", `there are ${READERS_MAX} readers of events, the limit`);
    }
    const told = this.#leader.topology();
    const untold = new Map<string, News>();
    const stream = new EventStream(response, this.#clock, {
      onRoom: () => this.#tell(reader),
      onGone: () => this.#readers.delete(reader),
    });
    const reader: Reader = { stream, isAllowed, told, untold };
    this.#readers.add(reader);
    stream.write(formatChange(describeChange(this.#leader.epoch, told)));
    for (const operation of this.#leader.migration.operations().toReversed()) {
      if (!isEnded(operation.state)) {
        this.#note(reader, { kind: "operation", value: operation });
      }
    }
    for (const failover of this.#leader.availability.failovers().toReversed()) {
      if (failover.outcome === "running") {
        this.#note(reader, { kind: "failover", value: failover });
      }
    }
    this.#tell(reader);
    this.#heartbeat ??= this.#clock.after(HEARTBEAT_MS, () => this.#beat());
  }

  /** Ends every stream. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#forgetFailovers();
    this.#news.close();
    this.#heartbeat?.cancel();
    for (const reader of [...this.#readers]) {
      reader.stream.end("this dashboard no longer leads the product");
    }
  }

  #tell(reader: Reader): void {
    const now = this.#leader.topology();
    if (!reader.stream.isFull && reader.told !== now) {
      const event = describeChange(this.#leader.epoch, now, reader.told);
      reader.told = now;
      reader.stream.write(formatChange(event));
    }
    for (const [key, news] of reader.untold) {
      if (reader.stream.isFull) {
        return;
      }
      reader.untold.delete(key);
      reader.stream.write(formatNews(news, now));
    }
  }

  #tellAll(news: News): void {
    for (const reader of this.#readers) {
      this.#note(reader, news);
      this.#tell(reader);
    }
  }

  #note({ untold }: Reader, news: News): void {
    const key = `${news.kind} ${news.value.id}`;
    // Anew, so that the ones that changed last are told last.
    untold.delete(key);
    untold.set(key, news);
    const [first] = untold.keys();
    if (first !== undefined && untold.size > UNTOLD_MAX) {
      untold.delete(first);
    }
  }

  #beat(): void {
    this.#heartbeat = undefined;
    for (const reader of [...this.#readers]) {
      if (!reader.stream.isFull) {
        void this.#check(reader);
      } else if (reader.stream.fullMs >= STALL_MS) {
        reader.stream.drop();
      }
    }
    if (this.#readers.size > 0) {
      this.#heartbeat = this.#clock.after(HEARTBEAT_MS, () => this.#beat());
    }
  }

  async #check(reader: Reader): Promise<void> {
    if (!(await reader.isAllowed())) {
      reader.stream.end("the token was revoked or has expired");
    } else if (this.#readers.has(reader)) {
      reader.stream.write(":\n\n");
    }
  }
}

function formatChange(data: V1TopologyEvent): string {
  return `event: topology\nid: ${data.epoch}.${data.revision}\ndata: ${JSON.stringify(data)}\n\n`;
}

function formatNews(news: News, topology: Topology): string {
  const data =
    news.kind === "operation" ? viewSummary(news.value, topology) : viewFailoverNews(news.value);
  return `event: ${news.kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** What differs between two topologies; without `before` nothing does. */
function describeChange(epoch: number, after: Topology, before: Topology = after): V1TopologyEvent {
  return {
    epoch,
    revision: after.revision,
    groups: changedKeys(before.groups, after.groups),
    proxies: changedKeys(before.proxies, after.proxies),
    slots: formatRanges(
      after.slots.filter((slot, index) => slot !== before.slots[index]).map((slot) => slot.id),
    ),
    sentinels: before.sentinel !== after.sentinel,
  };
}

/** Snapshots share what didn't change, so identity is enough. */
function changedKeys<K>(before: ReadonlyMap<K, unknown>, after: ReadonlyMap<K, unknown>): K[] {
  const gone = [...before.keys()].filter((key) => !after.has(key));
  const changed = [...after].filter(([key, value]) => before.get(key) !== value);
  return [...changed.map(([key]) => key), ...gone];
}
