/**
 * Makes operations: from plans, from orders of the old API, and for slots that move without one (ordered by an
 * original dashboard, say). The operation is written first, then the actions of its slots in one commit; a crash
 * between the two leaves an operation whose slots are ordered by the next leader.
 */
import type { Clock } from "../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { createOperation, endOperation, withEvent } from "../../model/change/operation.ts";
import { createSlotActions, type SlotTarget } from "../../model/change/slot.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { masterAddrOf } from "../../model/group.ts";
import {
  OPERATIONS_OPEN_MAX,
  type Operation,
  type OperationSpeed,
  UNLIMITED,
} from "../../model/operation/operation.ts";
import type { BigKeyRule, PlannedMove } from "../../model/operation/plan.ts";
import { say } from "../../model/phrase/phrase.ts";
import { formatRanges } from "../../model/slot-range.ts";
import { refuseFault } from "../../model/topology/guard.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { BookEntry, OperationBook } from "./operation-book.ts";
import type { PlannerPort, TopologyPort } from "./operations.ts";
import { topologyProblems } from "./plan-verdict.ts";
import type { KeptPlan } from "./planner.ts";

/** What makes operations. */
export interface OrderingOptions {
  readonly book: OperationBook;
  readonly topology: TopologyPort;
  readonly planner: PlannerPort;
  readonly bigKeyRule: BigKeyRule;
  readonly clock: Clock;
  readonly log: Log;
}

/** Orders that come within so long are measured together, milliseconds. */
const MEASURE_AFTER_MS = 500;

/** See the file head. Not to be called at the same time twice. */
export class Ordering {
  readonly #options: OrderingOptions;
  /** Moves without figures, in the order of their orders. */
  readonly #unmeasured: PlannedMove[] = [];
  #isMeasuring = false;

  constructor(options: OrderingOptions) {
    this.#options = options;
  }

  /**
   * Throws STATE_CONFLICT when the plan has problems, moves nothing, or isn't true any more; TOO_BUSY when there are
   * too many operations. After COORDINATOR_UNREACHABLE it may be carried out all the same.
   */
  async startPlan(
    { plan, masters }: KeptPlan,
    origin: "plan" | "auto",
    speed: OperationSpeed,
  ): Promise<BookEntry> {
    const [problem] = plan.problems;
    if (problem !== undefined || plan.moves.length === 0) {
      const why = problem ?? "nothing has to move";
      throw new CodisError("STATE_CONFLICT", `plan ${plan.id} can't be started: ${why}`);
    }
    const targets = plan.moves.map((move) => ({ id: move.slotId, groupId: move.toGroupId }));
    const change = (now: Topology): Topology => {
      refuseStale(plan.id, plan.moves, masters, now);
      return createSlotActions(now, targets);
    };
    this.#check(change, plan.moves);
    this.#refuseTooMany();
    return this.#begin(
      createOperation(
        {
          id: this.#options.book.nextId(),
          origin,
          strategy: plan.request.strategy,
          planId: plan.id,
          moves: plan.moves,
          speed,
          bigKeyRule: plan.bigKeyRule,
        },
        this.#options.clock.nowMs(),
        say("op.made", { plan: plan.id, slots: say("n.slots", { n: plan.moves.length }) }),
      ),
      change,
    );
  }

  /**
   * One operation for all of them, or a part of the one of the order before, if that hasn't ended. Throws with
   * Codis's texts as `createSlotActions` of the model does, and as `startPlan`.
   */
  async createSlotActions(targets: readonly SlotTarget[]): Promise<void> {
    const topology = this.#options.topology.snapshot();
    const change = (now: Topology): Topology => {
      for (const { id } of targets) {
        const groupId = now.slots[id]?.groupId ?? 0;
        const path = coordinatorPath.group(now.product, groupId);
        // Its keys would be left behind at a server that nobody knows.
        refuseFault(now, path, `group-[${groupId}]`);
      }
      return createSlotActions(now, targets);
    };
    const moves = targets.map(({ id, groupId }) => ({
      slotId: id,
      fromGroupId: topology.slots[id]?.groupId ?? 0,
      toGroupId: groupId,
      keys: 0,
      bytes: 0,
    }));
    if (moves.length === 0) {
      return;
    }
    this.#check(change, moves);
    const open = this.#joinable(moves);
    if (open === undefined) {
      this.#refuseTooMany();
      const text = `ordered: ${describe(moves)}`;
      await this.#begin(this.#unplanned(moves, text), change);
    } else {
      await this.#join(open, moves, change);
    }
    this.#measure(moves);
  }

  /** An operation for slots that move already. */
  async adopt(moves: readonly PlannedMove[]): Promise<void> {
    const text = say("op.adopted", { moves: describe(moves) });
    await this.#options.book.create(this.#unplanned(moves, text));
    this.#options.log.info("operation.adopted", `${moves.length} slots moved without an operation`);
    this.#measure(moves);
  }

  #unplanned(moves: readonly PlannedMove[], text: string): Operation {
    const { book, bigKeyRule, clock } = this.#options;
    return createOperation(
      {
        id: book.nextId(),
        origin: "slot-action",
        strategy: "move",
        planId: "",
        moves,
        speed: UNLIMITED,
        bigKeyRule,
      },
      clock.nowMs(),
      text,
    );
  }

  /** Everything that can be refused before something is written. */
  #check(change: (topology: Topology) => Topology, moves: readonly PlannedMove[]): void {
    const { book, topology, planner } = this.#options;
    const now = topology.snapshot();
    change(now);
    const [problem] = [
      ...topologyProblems(now, moves, (move) => planner.methodsOf(move)),
      ...planner.quickProblems(moves),
    ];
    if (problem !== undefined) {
      throw new CodisError("STATE_CONFLICT", problem);
    }
    const owners = book.owners();
    for (const { slotId } of moves) {
      const owner = owners.get(slotId);
      if (owner !== undefined) {
        throw new CodisError(
          "STATE_CONFLICT",
          `slot ${slotId} belongs to operation ${owner.operation.id}; wait for its end or cancel it`,
        );
      }
    }
  }

  #refuseTooMany(): void {
    if (this.#options.book.open().length >= OPERATIONS_OPEN_MAX) {
      throw new CodisError(
        "TOO_BUSY",
        `${OPERATIONS_OPEN_MAX} operations haven't ended yet, the limit; wait, or cancel one`,
      );
    }
  }

  async #begin(operation: Operation, change: (topology: Topology) => Topology): Promise<BookEntry> {
    const { book } = this.#options;
    await book.saveThoseWith(new Set(operation.moves.map(({ slotId }) => slotId)));
    const entry = await book.create(operation);
    await this.#commit(entry, change, (now, thrown) =>
      endOperation(
        now,
        "cancelled",
        this.#options.clock.nowMs(),
        say("op.not-begun", { why: messageOf(thrown) }),
      ),
    );
    return entry;
  }

  async #join(
    entry: BookEntry,
    moves: readonly PlannedMove[],
    change: (topology: Topology) => Topology,
  ): Promise<void> {
    const { book, clock } = this.#options;
    const added = new Set(moves.map(({ slotId }) => slotId));
    await book.saveThoseWith(added);
    const text = `ordered as well: ${describe(moves)}`;
    await book.change(entry, (now) =>
      withEvent({ ...now, moves: [...now.moves, ...moves] }, clock.nowMs(), text),
    );
    await this.#commit(entry, change, (now) => ({
      ...now,
      moves: now.moves.filter(({ slotId }) => !added.has(slotId)),
    }));
  }

  /** The actions of an operation that is written. `undo` is for when it is certain that there are none. */
  async #commit(
    entry: BookEntry,
    change: (topology: Topology) => Topology,
    undo: (operation: Operation, thrown: unknown) => Operation,
  ): Promise<void> {
    const { id } = entry.operation;
    const { book, topology, log } = this.#options;
    try {
      await topology.commit(`operation ${id}: orders slots`, change);
    } catch (thrown) {
      if (isCodisError(thrown, "LEADERSHIP_LOST", "COORDINATOR_UNREACHABLE")) {
        throw new CodisError(
          "COORDINATOR_UNREACHABLE",
          `operation ${id} is stored, but not yet the orders of its slots: it is carried out as soon as that ` +
            `can be done, by this or the next leader (${messageOf(thrown)})`,
          { cause: thrown },
        );
      }
      const undoing = (now: Operation): Operation => undo(now, thrown);
      try {
        await book.change(entry, undoing);
      } catch (failure) {
        // It counts at once; the next settlement writes it.
        book.note(entry, undoing);
        log.warn("operation.undo-unsaved", messageOf(failure), { error: failure });
      }
      throw thrown;
    }
  }

  /** The newest operation that takes more slots: made by orders like these, not stopped, without these slots. */
  #joinable(moves: readonly PlannedMove[]): BookEntry | undefined {
    const asked = new Set(moves.map(({ slotId }) => slotId));
    return this.#options.book
      .open()
      .findLast(
        ({ operation }) =>
          operation.origin === "slot-action" &&
          (operation.state === "waiting" || operation.state === "running") &&
          !operation.moves.some(({ slotId }) => asked.has(slotId)),
      );
  }

  /** Nobody waits for the figures of an order without a plan; they come when they are there. */
  #measure(moves: readonly PlannedMove[]): void {
    this.#unmeasured.push(...moves);
    if (this.#isMeasuring) {
      return;
    }
    this.#isMeasuring = true;
    // Orders come one by one, hundreds of them, and a measurement goes through whole servers: one for all.
    this.#options.clock.after(MEASURE_AFTER_MS, () => {
      this.#measureAll()
        .catch((thrown: unknown) => {
          this.#options.log.warn("operation.unmeasured", messageOf(thrown), { error: thrown });
        })
        .finally(() => {
          this.#isMeasuring = false;
          if (this.#unmeasured.length > 0) {
            this.#measure([]);
          }
        });
    });
  }

  async #measureAll(): Promise<void> {
    const { book, planner } = this.#options;
    const moves = this.#unmeasured.splice(0);
    const figures = await planner.measureMoves(moves);
    for (const entry of book.open()) {
      const isWanted = ({ slotId, keys }: PlannedMove): boolean =>
        keys === 0 && figures.has(slotId);
      if (entry.operation.moves.some(isWanted)) {
        const change = (now: Operation): Operation => ({
          ...now,
          moves: now.moves.map((move) =>
            isWanted(move) ? { ...move, ...figures.get(move.slotId) } : move,
          ),
        });
        book.note(entry, change, "progress");
      }
    }
  }
}

/** Throws STATE_CONFLICT when a slot or a master isn't what the plan was made for. */
function refuseStale(
  planId: string,
  moves: readonly PlannedMove[],
  masters: ReadonlyMap<number, string>,
  topology: Topology,
): void {
  for (const { slotId, fromGroupId } of moves) {
    const slot = topology.slots[slotId];
    if (slot?.groupId !== fromGroupId || slot.action.state !== "") {
      throw stale(planId, `slot ${slotId} has moved or is moving`);
    }
  }
  for (const [groupId, addr] of masters) {
    const master = masterAddrOf(topology.groups.get(groupId));
    if (master !== addr) {
      const now = master === "" ? "none" : master;
      throw stale(planId, `the master of group ${groupId} was ${addr} and is ${now}`);
    }
  }
}

function stale(planId: string, why: string): CodisError {
  return new CodisError(
    "STATE_CONFLICT",
    `plan ${planId} isn't true any more: ${why}; make a new plan`,
  );
}

/** Slots by target, short. */
function describe(moves: readonly PlannedMove[]): string {
  return [...Map.groupBy(moves, ({ toGroupId }) => toGroupId)]
    .map(([groupId, list]) => {
      const ids = list.map(({ slotId }) => slotId).sort((a, b) => a - b);
      return `slots ${formatRanges(ids)} to group ${groupId}`;
    })
    .join(", ");
}
