/**
 * What is asked before something is done with a whole group: re-publish, repair, removal; and reads from replicas of
 * the whole product.
 */
import { useEffect, useState } from "preact/hooks";
import type { V1RepairReport } from "../../../../src/api/v1-availability-schema.ts";
import type { V1PushReport } from "../../../../src/api/v1-topology-schema.ts";
import { api } from "../../data/api.ts";
import { type ApiCall, sendCall } from "../../data/api-call.ts";
import { type ApiProblem, asProblem } from "../../data/problem.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { cliLine } from "../members/cli-line.ts";
import type { OpenDialog } from "../members/use-dialog.ts";

interface OneGroup {
  readonly id: number;
  readonly dialog: OpenDialog;
}

/** Sends the slots of a group to all proxies again. */
export function ResyncGroup({ id, dialog }: OneGroup): Children {
  const call: ApiCall = { method: "POST", path: `groups/${id}/resync` };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={0}
      title={t("groups.resync.title", { id })}
      effect={t("groups.resync.effect")}
      name={`group-${id}`}
      command={cliLine.resyncGroup(id)}
      call={call}
      confirmLabel={t("groups.do.resync")}
      onConfirm={async () => {
        const { synced, failed } = await sendCall<V1PushReport>(call);
        return failed.length === 0
          ? t("groups.resync.done", { count: synced.length })
          : t("groups.resync.failed", {
              count: synced.length,
              failed: failed.map(({ token, reason }) => `${token}: ${reason}`).join("; "),
            });
      }}
    />
  );
}

/** Makes servers what is stored; shows first what that means. Without `id`: in all groups. */
export function Repair(props: {
  readonly id?: number | undefined;
  readonly dialog: OpenDialog;
}): Children {
  const { id, dialog } = props;
  const preview = useRepairPreview(id);
  const { report } = preview;
  const body = id === undefined ? {} : { group_id: id };
  const call: ApiCall = { method: "POST", path: "replication/repair", body };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={1}
      title={id === undefined ? t("groups.repair.titleAll") : t("groups.repair.title", { id })}
      effect={t("groups.repair.effect")}
      name={id === undefined ? "repair" : `group-${id}`}
      command={cliLine.repair(id)}
      call={call}
      confirmLabel={t("groups.do.repair")}
      isDisabled={report === undefined || report.done.length === 0}
      reason={t(report === undefined ? "groups.promote.checking" : "groups.repair.nothing")}
      onConfirm={async () => {
        const { done, failed } = await sendCall<V1RepairReport>(call);
        return failed.length === 0
          ? t("groups.repair.done", { count: done.length })
          : t("groups.repair.partly", { count: done.length, failed: failed.join("; ") });
      }}
    >
      {preview.problem !== undefined && <ProblemText problem={preview.problem} />}
      {report === undefined && preview.problem === undefined && <Skeleton lines={2} />}
      {report !== undefined && (
        <>
          <h3>{t("groups.repair.plan")}</h3>
          <PlainLines lines={report.done} none={t("groups.repair.nothing")} />
          {report.failed.length > 0 && (
            <>
              <h3>{t("groups.repair.refused")}</h3>
              <PlainLines lines={report.failed} none="" />
            </>
          )}
        </>
      )}
    </ConfirmDialog>
  );
}

function PlainLines(props: { readonly lines: readonly string[]; readonly none: string }): Children {
  return props.lines.length === 0 ? (
    <p class="muted">{props.none}</p>
  ) : (
    <ul class="plain-lines">
      {props.lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function useRepairPreview(id: number | undefined): {
  readonly report: V1RepairReport | undefined;
  readonly problem: ApiProblem | undefined;
} {
  const [state, setState] = useState<{ report?: V1RepairReport; problem?: ApiProblem }>({});
  useEffect(() => {
    let isOver = false;
    const body = { dry_run: true, ...(id === undefined ? {} : { group_id: id }) };
    api.send<V1RepairReport>("POST", "replication/repair", body).then(
      (report) => !isOver && setState({ report }),
      (thrown: unknown) => !isOver && setState({ problem: asProblem(thrown) }),
    );
    return () => {
      isOver = true;
    };
  }, [id]);
  return { report: state.report, problem: state.problem };
}

/** Forgets an empty group. */
export function RemoveGroup(props: OneGroup & { readonly product: string }): Children {
  const { id, dialog } = props;
  const call: ApiCall = { method: "DELETE", path: `groups/${id}` };
  const navigate = useNavigate();
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={2}
      title={t("groups.removeGroup.title", { id })}
      effect={t("groups.removeGroup.effect")}
      name={`group-${id}`}
      command={cliLine.removeGroup(id)}
      call={call}
      confirmLabel={t("groups.removeGroup.confirm", { id })}
      onConfirm={async () => {
        await sendCall(call);
        navigate(href(props.product, "groups"));
        return t("groups.removeGroup.done", { id });
      }}
    />
  );
}

/** Allows or forbids reads from replicas for every server. */
export function ReadsOfAll(props: {
  readonly isOn: boolean;
  readonly dialog: OpenDialog;
}): Children {
  const { isOn, dialog } = props;
  const call: ApiCall = { method: "PATCH", path: "product", body: { replica_reads: isOn } };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={1}
      title={t(isOn ? "groups.readsAll.titleOn" : "groups.readsAll.titleOff")}
      effect={t(isOn ? "groups.readsAll.effectOn" : "groups.readsAll.effectOff")}
      name={isOn ? "reads-on" : "reads-off"}
      command={cliLine.replicaReadsOfAll(isOn)}
      call={call}
      confirmLabel={t(isOn ? "groups.do.readsAllOn" : "groups.do.readsAllOff")}
      onConfirm={async () => {
        await sendCall(call);
        return t("groups.readsAll.done", { state: t(isOn ? "groups.on" : "groups.off") });
      }}
    />
  );
}
