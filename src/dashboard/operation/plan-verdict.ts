/**
 * What would keep a plan from being started, and what an operator should know before it is: lines for people,
 * made from the topology, the masters and the figures. Pure.
 */
import { describeBytes } from "../../base/byte-size.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { commonMethod, knowsMethod, methodsBetween } from "../../model/move-method.ts";
import type { BigKey, BigKeyRule, PlannedMove, PlanRequest } from "../../model/operation/plan.ts";
import type { SlotMove } from "../../model/operation/plan-moves.ts";
import { say } from "../../model/phrase/phrase.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import { formatRanges } from "../../model/slot-range.ts";
import { findFault, type Topology } from "../../model/topology/topology.ts";
import { infoNumber } from "../../redis/info.ts";
import { replicaProblems, type SlotCommandsOf } from "./replica-ability.ts";
import { dataBytesOf, type MasterFacts } from "./survey.ts";

/** What is judged. */
export interface PlanCase {
  readonly topology: Topology;
  readonly request: PlanRequest;
  readonly moves: readonly PlannedMove[];
  /** Of all groups of the moves. */
  readonly masters: ReadonlyMap<number, MasterFacts>;
  readonly bigKeys: readonly BigKey[];
  readonly bigKeyRule: BigKeyRule;
  readonly refusedSlotIds: readonly number[];
  /** `migration_method`. */
  readonly migrationMethod: "sync" | "semi-async";
  /** Of replicas, as they were looked at last. */
  readonly slotCommandsOf: SlotCommandsOf;
}

/** Big keys that one warning names. */
const NAMED_KEYS_MAX = 3;

/** Ways in which keys of a move can go, best first. */
export type MethodsOf = (move: SlotMove) => readonly ForwardMethod[];

/** Problems that the topology alone shows; also asked again right before a start. */
export function topologyProblems(
  topology: Topology,
  moves: readonly SlotMove[],
  methodsOf: MethodsOf,
): readonly string[] {
  const problems: string[] = [...methodProblems(topology, moves, methodsOf)];
  for (const id of groupsOf(moves)) {
    const group = topology.groups.get(id);
    const fault = findFault(topology, coordinatorPath.group(topology.product, id));
    if (fault !== undefined) {
      problems.push(say("plan.garbled", { group: id, why: fault }));
    }
    if (group !== undefined && group.promoting.state !== "") {
      problems.push(say("plan.promoting", { group: id }));
    }
  }
  return problems;
}

/** Proxies that know none of the ways in which the keys of a move can go; each once. */
function methodProblems(
  topology: Topology,
  moves: readonly SlotMove[],
  methodsOf: MethodsOf,
): readonly string[] {
  const problems = new Set<string>();
  const byPair = new Map(moves.map((move) => [`${move.fromGroupId}>${move.toGroupId}`, move]));
  for (const move of byPair.values()) {
    const methods = methodsOf(move);
    const proxies = [...topology.proxies.values()];
    if (methods.length === 0) {
      problems.add(say("plan.no-method", { source: move.fromGroupId, target: move.toGroupId }));
    } else if (commonMethod(proxies, methods) === undefined) {
      const known = methods.filter((method) => proxies.some((proxy) => knowsMethod(proxy, method)));
      // Without those that don't know what the others do, or the best way, it would work.
      const [wanted = FORWARD_METHOD.migrate] = known.length > 0 ? known : methods;
      for (const proxy of proxies.filter((each) => !knowsMethod(each, wanted))) {
        problems.add(
          say("plan.proxy", { token: proxy.token, addr: proxy.adminAddr, method: wanted }),
        );
      }
    }
  }
  return [...problems];
}

/** All problems of a plan, one line each. */
export function findProblems(planCase: PlanCase): readonly string[] {
  const { topology, moves, masters, migrationMethod, slotCommandsOf } = planCase;
  const methodsOf: MethodsOf = ({ fromGroupId, toGroupId }) => {
    const target = masters.get(toGroupId);
    const source = masters.get(fromGroupId) ?? target;
    // One that doesn't answer is a problem of its own.
    return source?.info === undefined || target?.info === undefined
      ? Object.values(FORWARD_METHOD)
      : methodsBetween(source.ability, target.ability, migrationMethod);
  };
  return [
    ...topologyProblems(topology, moves, methodsOf),
    ...actionProblems(planCase),
    ...groupsOf(moves).flatMap((id) => masters.get(id)?.problems ?? []),
    ...replicaProblems(
      topology,
      moves,
      (move) => commonMethod(topology.proxies.values(), methodsOf(move)),
      slotCommandsOf,
    ),
    ...roomLines(planCase)
      .filter(({ isProblem }) => isProblem)
      .map(({ text }) => text),
  ];
}

/** What an operator should know, one line each. */
export function findWarnings(planCase: PlanCase): readonly string[] {
  const { topology, request, refusedSlotIds } = planCase;
  const offline = topology.slots.filter((slot) => slot.groupId === 0 && slot.action.state === "");
  const leavesOffline = request.strategy === "memory" || request.strategy === "drain";
  const faulty = slotsAtFault(topology);
  return [
    ...emptyGroupWarnings(planCase),
    ...(leavesOffline && offline.length > 0 ? [say("plan.offline", { n: offline.length })] : []),
    ...(faulty.length > 0 ? [say("plan.faulty", { slots: formatRanges(faulty) })] : []),
    ...(refusedSlotIds.length > 0
      ? [say("plan.refused", { slots: formatRanges(refusedSlotIds) })]
      : []),
    ...roomLines(planCase)
      .filter(({ isProblem }) => !isProblem)
      .map(({ text }) => text),
    ...masterWarnings(planCase),
    ...bigKeyWarnings(planCase),
  ];
}

/** Groups that take no slots because they have no server. Who names the slots and their groups knows them. */
function emptyGroupWarnings({ topology, request }: PlanCase): readonly string[] {
  const except = new Set(request.exceptGroupIds ?? []);
  return request.strategy === "move"
    ? []
    : [...topology.groups.values()]
        .filter(({ id, servers }) => servers.length === 0 && !except.has(id))
        .map(({ id }) => say("plan.no-server", { group: id }));
}

/** Slots whose nodes are garbage, ascending. */
export function slotsAtFault(topology: Topology): readonly number[] {
  return topology.faults.length === 0
    ? []
    : topology.slots
        .map((slot) => slot.id)
        .filter(
          (id) => findFault(topology, coordinatorPath.slot(topology.product, id)) !== undefined,
        );
}

/** Slots that were asked for and are on their way already. */
function actionProblems({ topology, request }: PlanCase): readonly string[] {
  const asked =
    request.strategy === "move"
      ? (request.moves ?? []).map(({ slotId }) => slotId)
      : request.strategy === "drain"
        ? topology.slots
            .filter((slot) => holds(slot.groupId, slot.action.targetId, request.drainGroupId ?? 0))
            .map((slot) => slot.id)
        : [];
  const moving = asked
    .filter((id) => (topology.slots[id]?.action.state ?? "") !== "")
    .sort((a, b) => a - b);
  return moving.length === 0 ? [] : [say("plan.moving", { slots: formatRanges(moving) })];
}

function holds(ownerId: number, targetId: number, groupId: number): boolean {
  return ownerId === groupId || targetId === groupId;
}

/** Whether what comes fits into each target. */
function roomLines({
  moves,
  masters,
}: PlanCase): readonly { readonly text: string; readonly isProblem: boolean }[] {
  return groupsOf(moves).flatMap((id) => {
    const info = masters.get(id)?.info;
    const comes = moves.reduce(
      (sum, move) =>
        sum + (move.toGroupId === id ? move.bytes : 0) - (move.fromGroupId === id ? move.bytes : 0),
      0,
    );
    const used = infoNumber(info, "used_memory") ?? dataBytesOf(info) ?? 0;
    const limit = infoNumber(info, "maxmemory") ?? 0;
    const machine = infoNumber(info, "total_system_memory") ?? 0;
    const sizes = { group: id, comes: describeBytes(comes), used: describeBytes(used) };
    if (comes > 0 && limit > 0 && used + comes > limit) {
      const isProblem = (info?.["maxmemory_policy"] ?? "noeviction") === "noeviction";
      const code = isProblem ? "plan.full" : "plan.evicts";
      return [{ text: say(code, { ...sizes, limit: describeBytes(limit) }), isProblem }];
    }
    return comes > 0 && limit === 0 && machine > 0 && used + comes > machine
      ? [
          {
            text: say("plan.machine", { ...sizes, limit: describeBytes(machine) }),
            isProblem: false,
          },
        ]
      : [];
  });
}

function masterWarnings({ moves, masters }: PlanCase): readonly string[] {
  const sources = new Set(moves.filter(({ keys }) => keys > 0).map((move) => move.fromGroupId));
  const targets = new Set(moves.map((move) => move.toGroupId));
  return [...masters.values()].flatMap((master) => {
    const { groupId, addr, appendfsync, info, onlineReplicas } = master;
    const lines: string[] = [];
    if (sources.has(groupId) && appendfsync !== undefined && appendfsync !== "always") {
      const how = appendfsync === "off" ? "appendonly no" : `appendfsync ${appendfsync}`;
      lines.push(say("plan.unsafe", { group: groupId, addr, how }));
    }
    if (targets.has(groupId) && info !== undefined && onlineReplicas === 0) {
      lines.push(say("plan.single", { group: groupId, addr }));
    }
    return lines;
  });
}

function bigKeyWarnings({ bigKeys, bigKeyRule }: PlanCase): readonly string[] {
  if (bigKeys.length === 0 || bigKeyRule === "refuse") {
    return [];
  }
  const named = bigKeys
    .slice(0, NAMED_KEYS_MAX)
    .map(
      ({ name, type, slotId, bytes, stallMs }) =>
        `${JSON.stringify(name)} (${type}, slot ${slotId}, ${describeBytes(bytes)}, ${stallMs} ms)`,
    );
  const more = bigKeys.length > named.length ? `, and ${bigKeys.length - named.length} more` : "";
  const code = bigKeyRule === "last" ? "plan.big-last" : "plan.big";
  return [say(code, { keys: `${named.join(", ")}${more}` })];
}

function groupsOf(moves: readonly SlotMove[]): readonly number[] {
  const ids = new Set(moves.flatMap((move) => [move.fromGroupId, move.toGroupId]));
  ids.delete(0);
  return [...ids].sort((a, b) => a - b);
}
