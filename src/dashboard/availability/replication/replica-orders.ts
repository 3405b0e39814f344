/**
 * Tells servers their roles. Each order is judged by the rules on looks that are made for it: at the server and its
 * master first, and at the master again right before the server is told, together with the question whether this
 * dashboard still leads. Old figures start an order, they never decide one.
 */
import type { Clock } from "../../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import type { GroupRecord } from "../../../model/group.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import { setRole } from "../../group/replicate.ts";
import { leadVerdictOf, type Picture, relationOf, sightOfServer, verdictOf } from "./picture.ts";
import { lookAt, type Sight } from "./sight.ts";

/** What orders are given with. */
export interface ReplicaOrdersOptions {
  readonly topology: () => Topology;
  /** What is known without asking now. */
  readonly picture: () => Picture;
  readonly confirm: () => Promise<void>;
  readonly password: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** On whose behalf an order is given. */
export interface OrderWord {
  /** An operator wants it: verdicts of kind `ask` are enough. */
  readonly isAsked: boolean;
  /** Whoever orders it has made sure that no sentinel changes the group now. */
  readonly areSentinelsAside: boolean;
  /** Of each look and each command, milliseconds. */
  readonly timeoutMs: number;
}

/** `done`; `already`: nothing was to be done; `left`: the rules forbid it now; `failed`. */
export interface OrderOutcome {
  readonly kind: "done" | "already" | "left" | "failed";
  /** One line for what is `left` or `failed`. */
  readonly text: string;
}

/** Looks at the servers of one group at once. */
const LOOKS_PARALLEL_MAX = 16;

/** See the file head. Nothing here takes turns: callers do. */
export class ReplicaOrders {
  readonly #options: ReplicaOrdersOptions;

  constructor(options: ReplicaOrdersOptions) {
    this.#options = options;
  }

  /** What is known, with looks at these servers made now. */
  async freshPicture(addrs: readonly string[], word: OrderWord): Promise<Picture> {
    const { password, signal, clock, picture } = this.#options;
    const { timeoutMs } = word;
    const waiting = [...new Set(addrs)];
    const sights: Sight[] = [];
    const look = async (): Promise<void> => {
      for (let addr = waiting.shift(); addr !== undefined; addr = waiting.shift()) {
        sights.push(await lookAt(addr, { password, timeoutMs, signal }, () => clock.nowMs()));
      }
    };
    await Promise.all(Array.from({ length: LOOKS_PARALLEL_MAX }, look));
    const known = picture();
    return {
      ...known,
      sights: new Map([...known.sights, ...sights.map((sight) => [sight.addr, sight] as const)]),
      sentinelsOf: word.areSentinelsAside ? () => "none" : known.sentinelsOf,
    };
  }

  /** Makes the server a replica of its group's stored master, if the rules allow it. Never rejects. */
  async follow(groupId: number, addr: string, word: OrderWord): Promise<OrderOutcome> {
    const group = this.#groupOf(groupId, addr);
    const masterAddr = group?.servers[0]?.addr;
    if (group === undefined || masterAddr === undefined || masterAddr === addr) {
      return { kind: "left", text: `${addr} is no replica of group ${groupId}` };
    }
    const fresh = await this.freshPicture([masterAddr, addr], word);
    const server = sightOfServer(fresh, addr);
    const relation = relationOf(fresh, server, sightOfServer(fresh, masterAddr));
    if (relation === "follows" || relation === "joining") {
      return { kind: "already", text: "" };
    }
    const refusal = refusalOf(fresh, group, server, word);
    if (refusal !== undefined) {
      return { kind: "left", text: refusal };
    }
    const confirm = async (): Promise<void> => {
      const [newest] = await Promise.all([
        this.freshPicture([masterAddr], word),
        this.#options.confirm(),
      ]);
      const now = this.#groupOf(groupId, addr);
      const late =
        now?.servers[0]?.addr === masterAddr
          ? refusalOf(withSight(newest, server), now, server, word)
          : `group ${groupId} has got another master meanwhile`;
      if (late !== undefined) {
        throw new CodisError("STATE_CONFLICT", late);
      }
    };
    return this.#tell(addr, masterAddr, word, confirm);
  }

  /** Makes the stored master a master again, if the rules allow it. Only for an operator. Never rejects. */
  async lead(groupId: number, word: OrderWord): Promise<OrderOutcome> {
    const group = this.#options.topology().groups.get(groupId);
    const addr = group?.servers[0]?.addr;
    if (group === undefined || addr === undefined) {
      return { kind: "left", text: `group ${groupId} has no master` };
    }
    const addrs = group.servers.map((server) => server.addr);
    const confirm = async (): Promise<void> => {
      const [fresh] = await Promise.all([this.freshPicture(addrs, word), this.#options.confirm()]);
      const verdict = leadVerdictOf(fresh, group);
      const isFirst = this.#groupOf(groupId, addr)?.servers[0]?.addr === addr;
      if (verdict.kind !== "ask" || !isFirst) {
        throw new CodisError(
          "STATE_CONFLICT",
          isFirst ? verdict.text : "it has another master now",
        );
      }
    };
    return this.#tell(addr, undefined, word, confirm);
  }

  async #tell(
    addr: string,
    masterAddr: string | undefined,
    { timeoutMs }: OrderWord,
    confirm: () => Promise<void>,
  ): Promise<OrderOutcome> {
    const { password, signal, log } = this.#options;
    const what = masterAddr === undefined ? "a master again" : `a replica of ${masterAddr}`;
    try {
      const order = { addr, masterAddr, password, timeoutMs, confirm, signal };
      const { warnings } = await setRole(order);
      log.info("replication.order", `${addr} was made ${what}`, { addr, master: masterAddr });
      for (const warning of warnings) {
        log.debug("replication.order-warning", warning, { addr });
      }
      return { kind: "done", text: "" };
    } catch (thrown) {
      const kind = isCodisError(thrown, "STATE_CONFLICT") ? "left" : "failed";
      return { kind, text: `${addr} can't be made ${what}: ${messageOf(thrown)}` };
    }
  }

  #groupOf(groupId: number, addr: string): GroupRecord | undefined {
    const group = this.#options.topology().groups.get(groupId);
    return group?.servers.some((server) => server.addr === addr) === true ? group : undefined;
  }
}

/** Why the order mayn't be given; undefined: it may. */
function refusalOf(
  picture: Picture,
  group: GroupRecord,
  server: Sight,
  word: OrderWord,
): string | undefined {
  const verdict = verdictOf(picture, group, server);
  return verdict.kind === "order" || (verdict.kind === "ask" && word.isAsked)
    ? undefined
    : verdict.text;
}

function withSight(picture: Picture, sight: Sight): Picture {
  return { ...picture, sights: new Map([...picture.sights, [sight.addr, sight]]) };
}
