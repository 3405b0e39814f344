/**
 * The HTTP port of a dashboard on a leader in memory, with a product for tests of moving slots: slots 0 to 9 in group
 * 1, 10 to 13 in group 2, all others offline; group 3 has no server.
 */
import type { V1Operation, V1Plan } from "../../src/api/v1-operation-schema.ts";
import type { SlotActionState } from "../../src/model/action.ts";
import type { Answer, Headers } from "./admin-port.ts";
import { codeOf, DashboardPort } from "./dashboard-port.ts";

/** See the file head. */
export class MovingPort extends DashboardPort {
  override async start(): Promise<this> {
    await super.start();
    const { leader } = this;
    leader.setGroup(1, ["10.0.0.1:6379"]);
    leader.setGroup(2, ["10.0.0.2:6379"]);
    leader.setGroup(3, []);
    leader.change({
      slots: leader.topology().slots.map((slot) => ({
        ...slot,
        groupId: slot.id < 10 ? 1 : slot.id < 14 ? 2 : 0,
      })),
    });
    return this;
  }

  /** A POST below `/api/v1`. */
  post(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.call("POST", `/api/v1${path}`, body, headers);
  }

  /** A plan that slots move to group 2. */
  async planMoves(slotIds: readonly number[]): Promise<V1Plan> {
    const moves = slotIds.map((id) => ({ slot_id: id, group_id: 2 }));
    return (await this.post("/plans", { strategy: "move", moves })).json() as V1Plan;
  }

  /** The same, started. */
  async startMoves(slotIds: readonly number[]): Promise<V1Operation> {
    const { id } = await this.planMoves(slotIds);
    return (await this.post("/operations", { plan: id })).json() as V1Operation;
  }

  /** Takes the action of a slot to a state; with `""` it is gone, and the slot in that group. */
  setSlot(id: number, state: SlotActionState, groupId = 1): void {
    const slots = this.leader.topology().slots.map((slot) =>
      slot.id === id
        ? {
            ...slot,
            groupId,
            action: state === "" ? { index: 0, state, targetId: 0 } : { ...slot.action, state },
          }
        : slot,
    );
    this.leader.change({ slots });
  }
}

/** Status, code and text of a refusal on `/api/v1`. */
export function refusalOf(answer: Answer): readonly [number, string, string] {
  const { detail } = answer.json() as { detail: string };
  return [answer.status, codeOf(answer), detail];
}
