/**
 * The proxy's vote on which masters live: it keeps a connection to every master of its slot table, also to those that
 * slots come from, and sends PING twice a second. What it sees is shown in its statistics (`servers`), where the
 * dashboard that suspects a master asks for it.
 *
 * Runs in the process with the admin port, next to the one worker or as the supervisor of several, and is in the way
 * of no request. It decides nothing and changes nothing.
 */
import type { ServerSightJson } from "../../api/proxy-stats.ts";
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import type { SlotRecord } from "../../model/slot.ts";
import { PulseSet } from "../../redis/pulse-set.ts";
import type { ServerPulse } from "../../redis/server-pulse.ts";

/** What a watch needs. */
export interface MasterWatchOptions {
  /** `product_auth`; empty: none. */
  readonly password: string;
  /** The slot table as it is now. */
  readonly slots: () => readonly SlotRecord[];
  readonly clock?: Clock;
}

/** How often the slot table is looked through for masters, milliseconds. */
const LOOK_MS = 500;
/** INFO, which tells the role, with every so many PINGs. */
const INFO_EVERY = 2;
/** What CLIENT LIST of a server shows. */
const CONNECTION_NAME = "codis-proxy-watch";

/** See the file head. Begins at once. */
export class MasterWatch {
  readonly #slots: () => readonly SlotRecord[];
  readonly #clock: Clock;
  readonly #pulses: PulseSet;
  #timer: ClockTimer | undefined;

  constructor({ password, slots, clock = systemClock }: MasterWatchOptions) {
    this.#slots = slots;
    this.#clock = clock;
    this.#pulses = new PulseSet({ password, name: CONNECTION_NAME, infoEvery: INFO_EVERY, clock });
    this.#look();
  }

  /** What is seen of each master now, by address. */
  servers(): Readonly<Record<string, ServerSightJson>> {
    return Object.fromEntries([...this.#pulses.all()].map((pulse) => [pulse.addr, sightOf(pulse)]));
  }

  /** Ends all connections. */
  close(): void {
    this.#timer?.cancel();
    this.#pulses.close();
  }

  #look(): void {
    this.#pulses.setServers(mastersOf(this.#slots()));
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
  }
}

function mastersOf(slots: readonly SlotRecord[]): ReadonlySet<string> {
  const masters = new Set<string>();
  for (const { backendAddr, migrateFrom } of slots) {
    masters.add(backendAddr);
    masters.add(migrateFrom);
  }
  masters.delete("");
  return masters;
}

function sightOf({ silentMs, replication }: ServerPulse): ServerSightJson {
  const role = replication?.["role"];
  return {
    silent_ms: Math.round(silentMs),
    role: role === "master" ? "master" : role === "slave" ? "replica" : "unknown",
  };
}
