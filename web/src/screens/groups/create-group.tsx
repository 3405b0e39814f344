/**
 * The wizard of a new group: its id, a master and a replica; what was done is shown step by step, and at the end there
 * is the way to bring it into service.
 */
import { useState } from "preact/hooks";
import { useAct } from "../../data/act.ts";
import { api } from "../../data/api.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { NumberInput, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { announce } from "../../ui/toast.ts";
import { isAddr } from "../members/addr.ts";
import { cliLine } from "../members/cli-line.ts";
import {
  type CreateStep,
  createSteps,
  formProblems,
  type NewGroup,
  runSteps,
  type StepState,
} from "./create-steps.ts";
import { freeGroupId } from "./group-view.ts";

const STEP_TONES: Readonly<Record<StepState, Tone>> = {
  waiting: "idle",
  running: "busy",
  done: "ok",
  failed: "bad",
};

interface Form {
  readonly id: number | undefined;
  readonly master: string;
  readonly replica: string;
  readonly datacenter: string;
}

/** `takenIds`: those of all groups. */
export function CreateGroup(props: {
  readonly product: string;
  readonly takenIds: readonly number[];
  readonly onClose: () => void;
}): Children {
  const { takenIds, product, onClose } = props;
  const [form, setForm] = useState<Form>(() => ({
    id: freeGroupId(takenIds),
    master: "",
    replica: "",
    datacenter: "",
  }));
  const [states, setStates] = useState<readonly StepState[]>([]);
  const wanted = readForm(form);
  const steps = createSteps(wanted);
  const isBegun = states.includes("done");
  const isReady = steps.length > 0 && steps.every((_, index) => states[index] === "done");
  const problems = formProblems(wanted, isBegun ? [] : takenIds, isAddr);
  const isWrong = Object.keys(problems).length > 0;
  const act = useAct(async () => {
    await runSteps(
      steps,
      states,
      (step) => api.send("POST", step.path, step.body),
      (index, state) =>
        setStates((last) => steps.map((_, at) => (at === index ? state : (last[at] ?? "waiting")))),
    );
    announce(t("groups.create.ready", { id: wanted.id }));
  });
  const start = (): void => {
    if (!isWrong && !isReady) {
      void act.run();
    }
  };
  return (
    <Dialog
      title={t("groups.do.create")}
      isOpen={true}
      onClose={onClose}
      onSubmit={start}
      actions={
        isReady ? (
          <ReadyActions product={product} id={wanted.id} onClose={onClose} />
        ) : (
          <>
            <Button onPress={onClose}>{t("ui.back")}</Button>
            <Button
              type="submit"
              variant="primary"
              needs="operator"
              isDisabled={isWrong}
              reason={
                problems.id === "taken"
                  ? t("groups.create.idTaken", { id: wanted.id })
                  : t("groups.create.addrForm")
              }
              isPending={act.isPending}
            >
              {isBegun ? t("groups.create.again") : t("groups.create.start", { id: wanted.id })}
            </Button>
          </>
        )
      }
    >
      <p>{t("groups.create.lead")}</p>
      {!isReady && (
        <FormFields form={form} onChange={setForm} problems={problems} isBegun={isBegun} />
      )}
      <StepList steps={steps} states={states} wanted={wanted} />
      {act.problem !== undefined && <ProblemText problem={act.problem} />}
      {isReady && <p>{t("groups.create.ready", { id: wanted.id })}</p>}
      <CopyLine text={commandOf(wanted)} />
    </Dialog>
  );
}

function readForm(form: Form): NewGroup {
  return {
    id: form.id ?? 0,
    master: form.master.trim(),
    replica: form.replica.trim(),
    datacenter: form.datacenter.trim(),
  };
}

function commandOf({ id, master, replica, datacenter }: NewGroup): string {
  const flags = { datacenter, isReplica: false, isAdopted: false, isDiscarding: false };
  return [
    cliLine.createGroup(id),
    cliLine.addServer(id, master === "" ? "HOST:PORT" : master, flags),
    ...(replica === "" ? [] : [cliLine.addServer(id, replica, { ...flags, isReplica: true })]),
  ].join(" && ");
}

function ReadyActions(props: {
  readonly product: string;
  readonly id: number;
  readonly onClose: () => void;
}): Children {
  return (
    <>
      <Button onPress={props.onClose}>{t("ui.close")}</Button>
      <a class="button button-plain" href={href(props.product, "groups", String(props.id))}>
        {t("groups.create.toGroup", { id: props.id })}
      </a>
      <a class="button button-primary" href={href(props.product, "rebalance")} data-autofocus>
        {t("groups.do.rebalance")}
      </a>
    </>
  );
}

function FormFields(props: {
  readonly form: Form;
  readonly onChange: (form: Form) => void;
  readonly problems: ReturnType<typeof formProblems>;
  readonly isBegun: boolean;
}): Children {
  const { form, onChange, problems } = props;
  const addrError = (field: "master" | "replica"): string | undefined => {
    if (form[field].trim() === "" || problems[field] === undefined) {
      return undefined;
    }
    return t(problems[field] === "same" ? "groups.create.sameAddr" : "groups.create.addrForm");
  };
  return (
    <>
      <NumberInput
        label={t("groups.create.id")}
        value={form.id}
        min={1}
        max={9999}
        isDisabled={props.isBegun}
        error={
          problems.id === undefined
            ? undefined
            : problems.id === "taken"
              ? t("groups.create.idTaken", { id: form.id ?? 0 })
              : t("groups.create.idForm")
        }
        onChange={(id) => onChange({ ...form, id })}
      />
      <TextInput
        label={t("groups.create.master")}
        value={form.master}
        error={addrError("master")}
        onChange={(master) => onChange({ ...form, master })}
        isCode
      />
      <TextInput
        label={t("groups.create.replica")}
        value={form.replica}
        error={addrError("replica")}
        onChange={(replica) => onChange({ ...form, replica })}
        isCode
      />
      <TextInput
        label={t("groups.create.datacenter")}
        value={form.datacenter}
        onChange={(datacenter) => onChange({ ...form, datacenter })}
      />
    </>
  );
}

function StepList(props: {
  readonly steps: readonly CreateStep[];
  readonly states: readonly StepState[];
  readonly wanted: NewGroup;
}): Children {
  const { id, master, replica } = props.wanted;
  const addrOf = { group: "", master, replica } as const;
  return (
    <ol class="checklist" aria-label={t("groups.create.steps")}>
      {props.steps.map((step, index) => {
        const state = props.states[index] ?? "waiting";
        return (
          <li key={step.key}>
            <Badge tone={STEP_TONES[state]}>{t(`groups.create.state.${state}`)}</Badge>
            <span>
              {t(`groups.create.step.${step.key}`, { id, addr: addrOf[step.key] || "…" })}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
