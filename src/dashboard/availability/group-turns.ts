/**
 * One change of a group's master at a time: promotions, failovers, sentinels' switches and repairs take turns here.
 *
 * Whoever can wait uses `run`; an operator's order, which mustn't wait for a reason that nobody sees, uses `tryRun`.
 */
import { CodisError } from "../../base/error.ts";
import type { GroupTurns } from "./contract.ts";

interface Turn {
  readonly what: string;
  readonly done: Promise<unknown>;
}

/** See the file head. */
export class GroupTurnTable implements GroupTurns {
  readonly #turns = new Map<number, Turn>();

  async run<Result>(groupId: number, change: () => Promise<Result>): Promise<Result> {
    for (let turn = this.#turns.get(groupId); turn !== undefined; turn = this.#turns.get(groupId)) {
      await turn.done.catch(() => undefined);
    }
    return await this.#begin(groupId, "its master is being changed", change);
  }

  async tryRun<Result>(
    groupId: number,
    what: string,
    change: () => Promise<Result>,
  ): Promise<Result> {
    const turn = this.#turns.get(groupId);
    if (turn !== undefined) {
      throw new CodisError("STATE_CONFLICT", `group ${groupId}: ${turn.what}; try again later`);
    }
    return await this.#begin(groupId, what, change);
  }

  busyWith(groupId: number): string | undefined {
    return this.#turns.get(groupId)?.what;
  }

  async #begin<Result>(
    groupId: number,
    what: string,
    change: () => Promise<Result>,
  ): Promise<Result> {
    const done = change();
    this.#turns.set(groupId, { what, done });
    try {
      return await done;
    } finally {
      this.#turns.delete(groupId);
    }
  }
}
