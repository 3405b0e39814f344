/**
 * Since when each problem of a product is there, as far as this leader has seen: it looks by itself at times, so that
 * the answer doesn't depend on who asks when. A problem that is gone at a look begins anew when it comes back.
 */
import type { V1Health } from "../../../api/v1-state-schema.ts";
import type { Clock, ClockTimer } from "../../../base/clock.ts";
import type { LeaderControl } from "../../control.ts";
import { type Finding, findProblems, viewHealth } from "../v1/state-view.ts";

/** Between two looks, milliseconds. */
const LOOK_MS = 2_000;

/** See the file head. */
export class HealthWatch {
  readonly #leader: LeaderControl;
  readonly #clock: Clock;
  /** Wall clock when it was first seen, by key of the problem. As many as there are problems now. */
  #since: ReadonlyMap<string, number> = new Map();
  #timer: ClockTimer | undefined;

  constructor(leader: LeaderControl, clock: Clock) {
    this.#leader = leader;
    this.#clock = clock;
    this.#arm();
  }

  /** `GET /api/v1/health`, of now. */
  health(): V1Health {
    const findings = findProblems(this.#leader);
    this.#note(findings);
    return viewHealth(this.#leader, findings, (finding) => this.#since.get(keyOf(finding)) ?? 0);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#note(findProblems(this.#leader));
      this.#arm();
    });
  }

  #note(findings: readonly Finding[]): void {
    const nowMs = this.#clock.nowMs();
    const before = this.#since;
    this.#since = new Map(
      findings.map((finding) => {
        const key = keyOf(finding);
        return [key, before.get(key) ?? nowMs];
      }),
    );
  }
}

/** Slots come and go while the problem stays; texts have figures in them that change. */
function keyOf({ kind, subject }: Finding): string {
  return kind === "slots_offline" || kind === "slot_moving" ? kind : `${kind} ${subject}`;
}
