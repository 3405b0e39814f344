/**
 * Since when each fault has been there, across looks; what is so young that it may be nothing isn't shown yet. Logs
 * once when a fault appears and once when it is gone.
 *
 * What is known of a group that has another master under way rests meanwhile: it isn't shown, and neither new nor over.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import type {
  ReplicationFault,
  ReplicationFaultCode,
} from "../../../model/availability/replication.ts";
import type { FoundFault } from "./replication-faults.ts";

/** Milliseconds that a fault has to last before it is shown; others are shown at once. */
const GRACE_MS: Partial<Readonly<Record<ReplicationFaultCode, number>>> = {
  // A copy begins, a master changes, a look falls between two.
  LINK_BROKEN: 3_000,
  LAGGING: 3_000,
  NO_REPLICA: 3_000,
};

interface Entry {
  readonly fault: ReplicationFault;
  /** On the monotonic clock. */
  readonly sinceMs: number;
  isShown: boolean;
}

/** See the file head. */
export class FaultLedger {
  readonly #clock: Clock;
  readonly #log: Log;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #shown: readonly ReplicationFault[] = [];

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** What was found by the last look and is old enough, in the order of the look. */
  get shown(): readonly ReplicationFault[] {
    return this.#shown;
  }

  /** Takes the outcome of a look; groups for which `isResting` holds weren't looked at. */
  update(found: readonly FoundFault[], isResting: (groupId: number) => boolean): void {
    const nowMs = this.#clock.monotonicMs();
    const entries = new Map<string, Entry>();
    for (const fault of found) {
      const key = keyOf(fault);
      const known = this.#entries.get(key);
      const sinceMs = known?.sinceMs ?? nowMs;
      const entry = {
        fault: { ...fault, sinceMs: known?.fault.sinceMs ?? this.#clock.nowMs() },
        sinceMs,
        isShown: nowMs - sinceMs >= (GRACE_MS[fault.code] ?? 0),
      };
      if (entry.isShown && known?.isShown !== true) {
        this.#log.warn("replication.fault", fault.text, fieldsOf(fault));
      }
      entries.set(key, entry);
    }
    this.#shown = [...entries.values()].filter(({ isShown }) => isShown).map(({ fault }) => fault);
    for (const [key, entry] of this.#entries) {
      if (entries.has(key)) {
        continue;
      }
      const { fault } = entry;
      if (isResting(fault.groupId)) {
        entries.set(key, entry);
      } else if (entry.isShown) {
        const seconds = Math.round((nowMs - entry.sinceMs) / 1000);
        const text = `${fault.addr}: ${fault.code} is over after ${seconds} s`;
        this.#log.info("replication.well", text, fieldsOf(fault));
      }
    }
    this.#entries = entries;
  }

  /** Since when the fault is there, milliseconds ago; 0 when it isn't. */
  ageMs(fault: Pick<FoundFault, "code" | "groupId" | "addr">): number {
    const entry = this.#entries.get(keyOf(fault));
    return entry === undefined ? 0 : this.#clock.monotonicMs() - entry.sinceMs;
  }

  /** Whether the fault has lasted long enough to be shown. */
  isShown(fault: Pick<FoundFault, "code" | "groupId" | "addr">): boolean {
    return this.#entries.get(keyOf(fault))?.isShown === true;
  }
}

function keyOf({ code, groupId, addr }: Pick<FoundFault, "code" | "groupId" | "addr">): string {
  return `${code} ${groupId} ${addr}`;
}

function fieldsOf({
  code,
  groupId,
  addr,
  stored,
  real,
}: FoundFault): Readonly<Record<string, unknown>> {
  return { code, group: groupId, addr, stored, real };
}
