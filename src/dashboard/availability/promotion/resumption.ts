/**
 * Ends a promotion that an earlier leader began, or one whose beginning was stored although that seemed to fail. What
 * is stored says how far it can have come, the servers say how far it came:
 *
 *     stored      old master    replica       then
 *     finished    any           any           forward: proxies have the new master already
 *     preparing   any           any           back: nobody held, so the old master may have newer writes
 *     prepared    any           a master      forward: all proxies held when it was raised
 *     prepared    its replica   has as much   forward: it was demoted when both were equal; raised now
 *     prepared    any other     any other     back: the old master is made one again if it isn't
 *
 * Proxies get the new master only when `finished` is stored, so until then going back loses nothing either. A server
 * that can't be asked is no reason to wait, as clients do: back, and what it is when it returns is mended by those
 * who look after roles all the time.
 */
import { isCodisError, messageOf } from "../../../base/error.ts";
import type { GroupRecord } from "../../../model/group.ts";
import { serverKey } from "../../../model/topology/topology.ts";
import type { RedisClient } from "../../../redis/client.ts";
import type { ReplicationFacts } from "../../../redis/replication.ts";
import { setRole } from "../../group/replicate.ts";
import type { FailoverStory } from "../contract.ts";
import type { PromotionParts } from "./parts.ts";
import { type OpenPromotion, PromotionEnding } from "./promotion-ending.ts";
import { connectForPromotion, readReplication } from "./server-pair.ts";

/** Longest wait for a server that is given its role, milliseconds: clients may be waiting. */
const ROLE_TIMEOUT_MS = 1_000;

/** See the file head. */
export class Resumption {
  readonly #parts: PromotionParts;
  readonly #ending: PromotionEnding;

  constructor(parts: PromotionParts, isClosed: () => boolean) {
    this.#parts = parts;
    this.#ending = new PromotionEnding(parts, isClosed);
  }

  /** Resolves when the group isn't promoting any more. Rejects with the coordinator's codes. */
  async end(groupId: number): Promise<void> {
    const group = this.#parts.topology.snapshot().groups.get(groupId);
    if (group === undefined || group.promoting.state === "") {
      return;
    }
    const { from, to } = serversOf(group);
    const { book, moving, topology, log } = this.#parts;
    const { state } = group.promoting;
    log.info("promotion.resumed", `the promotion of ${to} was left ${state}`, { group: groupId });
    const story = book.resume(groupId) ?? book.begin({ groupId, kind: "planned", from, to });
    story.note("note", "", `an earlier dashboard left this promotion ${state}`);
    const open: OpenPromotion = {
      groupId,
      from,
      to,
      story,
      isWatched: topology.snapshot().sentinel.servers.length > 0,
      letMove: await moving.hold(groupId),
      heldAtMs: undefined,
    };
    if (state === "finished" || (state === "prepared" && (await this.#isSwitched(open)))) {
      await this.#ending.goForward(open);
    } else {
      await this.#restoreOld(open);
      await this.#ending.goBack(open, `the dashboard that promoted ${to} ended in the middle`);
    }
  }

  /** Whether the roles have changed, or now do. */
  async #isSwitched({ from, to, story }: OpenPromotion): Promise<boolean> {
    const [old, next] = await Promise.all([from, to].map((addr) => this.#look(addr, story)));
    if (next === undefined) {
      return false;
    }
    const isDemoted = old?.role === "replica" && isSame(old.masterAddr, to);
    const isRaised = next.role === "master";
    const hasAll =
      old?.streamId === next.streamId && (next.offset ?? 0) >= (old?.offset ?? Number.NaN);
    if (!isRaised && !(isDemoted && hasAll)) {
      return false;
    }
    // Read-only first, as ever; one that can't be told is told again when it is back.
    if (!isDemoted && !(await this.#give(from, to, story))) {
      story.note("note", from, "who is connected to it directly could write to it unnoticed");
    }
    return isRaised || this.#give(to, undefined, story);
  }

  /** The old master is a master, and takes writes. */
  async #restoreOld({ from, to, story }: OpenPromotion): Promise<void> {
    const client = await this.#connect(from, story);
    if (client === undefined) {
      return;
    }
    try {
      const { role, masterAddr } = await readReplication(client);
      if (role === "replica" && isSame(masterAddr, to)) {
        await this.#give(from, undefined, story);
      }
      await client.call(["CLIENT", "UNPAUSE"]);
    } catch (thrown) {
      // Older servers don't know the order, and were never paused.
      if (!isCodisError(thrown, "SERVER_REFUSED")) {
        story.note("note", from, messageOf(thrown));
      }
    } finally {
      client.close();
    }
  }

  async #look(addr: string, story: FailoverStory): Promise<ReplicationFacts | undefined> {
    const client = await this.#connect(addr, story);
    if (client === undefined) {
      return undefined;
    }
    try {
      return await readReplication(client);
    } catch (thrown) {
      story.note("note", addr, messageOf(thrown));
      return undefined;
    } finally {
      client.close();
    }
  }

  /** Cuts what the earlier leader may still say to the server as well. */
  async #connect(addr: string, story: FailoverStory): Promise<RedisClient | undefined> {
    const { config, epoch } = this.#parts;
    try {
      return await connectForPromotion(addr, { password: config.productAuth, epoch });
    } catch (thrown) {
      story.note("note", addr, messageOf(thrown));
      return undefined;
    }
  }

  async #give(
    addr: string,
    masterAddr: string | undefined,
    story: FailoverStory,
  ): Promise<boolean> {
    const { config, confirm } = this.#parts;
    try {
      const password = config.productAuth;
      await setRole({ addr, masterAddr, password, timeoutMs: ROLE_TIMEOUT_MS, confirm });
      const what = masterAddr === undefined ? "a master" : `a replica of ${masterAddr}`;
      story.note("note", addr, `it was made ${what}`);
      return true;
    } catch (thrown) {
      if (isCodisError(thrown, "LEADERSHIP_LOST")) {
        throw thrown;
      }
      story.note("note", addr, messageOf(thrown));
      return false;
    }
  }
}

/** Old and new master, whichever is first by now. */
function serversOf({ servers, promoting }: GroupRecord): { from: string; to: string } {
  const first = servers[0]?.addr ?? "";
  return promoting.state === "finished"
    ? { from: servers.at(-1)?.addr ?? "", to: first }
    : { from: first, to: servers[promoting.index]?.addr ?? "" };
}

function isSame(one: string | undefined, other: string): boolean {
  return one !== undefined && serverKey(one) === serverKey(other);
}
