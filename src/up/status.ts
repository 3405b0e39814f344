/**
 * What `codis status` tells: for each process of a local cluster whether it is there and whether it
 * answers. It asks the processes themselves, so it is also right after a crash of `codis up`.
 */
import { findMemberProcesses } from "./cluster.ts";
import type { ClusterLayout, SlotRange } from "./layout.ts";
import { listMembers, type Member } from "./member.ts";
import { ask, findMemberReadiness, findReadiness } from "./probe.ts";
import { listProcesses } from "./process-table.ts";
import { findSlotOwners, formatRanges } from "./slot-owner.ts";
import { findStoredGroups } from "./stored-group.ts";
import { findSupervisor } from "./supervisor-file.ts";

/** One process. The names are those of `--json`. */
export interface MemberStatus {
  readonly name: string;
  readonly addr: string;
  /** null when there is no such process. */
  readonly pid: number | null;
  /**
   * `loading`: it reads its data. `waiting`: a proxy without slots. `silent`: the process is there but
   * gives no answer.
   */
  readonly state: "online" | "loading" | "waiting" | "silent" | "stopped";
}

/** A proxy. */
export interface ProxyStatus extends MemberStatus {
  readonly adminAddr: string;
}

/** A redis-server; role and figures are null while it doesn't answer. */
export interface ServerStatus extends MemberStatus {
  /** What it says of itself; its name is what it was made as. */
  readonly role: "master" | "replica" | null;
  /** Keys of all databases. */
  readonly keys: number | null;
  readonly usedMemoryBytes: number | null;
  /** Of a replica: whether its link to the master is up. */
  readonly isLinkUp: boolean | null;
}

/** A group with its slots. */
export interface GroupStatus {
  readonly id: number;
  /** In order; null when the dashboard doesn't answer. */
  readonly slots: readonly SlotRange[] | null;
  /** As the dashboard has it stored; null when it doesn't answer, or has no such group. */
  readonly masterAddr: string | null;
  readonly servers: readonly ServerStatus[];
}

/** A group that an operator has added from servers of his own; `codis group list` knows more of it. */
export interface OtherGroup {
  readonly id: number;
  /** The master first. */
  readonly addrs: readonly string[];
  /** In order. */
  readonly slots: readonly SlotRange[];
}

/** The whole cluster. */
export interface ClusterStatus {
  readonly dir: string;
  /** `degraded`: some processes serve and some don't, or `codis up` itself is gone. */
  readonly state: "online" | "degraded" | "stopped";
  /** Pid of `codis up`, null when it doesn't run. */
  readonly supervisorPid: number | null;
  readonly dashboard: MemberStatus;
  /** null for the filesystem, which needs no process. */
  readonly coordinator: MemberStatus | null;
  readonly proxies: readonly ProxyStatus[];
  readonly sentinels: readonly MemberStatus[];
  readonly groups: readonly GroupStatus[];
  /** Empty when the dashboard doesn't answer. Their state is not part of `state`. */
  readonly otherGroups: readonly OtherGroup[];
}

const NO_DASHBOARD: MemberStatus = { name: "dashboard", addr: "", pid: null, state: "stopped" };

/** Looks at all processes of the cluster at once. */
export async function collectStatus(
  dir: string,
  layout: ClusterLayout,
  launcher: string,
): Promise<ClusterStatus> {
  const processes = listProcesses();
  const members = listMembers(dir, layout, launcher);
  const look = async (member: Member): Promise<MemberStatus> => {
    const pid = findMemberProcesses(member, processes)[0]?.pid ?? null;
    const readiness = pid === null ? "no" : await findReadinessOf(member, pid);
    const state = readiness === "yes" ? "online" : readiness === "no" ? "silent" : readiness;
    const addr = `127.0.0.1:${member.port}`;
    return { name: member.name, addr, pid, state: pid === null ? "stopped" : state };
  };
  const lookAt = async (kind: Member["kind"]): Promise<MemberStatus | null> => {
    const member = members.find((one) => one.kind === kind);
    return member === undefined ? null : await look(member);
  };
  const coordinator = await lookAt("coordinator");
  const dashboard = (await lookAt("dashboard")) ?? NO_DASHBOARD;
  const owners = await findSlotOwners(layout);
  const stored = await findStoredGroups(layout);
  const proxies = await Promise.all(
    members
      .filter((member) => member.kind === "proxy")
      .map(async (member) => ({
        ...(await look(member)),
        adminAddr: `127.0.0.1:${member.adminPort}`,
      })),
  );
  const sentinels = await Promise.all(
    members.filter((member) => member.kind === "sentinel").map((member) => look(member)),
  );
  const groups = await Promise.all(
    layout.groups.map(async (group) => ({
      id: group.id,
      slots: owners === undefined ? null : (owners.get(group.id) ?? []),
      masterAddr: stored?.get(group.id)?.[0] ?? null,
      servers: await Promise.all(
        members
          .filter((member) => member.groupId === group.id)
          .map(async (member) => addFigures(member, await look(member))),
      ),
    })),
  );
  const otherGroups = [...(stored ?? [])]
    .filter(([id]) => !layout.groups.some((group) => group.id === id))
    .map(([id, addrs]) => ({ id, addrs, slots: owners?.get(id) ?? [] }));
  const supervisorPid = findSupervisor(dir)?.pid ?? null;
  const all = [
    ...[dashboard, ...proxies, ...sentinels],
    ...groups.flatMap((group) => group.servers),
  ];
  const states = [...all, ...(coordinator === null ? [] : [coordinator])].map((one) => one.state);
  const state = summarize(states, supervisorPid);
  const parts = { dashboard, coordinator, proxies, sentinels, groups, otherGroups };
  return { dir, state, supervisorPid, ...parts };
}

/** A replica without its master's data serves what it has: that is told beside its state. */
function findReadinessOf(member: Member, pid: number): ReturnType<typeof findMemberReadiness> {
  return member.kind === "server" ? findReadiness(member.port) : findMemberReadiness(member, pid);
}

function summarize(
  states: readonly MemberStatus["state"][],
  supervisorPid: number | null,
): ClusterStatus["state"] {
  if (supervisorPid === null && states.every((state) => state === "stopped")) {
    return "stopped";
  }
  const isWhole = supervisorPid !== null && states.every((state) => state === "online");
  return isWhole ? "online" : "degraded";
}

async function addFigures(member: Member, status: MemberStatus): Promise<ServerStatus> {
  const info = status.state === "online" ? await ask(member.port, "INFO").catch(() => "") : "";
  if (info === "" || info.startsWith("-")) {
    return { ...status, role: null, keys: null, usedMemoryBytes: null, isLinkUp: null };
  }
  const keys = [...info.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, m) => sum + Number(m[1]), 0);
  const usedMemoryBytes = Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
  const link = /^master_link_status:(\w+)/m.exec(info)?.[1];
  return {
    ...status,
    role: /^role:master/m.test(info) ? "master" : "replica",
    keys,
    usedMemoryBytes,
    isLinkUp: link === undefined ? null : link === "up",
  };
}

/** The status as a table for people. */
export function formatStatus(status: ClusterStatus): string {
  const supervisor =
    status.supervisorPid === null
      ? "codis up doesn't run"
      : `codis up is pid ${status.supervisorPid}`;
  const rows: string[][] = [
    ["PROCESS", "ADDRESS", "PID", "STATE", "ROLE", "SLOTS", "KEYS", "MEMORY"],
  ];
  const { coordinator, dashboard } = status;
  for (const one of [
    ...(coordinator === null ? [] : [coordinator]),
    dashboard,
    ...status.proxies,
    ...status.sentinels,
  ]) {
    rows.push([one.name, one.addr, text(one.pid), one.state, "", "", "", ""]);
  }
  for (const group of status.groups) {
    for (const server of group.servers) {
      const isMaster =
        group.masterAddr === null ? server.role === "master" : server.addr === group.masterAddr;
      const slots = isMaster ? formatRanges(group.slots ?? undefined) : "";
      const state = server.isLinkUp === false ? `${server.state}, no link` : server.state;
      const memory =
        server.usedMemoryBytes === null ? "-" : formatMegabytes(server.usedMemoryBytes);
      rows.push([
        server.name,
        server.addr,
        text(server.pid),
        state,
        server.role ?? "-",
        slots,
        text(server.keys),
        memory,
      ]);
    }
  }
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const others = status.otherGroups.map(
    ({ id, addrs, slots }) =>
      `not of codis up: group ${id} (${addrs.join(", ") || "no server"}), slots ${formatRanges(slots)}; ` +
      "codis group list shows how it is",
  );
  const isAlone = status.state === "degraded" && status.supervisorPid === null;
  const next = isAlone ? [`codis up --dir ${status.dir} starts all of it again`] : [];
  const body = [...lines, ...others, ...next].join("\n");
  return `cluster ${status.state} in ${status.dir} (${supervisor})\n${body}\n`;
}

function text(value: number | null): string {
  return value === null ? "-" : String(value);
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
