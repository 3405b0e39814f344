/**
 * Automatic balancing: looks at the groups now and then, and when they have become too different while all
 * masters are quiet, makes a plan and runs it, as a person would. Never while another operation hasn't ended,
 * nor while the old API's switch says that nothing moves.
 */
import type { Clock, ClockTimer } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { masterAddrOf } from "../../model/group.ts";
import { countOf, holdingsOf } from "../../model/operation/holdings.ts";
import { isEnded } from "../../model/operation/operation-slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { infoNumber } from "../../redis/info.ts";
import type { ServerFigures } from "../control.ts";
import type { OperationManager } from "./operations.ts";
import { dataBytesOf } from "./survey.ts";

/** When and how far; see the keys `auto_rebalance…`. */
export interface AutoBalanceRules {
  readonly strategy: "slots" | "memory";
  /** Percent of the mean. */
  readonly spread: number;
  readonly maxSlots: number;
  /** Commands in a second, of each master. */
  readonly maxOps: number;
  /** 0: no limit. */
  readonly keysPerSecond: number;
  readonly periodMs: number;
}

/** What automatic balancing works with. */
export interface AutoBalanceOptions {
  readonly rules: AutoBalanceRules;
  readonly topology: () => Topology;
  readonly serverFigures: () => ReadonlyMap<string, ServerFigures>;
  readonly operations: Pick<OperationManager, "plan" | "startPlanAs" | "operations" | "switches">;
  readonly clock: Clock;
  readonly log: Log;
}

/** See the file head. */
export class AutoBalance {
  readonly #options: AutoBalanceOptions;
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: AutoBalanceOptions) {
    this.#options = options;
  }

  /** Begins to look, the first time after one period. */
  start(): void {
    const { clock, rules, log } = this.#options;
    this.#timer = clock.after(rules.periodMs, () => {
      this.look()
        .catch((thrown: unknown) => {
          log.warn("balance.failed", messageOf(thrown), { error: thrown });
        })
        .finally(() => {
          if (!this.#isClosed) {
            this.start();
          }
        });
    });
  }

  /** Nothing is begun any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** One look; gives the id of the operation that it began, undefined when there was no reason or no time. */
  async look(): Promise<string | undefined> {
    const { rules, operations, log } = this.#options;
    if (this.#findHindrance() !== undefined || !this.#isUneven()) {
      return undefined;
    }
    const { strategy, maxSlots } = rules;
    const plan = await operations.plan({ strategy, maxSlots });
    if (plan.moves.length === 0) {
      return undefined;
    }
    // A plan takes its time: is it still quiet, and has nobody begun anything?
    const hindrance = this.#findHindrance() ?? plan.problems[0];
    if (hindrance !== undefined || this.#isClosed) {
      log.info("balance.put-off", `groups are uneven, but ${hindrance ?? "this leader ends"}`);
      return undefined;
    }
    const speed = { keysPerSecond: rules.keysPerSecond };
    const operation = await operations.startPlanAs("auto", plan.id, { speed });
    log.info("balance.begun", `${operation.id}: ${plan.moves.length} slots move`, {
      operation: operation.id,
      strategy,
    });
    return operation.id;
  }

  /** Why nothing may be begun now, in one line. */
  #findHindrance(): string | undefined {
    const { rules, topology, serverFigures, operations } = this.#options;
    if (operations.switches().isDisabled) {
      return "moving is switched off";
    }
    const open = operations.operations().find(({ state }) => !isEnded(state));
    if (open !== undefined) {
      return `operation ${open.id} hasn't ended`;
    }
    const figures = serverFigures();
    for (const group of topology().groups.values()) {
      const addr = masterAddrOf(group);
      const info = figures.get(addr)?.info;
      const ops = infoNumber(info, "instantaneous_ops_per_sec");
      if (addr !== "" && (ops === undefined || ops > rules.maxOps)) {
        return ops === undefined
          ? `server ${addr} doesn't answer`
          : `server ${addr} is busy (${ops} commands in a second)`;
      }
    }
    return undefined;
  }

  #isUneven(): boolean {
    const { rules, topology, serverFigures } = this.#options;
    return spreadOf(topology(), serverFigures(), rules.strategy) > rules.spread;
  }
}

/** Largest group less smallest, in percent of the mean; 0 for less than two groups. */
export function spreadOf(
  topology: Topology,
  figures: ReadonlyMap<string, ServerFigures>,
  strategy: AutoBalanceRules["strategy"],
): number {
  const holdings = holdingsOf(topology);
  const loads = holdings.groupIds.map((id) => {
    const addr = masterAddrOf(topology.groups.get(id));
    return strategy === "slots"
      ? countOf(holdings, id)
      : (dataBytesOf(figures.get(addr)?.info) ?? 0);
  });
  const mean = loads.reduce((sum, load) => sum + load, 0) / Math.max(1, loads.length);
  return loads.length < 2 || mean === 0
    ? 0
    : ((Math.max(...loads) - Math.min(...loads)) / mean) * 100;
}
