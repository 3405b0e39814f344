/**
 * What the wizard of a new group does, step by step: make the group, add its master, add its replica. A step that
 * failed is tried again; those that are done stay done. Pure, but for the calls that it is handed.
 */

/** How a step stands. */
export type StepState = "waiting" | "running" | "done" | "failed";

/** What the form says. */
export interface NewGroup {
  readonly id: number;
  readonly master: string;
  /** Empty: none. */
  readonly replica: string;
  /** Empty: none. */
  readonly datacenter: string;
}

/** One call. */
export interface CreateStep {
  readonly key: "group" | "master" | "replica";
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The calls for a new group, in order. */
export function createSteps({ id, master, replica, datacenter }: NewGroup): readonly CreateStep[] {
  const where = datacenter === "" ? {} : { datacenter };
  const servers = `groups/${id}/servers`;
  return [
    { key: "group", path: "groups", body: { id } },
    { key: "master", path: servers, body: { addr: master, ...where } },
    ...(replica === ""
      ? []
      : [
          {
            key: "replica",
            path: servers,
            body: { addr: replica, as_replica: true, ...where },
          } as const,
        ]),
  ];
}

/**
 * Does the steps from the first that isn't done; tells `onState` before and after each. Throws what a call throws,
 * after its step was told as failed.
 */
export async function runSteps(
  steps: readonly CreateStep[],
  states: readonly StepState[],
  call: (step: CreateStep) => Promise<unknown>,
  onState: (index: number, state: StepState) => void,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    if (states[index] === "done") {
      continue;
    }
    onState(index, "running");
    try {
      await call(step);
    } catch (thrown) {
      onState(index, "failed");
      throw thrown;
    }
    onState(index, "done");
  }
}

/** Why the form can't be sent, by field; empty: it can. */
export function formProblems(
  form: { readonly id: number | undefined; readonly master: string; readonly replica: string },
  takenIds: readonly number[],
  isAddr: (text: string) => boolean,
): Readonly<Partial<Record<"id" | "master" | "replica", "form" | "taken" | "same">>> {
  const { id, master, replica } = form;
  const isId = id !== undefined && Number.isInteger(id) && id >= 1 && id <= 9999;
  const hasReplica = replica !== "";
  return {
    ...(isId ? (takenIds.includes(id) ? { id: "taken" } : {}) : { id: "form" }),
    ...(isAddr(master) ? {} : { master: "form" }),
    ...(hasReplica && !isAddr(replica) ? { replica: "form" } : {}),
    ...(hasReplica && replica === master ? { replica: "same" } : {}),
  };
}
