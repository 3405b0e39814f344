/**
 * On record: which servers have been part of a group's replication, as its stored master or as a replica of one of its
 * servers. It tells an old master that comes back, which is made a replica by itself, from a server that somebody has
 * just added and not synced yet (in Codis that one is no replica before a sync action), which is left alone.
 *
 * Kept in the coordinator, as a leader may be gone between a failover and the return of the old master: one node for
 * each group, `/codis-ext/{product}/member/group-NNNN`: `{"servers": ["host:port"]}`. A server that leaves its group is
 * forgotten.
 */
import { CodisError, messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import { coordinatorPath, groupIdOfName } from "../../../model/coordinator-path.ts";
import { parseJsonNode, RecordReader } from "../../../model/json-record.ts";
import { serverKey, type Topology } from "../../../model/topology/topology.ts";
import type { ProductStorage } from "../../control.ts";

/** What the record is kept with. */
export interface GroupMembersOptions {
  readonly product: string;
  readonly storage: ProductStorage;
  readonly log: Log;
}

/** A server that is part of a group's replication. */
export interface MemberSeen {
  readonly groupId: number;
  readonly addr: string;
}

const ANY = "any";

/** See the file head. Knows nothing before `load`. */
export class GroupMembers {
  readonly #options: GroupMembersOptions;
  readonly #serversByGroup = new Map<number, ReadonlySet<string>>();
  readonly #unsaved = new Set<number>();
  #saving: Promise<void> | undefined;
  #isLoaded = false;
  #isFailing = false;

  constructor(options: GroupMembersOptions) {
    this.#options = options;
  }

  /** What earlier leaders wrote was read. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Reads what earlier leaders wrote. Never rejects: it is tried again with the next call, until it succeeds. */
  async load(): Promise<void> {
    if (this.#isLoaded) {
      return;
    }
    const { product, storage } = this.#options;
    try {
      for (const { path, data } of await storage.readChildren(coordinatorPath.members(product))) {
        this.#read(path, data);
      }
      this.#isLoaded = true;
      this.#isFailing = false;
    } catch (thrown) {
      this.#warn("members.unread", thrown);
    }
  }

  /** Whether the server has been part of the group's replication. */
  has(groupId: number, addr: string): boolean {
    return this.#serversByGroup.get(groupId)?.has(serverKey(addr)) === true;
  }

  /** Notes members, and forgets those that are no longer in their groups; `save` makes it durable. */
  update(topology: Topology, seen: Iterable<MemberSeen>): void {
    for (const { groupId, addr } of seen) {
      if (!this.has(groupId, addr)) {
        const known = this.#serversByGroup.get(groupId) ?? [];
        this.#set(groupId, new Set([...known, serverKey(addr)]));
      }
    }
    for (const [groupId, known] of this.#serversByGroup) {
      const servers = topology.groups.get(groupId)?.servers ?? [];
      const there = new Set(servers.map(({ addr }) => serverKey(addr)));
      const left = [...known].filter((addr) => there.has(addr));
      if (left.length < known.size) {
        this.#set(groupId, new Set(left));
      }
    }
  }

  /** Stores what isn't stored yet. Never rejects: what fails is tried again with the next call. */
  async save(): Promise<void> {
    if (this.#isLoaded && this.#unsaved.size > 0 && this.#saving === undefined) {
      this.#saving = this.#write().finally(() => {
        this.#saving = undefined;
      });
    }
    await this.#saving;
  }

  async #write(): Promise<void> {
    const { product, storage } = this.#options;
    const groupIds = [...this.#unsaved];
    this.#unsaved.clear();
    const writes = groupIds.map((groupId) => {
      const servers = [...(this.#serversByGroup.get(groupId) ?? [])].toSorted();
      const data = servers.length === 0 ? undefined : JSON.stringify({ servers });
      return { path: coordinatorPath.member(product, groupId), data, expected: ANY };
    });
    try {
      await storage.write(writes);
      this.#isFailing = false;
    } catch (thrown) {
      for (const groupId of groupIds) {
        this.#unsaved.add(groupId);
      }
      this.#warn("members.unsaved", thrown);
    }
  }

  #set(groupId: number, servers: ReadonlySet<string>): void {
    this.#serversByGroup.set(groupId, servers);
    this.#unsaved.add(groupId);
  }

  #read(path: string, data: string): void {
    const groupId = groupIdOfName(path.slice(path.lastIndexOf("/") + 1));
    if (groupId === undefined) {
      return;
    }
    try {
      const known = this.#serversByGroup.get(groupId) ?? [];
      this.#serversByGroup.set(groupId, new Set([...known, ...decodeServers(data, path)]));
    } catch (thrown) {
      // Its servers are strangers then: reported instead of mended.
      this.#options.log.warn("members.invalid", messageOf(thrown), { error: thrown });
    }
  }

  /** Once for each row of failures. */
  #warn(event: string, error: unknown): void {
    if (!this.#isFailing) {
      this.#isFailing = true;
      this.#options.log.warn(event, messageOf(error), { error });
    }
  }
}

function decodeServers(data: string, path: string): readonly string[] {
  const servers = new RecordReader(parseJsonNode(data, path), path).any("servers") ?? [];
  if (!Array.isArray(servers) || !servers.every((addr) => typeof addr === "string")) {
    throw new CodisError("MODEL_INVALID", `${path}: servers: expected a list of addresses`);
  }
  return servers.map(serverKey);
}
