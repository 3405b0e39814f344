/**
 * What an assignment by force would change, as the server says (a dry run). It is read again when somebody else changes
 * slots meanwhile, and nothing is changed that wasn't shown.
 */
import { useEffect, useState } from "preact/hooks";
import type { V1AssignResult } from "../../../../src/api/v1-topology-schema.ts";
import { api } from "../../data/api.ts";
import { live } from "../../data/live.ts";
import { ApiProblem, asProblem } from "../../data/problem.ts";
import { t } from "../../i18n/text.ts";
import { assignRequest } from "./slot-order.ts";

const CONFLICT = 409;
/** Other slots may change all the time, and with them the version that the change is meant for. */
const TRIES_MAX = 5;

/** See the file head. */
export interface DryRun {
  readonly result?: V1AssignResult;
  readonly problem?: ApiProblem;
  /** The result isn't what was shown at first. */
  readonly isOther?: boolean;
}

/** Empty until the server has said so for just this group. */
export function useDryRun(ids: readonly number[], groupId: number | undefined): DryRun {
  const [answer, setAnswer] = useState<DryRun & { readonly groupId?: number }>({});
  const slots = live.value<object>("slots").value;
  useEffect(() => {
    if (groupId === undefined) {
      return;
    }
    let isOver = false;
    dryRun(ids, groupId).then(
      (result) => {
        if (!isOver) {
          setAnswer((last) => {
            const shown = last.groupId === groupId ? last.result : undefined;
            const isOther =
              shown !== undefined && (last.isOther === true || !isAlike(shown, result));
            return { groupId, result, isOther };
          });
        }
      },
      (thrown: unknown) => !isOver && setAnswer({ groupId, problem: asProblem(thrown) }),
    );
    return () => {
      isOver = true;
    };
  }, [ids, groupId, slots]);
  return answer.groupId === groupId ? answer : {};
}

/** Does what was shown, or throws `ApiProblem` and changes nothing. */
export async function assignAsShown(
  ids: readonly number[],
  groupId: number,
  shown: V1AssignResult,
): Promise<V1AssignResult> {
  for (let tries = 1; ; tries += 1) {
    const now = await dryRun(ids, groupId);
    if (!isAlike(now, shown)) {
      throw new ApiProblem(CONFLICT, "slots_changed", t("slots.assign.other"));
    }
    try {
      const ifMatch = `"${now.epoch}.${now.revision}"`;
      return await api.send("PUT", "slots", assignRequest(ids, groupId, false), { ifMatch });
    } catch (thrown) {
      if (asProblem(thrown).code !== "REVISION_OUTDATED" || tries >= TRIES_MAX) {
        throw thrown;
      }
    }
  }
}

function dryRun(ids: readonly number[], groupId: number): Promise<V1AssignResult> {
  return api.send("PUT", "slots", assignRequest(ids, groupId, true));
}

function isAlike(one: V1AssignResult, other: V1AssignResult): boolean {
  return JSON.stringify(one.changes) === JSON.stringify(other.changes);
}
