/**
 * Makes plans: measures the masters, applies the strategy, looks for what stands in the way. Remembers the
 * newest few plans, with what they were made for, so that a start can tell whether a plan is still true.
 *
 *     memory:      measure every group -> decide -> judge
 *     all others:  decide -> measure the slots that would move -> judge
 *
 * Changes nothing, neither in the coordinator nor on servers.
 */
import { type Clock, systemClock } from "../../base/clock.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { masterAddrOf } from "../../model/group.ts";
import { commonMethod, type MoveAbility, methodsBetween } from "../../model/move-method.ts";
import type { BigKeyRule, Plan, PlannedMove, PlanRequest } from "../../model/operation/plan.ts";
import { describeGroups, type GroupLoad } from "../../model/operation/plan-groups.ts";
import type { SlotMove } from "../../model/operation/plan-moves.ts";
import { checkPlanRequest } from "../../model/operation/plan-request.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { ServerFigures } from "../control.ts";
import { measureServer, type SlotFigures } from "./measure.ts";
import { Draft, groupedSlots, type MeasureOutcome, type Measures, NOTHING } from "./plan-draft.ts";
import { findProblems, findWarnings, type PlanCase } from "./plan-verdict.ts";
import { replicaProblems } from "./replica-ability.ts";
import {
  abilityOf,
  dataBytesOf,
  keyCountOf,
  type MasterFacts,
  masterProblems,
  surveyMaster,
  tryPayloads,
} from "./survey.ts";

/** What a planner needs. */
export interface PlannerOptions {
  readonly topology: () => Topology;
  /** By address: of groups that a plan doesn't look at itself. */
  readonly serverFigures: () => ReadonlyMap<string, ServerFigures>;
  readonly epoch: number;
  /** Of the servers; empty: none. */
  readonly password: string;
  /** Longest time of the measurement (`plan_timeout`), milliseconds. */
  readonly planTimeoutMs: number;
  /** `big_key`, for requests that say nothing. */
  readonly bigKeyRule: BigKeyRule;
  /** `migration_max_stall`, milliseconds. */
  readonly maxStallMs: number;
  /** `migration_method`. */
  readonly migrationMethod: "sync" | "semi-async";
  readonly log: Log;
  readonly clock?: Clock | undefined;
}

/** A plan, and what it was made for. */
export interface KeptPlan {
  readonly plan: Plan;
  /** Master by group, of all groups of its moves. */
  readonly masters: ReadonlyMap<number, string>;
}

/** Plans that are remembered. */
const PLANS_KEPT_MAX = 20;
/** Plans that are made at the same time. */
const PLANS_AT_ONCE_MAX = 2;
/** Look at slots that move already: some hundred thousand keys are seen in it. */
const SAMPLE_MS = 500;
/** Servers that are measured at the same time. */
const MEASURED_AT_ONCE_MAX = 8;
/** What a pair of stock servers usually moves in a second, for `expectedMs`. */
const USUAL_KEYS_PER_MS = 50;
const USUAL_BYTES_PER_MS = 50_000;
/** Slots are handed over in groups of this size, which takes about so long. */
const HANDOVER_SLOTS = 8;
const HANDOVER_MS = 30;
/** See the file head. */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #clock: Clock;
  readonly #plans = new Map<string, KeptPlan>();
  readonly #closing = new AbortController();
  #lastNumber = 0;
  #underWay = 0;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Ends measurements that are under way. */
  close(): void {
    this.#closing.abort();
  }

  /** Throws NOT_FOUND. */
  get(id: string): KeptPlan {
    const kept = this.#plans.get(id);
    if (kept === undefined) {
      throw new CodisError(
        "NOT_FOUND",
        `plan ${id} doesn't exist (any more); the newest ${PLANS_KEPT_MAX} of this leader are kept`,
      );
    }
    return kept;
  }

  /** Makes a plan and keeps it. Rejects with what `checkPlanRequest` throws, and TOO_BUSY. */
  async make(request: PlanRequest): Promise<Plan> {
    if (this.#underWay >= PLANS_AT_ONCE_MAX) {
      throw new CodisError("TOO_BUSY", `${this.#underWay} plans are being made; try again later`);
    }
    this.#underWay += 1;
    try {
      return await this.#make(request);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Why these moves can't be made, as far as that is known without asking a server; one line each. */
  quickProblems(moves: readonly SlotMove[]): readonly string[] {
    const topology = this.#options.topology();
    const figures = this.#options.serverFigures();
    const ids = new Set(moves.flatMap((move) => [move.fromGroupId, move.toGroupId]));
    const ofMasters = [...ids].flatMap((id) => {
      const addr = masterOf(topology, id);
      const known = figures.get(addr);
      return known?.info === undefined
        ? []
        : masterProblems(id, addr, known.info, abilityOf(known.info, known.slotCommands));
    });
    return [
      ...ofMasters,
      ...replicaProblems(
        topology,
        moves,
        (move) => this.#knownMethodOf(topology, move),
        (addr) => figures.get(addr)?.slotCommands,
      ),
    ];
  }

  /** undefined: none, or not known. */
  #knownMethodOf(topology: Topology, move: SlotMove): ForwardMethod | undefined {
    const { fromGroupId, toGroupId } = move;
    const isKnown =
      this.#abilityOf(toGroupId) !== undefined &&
      (fromGroupId === 0 || this.#abilityOf(fromGroupId) !== undefined);
    return isKnown ? commonMethod(topology.proxies.values(), this.methodsOf(move)) : undefined;
  }

  /** Ways in which keys of the move can go, as `quickProblems`; all where nothing is known. */
  methodsOf({ fromGroupId, toGroupId }: SlotMove): readonly ForwardMethod[] {
    const target = this.#abilityOf(toGroupId);
    const source = fromGroupId === 0 ? target : this.#abilityOf(fromGroupId);
    return source === undefined || target === undefined
      ? Object.values(FORWARD_METHOD)
      : methodsBetween(source, target, this.#options.migrationMethod);
  }

  #abilityOf(groupId: number): MoveAbility | undefined {
    const addr = masterOf(this.#options.topology(), groupId);
    const known = this.#options.serverFigures().get(addr);
    return known?.info === undefined ? undefined : abilityOf(known.info, known.slotCommands);
  }

  /** Keys go without holding up their servers, however big: from here to every other group. */
  #isSmooth(topology: Topology): boolean {
    return (
      this.#options.migrationMethod === "semi-async" &&
      [...topology.groups.values()]
        .filter(({ servers }) => servers.length > 0)
        .every(({ id }) => this.#abilityOf(id)?.slotCommands === "async")
    );
  }

  /**
   * Keys and bytes of slots that move without a plan, inferred from a sample: they move at this moment, and a longer
   * look would hold them up. What can't be measured in time is left out.
   */
  async measureMoves(moves: readonly SlotMove[]): Promise<ReadonlyMap<number, SlotFigures>> {
    const timeMs = Math.min(SAMPLE_MS, this.#options.planTimeoutMs);
    const measures = await this.#measure(this.#options.topology(), groupedSlots(moves), timeMs);
    const found = new Map<number, SlotFigures>();
    for (const { slotId, fromGroupId } of moves) {
      const measure = measures.get(fromGroupId)?.measure;
      if (measure !== undefined) {
        found.set(slotId, measure.slots.get(slotId) ?? NOTHING);
      }
    }
    return found;
  }

  async #make(request: PlanRequest): Promise<Plan> {
    const topology = this.#options.topology();
    checkPlanRequest(topology, request);
    const draft = new Draft(topology, request, request.bigKey ?? this.#options.bigKeyRule);
    const asked = draft.slotsToMeasure();
    const groupIds = new Set([...asked.keys(), ...draft.groupIds()]);
    const [measures, masters] = await Promise.all([
      this.#measure(topology, asked, this.#options.planTimeoutMs),
      this.#survey(topology, groupIds),
    ]);
    draft.decide(measures);
    await this.#addMissing(topology, draft, masters);
    const plan = this.#finish(draft, masters, await this.#tryAll(draft, measures, masters));
    this.#keep({
      plan,
      masters: new Map(draft.groupIds().map((id) => [id, masterOf(topology, id)])),
    });
    return plan;
  }

  /** `memory` decides late: groups of its moves were all asked, but a refusal may have brought in others. */
  async #addMissing(
    topology: Topology,
    draft: Draft,
    masters: Map<number, MasterFacts>,
  ): Promise<void> {
    const missing = draft.groupIds().filter((id) => !masters.has(id));
    for (const [id, facts] of await this.#survey(topology, new Set(missing))) {
      masters.set(id, facts);
    }
  }

  #finish(
    draft: Draft,
    masters: ReadonlyMap<number, MasterFacts>,
    trials: readonly string[],
  ): Plan {
    const { topology, request, moves } = draft;
    const { migrationMethod } = this.#options;
    const figures = this.#options.serverFigures();
    const planCase: PlanCase = {
      ...{ ...draft, topology, request, moves, masters, migrationMethod },
      slotCommandsOf: (addr) => figures.get(addr)?.slotCommands,
    };
    this.#lastNumber += 1;
    const warnings = findWarnings(planCase);
    return {
      id: `p-${this.#options.epoch}-${this.#lastNumber}`,
      request,
      epoch: this.#options.epoch,
      revision: topology.revision,
      createdAtMs: this.#clock.nowMs(),
      moves,
      groups: describeGroups(topology, moves, (id) => this.#loadOf(draft, masters, id)),
      keys: moves.reduce((sum, { keys }) => sum + keys, 0),
      bytes: moves.reduce((sum, { bytes }) => sum + bytes, 0),
      expectedMs: expectedMsOf(moves),
      isExact: draft.isExact,
      bigKeys: draft.bigKeys,
      bigKeyRule: draft.bigKeyRule,
      refusedSlotIds: draft.refusedSlotIds,
      problems: [...new Set([...findProblems(planCase), ...draft.failures, ...trials])],
      warnings: draft.isExact ? warnings : [...warnings, INEXACT_WARNING],
    };
  }

  #loadOf(draft: Draft, masters: ReadonlyMap<number, MasterFacts>, groupId: number): GroupLoad {
    const measured = draft.loadOf(groupId);
    if (measured !== undefined) {
      return measured;
    }
    const addr = masterOf(draft.topology, groupId);
    const info = masters.get(groupId)?.info ?? this.#options.serverFigures().get(addr)?.info;
    return { keys: keyCountOf(info), bytes: dataBytesOf(info) ?? 0 };
  }

  async #survey(
    topology: Topology,
    groupIds: ReadonlySet<number>,
  ): Promise<Map<number, MasterFacts>> {
    const { password } = this.#options;
    const signal = this.#closing.signal;
    const facts = await Promise.all(
      [...groupIds]
        .map((groupId) => ({ groupId, addr: masterOf(topology, groupId), password, signal }))
        .filter(({ addr }) => addr !== "")
        .map(surveyMaster),
    );
    return new Map(facts.map((each) => [each.groupId, each]));
  }

  /** Measures the slots by group, a few groups at a time, for so long altogether. Never rejects. */
  async #measure(
    topology: Topology,
    slotsByGroup: ReadonlyMap<number, ReadonlySet<number>>,
    timeMs: number,
  ): Promise<Measures> {
    const waiting = [...slotsByGroup].filter(([id]) => masterOf(topology, id) !== "");
    const rounds = Math.max(1, Math.ceil(waiting.length / MEASURED_AT_ONCE_MAX));
    const budgetMs = timeMs / rounds;
    const outcomes = new Map<number, MeasureOutcome>();
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [groupId, slotIds] = next;
        outcomes.set(groupId, await this.#measureGroup(topology, groupId, slotIds, budgetMs));
      }
    };
    await Promise.all(Array.from({ length: MEASURED_AT_ONCE_MAX }, work));
    return outcomes;
  }

  async #measureGroup(
    topology: Topology,
    groupId: number,
    slotIds: ReadonlySet<number>,
    budgetMs: number,
  ): Promise<MeasureOutcome> {
    const addr = masterOf(topology, groupId);
    try {
      const measure = await measureServer({
        addr,
        password: this.#options.password,
        slotCount: topology.slotCount,
        isWanted: (slotId) => slotIds.has(slotId),
        budgetMs,
        maxStallMs: this.#isSmooth(topology) ? Number.POSITIVE_INFINITY : this.#options.maxStallMs,
        clock: this.#clock,
        signal: this.#closing.signal,
      });
      return { measure, failure: undefined };
    } catch (thrown) {
      this.#options.log.warn("plan.unmeasured", messageOf(thrown), { group: groupId, addr });
      return { measure: undefined, failure: `group ${groupId}: ${messageOf(thrown)}` };
    }
  }

  /** Shows keys of each source to each of its targets. */
  async #tryAll(
    draft: Draft,
    measures: Measures,
    masters: ReadonlyMap<number, MasterFacts>,
  ): Promise<readonly string[]> {
    const { password } = this.#options;
    const signal = this.#closing.signal;
    const pairs = new Map(
      draft.moves.map((move) => [`${move.fromGroupId} ${move.toGroupId}`, move]),
    );
    const trials = [...pairs.values()].map(async ({ fromGroupId, toGroupId }) => {
      const [from, to] = [masters.get(fromGroupId), masters.get(toGroupId)];
      const samples = measures.get(fromGroupId)?.measure?.samples ?? [];
      if (from?.info === undefined || to?.info === undefined || samples.length === 0) {
        return undefined;
      }
      const source = { groupId: fromGroupId, addr: from.addr, password, signal };
      const target = { groupId: toGroupId, addr: to.addr, password, signal };
      return tryPayloads({ source, target, samples });
    });
    return (await Promise.all(trials)).filter((line) => line !== undefined);
  }

  #keep(kept: KeptPlan): void {
    this.#plans.set(kept.plan.id, kept);
    for (const id of this.#plans.keys()) {
      if (this.#plans.size <= PLANS_KEPT_MAX) {
        break;
      }
      this.#plans.delete(id);
    }
  }
}

const INEXACT_WARNING =
  "keys and bytes are estimates from a sample, because there was no time to look at every key; " +
  "big keys may have been missed (plan_timeout)";
function masterOf(topology: Topology, groupId: number): string {
  return masterAddrOf(topology.groups.get(groupId));
}

/** Pairs work side by side; the group with the most to send or to take is the last to end. */
function expectedMsOf(moves: readonly PlannedMove[]): number {
  const msByServer = new Map<string, number>();
  for (const { fromGroupId, toGroupId, keys, bytes } of moves) {
    const ms = Math.max(keys / USUAL_KEYS_PER_MS, bytes / USUAL_BYTES_PER_MS);
    for (const server of [`from ${fromGroupId}`, `to ${toGroupId}`]) {
      msByServer.set(server, (msByServer.get(server) ?? 0) + ms);
    }
  }
  const handoverMs = Math.ceil(moves.length / HANDOVER_SLOTS) * HANDOVER_MS;
  return Math.ceil(Math.max(0, ...msByServer.values()) + handoverMs);
}
