/**
 * The marks "out of sync" of groups: they are taken away when every proxy has confirmed what is stored, and looked at
 * again and again, as a proxy that answers late makes a mark untrue that nobody else would notice.
 */
import type { Clock, ClockTimer } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { markGroupsSynced } from "../model/change/group.ts";
import type { PushReport } from "./control.ts";
import type { Fleet } from "./fleet/fleet.ts";
import type { TopologyStore } from "./topology/store.ts";

/** What the marks are kept with. */
export interface SyncMarksOptions {
  readonly store: TopologyStore;
  readonly fleet: Pick<Fleet, "whenSynced">;
  /** Longest wait for the proxies, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often marks are looked at: are they still true? */
const LOOK_MS = 5_000;

/** See the file head. Looks at nothing by itself before `start`. */
export class SyncMarks {
  readonly #options: SyncMarksOptions;
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: SyncMarksOptions) {
    this.#options = options;
  }

  /** Begins to look. */
  start(): void {
    if (this.#isClosed) {
      return;
    }
    const { store, clock, log } = this.#options;
    this.#timer = clock.after(LOOK_MS, () => {
      const isMarked = [...store.snapshot().groups.values()].some((group) => group.isOutOfSync);
      const look = isMarked ? this.push() : Promise.resolve();
      look
        .then(undefined, (error: unknown) => {
          log.warn("groups.mark_stays", messageOf(error), { error });
        })
        .finally(() => this.start());
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Waits for the proxies; when all have confirmed, no group is out of sync any more. */
  async push(): Promise<PushReport> {
    const { store, fleet, timeoutMs } = this.#options;
    const { revision } = store.snapshot();
    const report = await fleet.whenSynced(revision, timeoutMs);
    if (report.failed.length === 0) {
      await this.#clear(revision);
    }
    return report;
  }

  /** Takes the marks away that were there at this revision. */
  async #clear(revision: number): Promise<void> {
    const { store } = this.#options;
    const topology = store.snapshot();
    const marked = [...topology.groups.values()].filter((group) => group.isOutOfSync);
    if (marked.length === 0 || topology.revision !== revision) {
      return;
    }
    await store.commit("groups are in sync", (now) =>
      now.revision === revision
        ? markGroupsSynced(
            now,
            marked.map((group) => group.id),
          )
        : now,
    );
  }
}
