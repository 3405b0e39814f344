/**
 * Watches whether servers do what is stored, once a second and after each change of the topology: keeps the list of
 * faults, and mends by itself what is safe to mend (`follow-rules.ts`), inside the group's turn. So an old master that
 * comes back is a replica seconds later, and replicas follow a new master whoever made it.
 *
 *     figures, own looks at silent servers -> picture -> faults -> ledger
 *                                                     -> orders, each judged again on looks made for it
 *
 * The look itself waits for nothing; everything that asks servers runs beside it, bounded.
 */
import type { ClockTimer } from "../../../base/clock.ts";
import { isCodisError } from "../../../base/error.ts";
import type { RepairReport, ReplicationFault } from "../../../model/availability/replication.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type {
  AvailabilityParts,
  FailoverStory,
  ReplicaFollow,
  SentinelWatch,
} from "../contract.ts";
import { LINK_ORDERS_MAX, OrderAttempts } from "./attempts.ts";
import { FaultLedger } from "./fault-ledger.ts";
import { followGroup } from "./follow-group.ts";
import type { SentinelVoice } from "./follow-rules.ts";
import { GroupMembers } from "./group-members.ts";
import { LookHistory } from "./look-history.ts";
import { isNameOfElsewhere } from "./master-name.ts";
import { NameProbe } from "./name-probe.ts";
import { membersIn, type Picture, sightOfServer, unknownNames, verdictOf } from "./picture.ts";
import { repair } from "./repair.ts";
import { type OrderWord, ReplicaOrders } from "./replica-orders.ts";
import { type FaultContext, type FoundFault, findFaults } from "./replication-faults.ts";
import { sentinelVoice } from "./sentinel-voice.ts";
import { type Sight, sightOfFigures } from "./sight.ts";
import { SilentServers } from "./silent-servers.ts";

/** What the watch works with. */
export interface ReplicationWatchOptions extends AvailabilityParts {
  readonly sentinels: Pick<SentinelWatch, "isWatched" | "masterOf">;
}

/** Between two looks, milliseconds. */
const LOOK_MS = 1_000;
/** From a change of the topology to the look that it causes. */
const SOON_MS = 50;
/** Of one look or command at a server that is mended by itself: others may wait for the group's turn. */
const MEND_TIMEOUT_MS = 700;
/** How long sentinels that watch a group get to end what they do, also after this leader has begun. */
const SENTINELS_PATIENCE_MS = 5_000;
/** Groups that are mended at once; the others have their turn with a later look. */
const MENDING_MAX = 8;

const BY_ITSELF: OrderWord = {
  isAsked: false,
  areSentinelsAside: false,
  timeoutMs: MEND_TIMEOUT_MS,
};

/** See the file head. Does nothing by itself before `start`. */
export class ReplicationWatch implements ReplicaFollow {
  readonly #options: ReplicationWatchOptions;
  readonly #closing = new AbortController();
  readonly #ledger: FaultLedger;
  readonly #members: GroupMembers;
  readonly #history = new LookHistory();
  readonly #names: NameProbe;
  readonly #silent: SilentServers;
  readonly #orders: ReplicaOrders;
  readonly #attempts: OrderAttempts;
  readonly #context: FaultContext;
  /** Groups whose turn this room has. */
  readonly #working = new Map<number, number>();
  /** What runs beside the looks. */
  readonly #running = new Set<Promise<unknown>>();
  #timer: ClockTimer | undefined;
  #stopListening: (() => void) | undefined;
  #beganMs = Number.POSITIVE_INFINITY;
  /** When the next look is due, on the monotonic clock. */
  #dueMs = Number.POSITIVE_INFINITY;
  #groups: Topology["groups"] | undefined;

  constructor(options: ReplicationWatchOptions) {
    this.#options = options;
    const { clock, storage, config, topology, confirm, turns } = options;
    const { productAuth: password, productName: product } = config;
    const log = options.log.child({ part: "replication" });
    const { signal } = this.#closing;
    this.#ledger = new FaultLedger(clock, log);
    this.#members = new GroupMembers({ product, storage, log });
    this.#names = new NameProbe({ password, timeoutMs: MEND_TIMEOUT_MS, clock, signal });
    this.#silent = new SilentServers({ password, timeoutMs: MEND_TIMEOUT_MS, clock, signal });
    this.#attempts = new OrderAttempts(clock);
    this.#orders = new ReplicaOrders({
      topology: () => topology.snapshot(),
      picture: () => this.#picture(),
      confirm,
      password,
      clock,
      log,
      signal,
    });
    this.#context = {
      isBusy: (groupId) => !this.#working.has(groupId) && turns.busyWith(groupId) !== undefined,
      isWritten: (addr) => this.#history.isWritten(addr),
      lagOf: (replica, master) => this.#history.lagOf(replica, master),
      wantsReplicas: config.haEnabled,
    };
  }

  /** Begins to look. */
  start(): void {
    this.#beganMs = this.#options.clock.monotonicMs();
    this.#stopListening = this.#options.topology.onChange(({ groups }) => {
      // Slots move many times a second; only groups matter here.
      if (groups !== this.#groups) {
        this.#armSoon();
      }
    });
    this.#arm(0);
  }

  /** Ends all looks and orders; resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    this.#stopListening?.();
    await Promise.allSettled(this.#running);
  }

  /** Where servers differ from what is stored, the worst first. */
  faults(): readonly ReplicationFault[] {
    return this.#ledger.shown;
  }

  /** See `AvailabilityControl.repair`. Takes the turn of each group. */
  repair(groupId: number | undefined, isDryRun: boolean): Promise<RepairReport> {
    const { topology, turns } = this.#options;
    const options = {
      topology: () => topology.snapshot(),
      orders: this.#orders,
      turns,
      context: this.#context,
      whileWorking: <Result>(id: number, work: () => Promise<Result>) => this.#work(id, work),
    };
    return repair(options, groupId, isDryRun).finally(() => this.#armSoon());
  }

  /** See `ReplicaFollow`. The caller has the group's turn, and answers for its sentinels. */
  async follow(groupId: number, story: FailoverStory | undefined): Promise<readonly string[]> {
    const { topology, clock } = this.#options;
    // The masters of now and before are members from now on.
    this.#noteMembers(this.#picture());
    const lines = await followGroup(this.#orders, { topology, clock }, groupId, story);
    this.#armSoon();
    return lines;
  }

  /** A look before the next regular one; many calls in a row don't put it off. */
  #armSoon(): void {
    if (this.#dueMs - this.#options.clock.monotonicMs() > SOON_MS) {
      this.#arm(SOON_MS);
    }
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    if (!this.#closing.signal.aborted) {
      this.#dueMs = this.#options.clock.monotonicMs() + delayMs;
      this.#timer = this.#options.clock.after(delayMs, () => {
        this.#arm(LOOK_MS);
        this.#look();
      });
    }
  }

  #look(): void {
    const picture = this.#picture();
    this.#groups = picture.topology.groups;
    this.#history.update(picture.sights);
    this.#noteMembers(picture);
    const found = findFaults(picture, this.#context);
    this.#ledger.update(found, (groupId) => isResting(picture.topology, groupId, this.#context));
    this.#run(this.#members.load().then(() => this.#members.save()));
    this.#run(this.#names.ask(namesToAsk(picture, this.#options.sentinels)));
    this.#run(
      this.#silent.look(picture).then((isNews) => {
        if (isNews) {
          this.#armSoon();
        }
      }),
    );
    this.#mend(picture, found);
  }

  /** Everything that is known now. */
  #picture(): Picture {
    const { topology, serverFigures } = this.#options;
    const figures = serverFigures();
    const sights = new Map<string, Sight>();
    for (const [addr, each] of figures) {
      sights.set(addr, this.#silent.newest(sightOfFigures(each)));
    }
    return {
      topology: topology.snapshot(),
      sights,
      runIdByName: (name) => this.#names.runIdOf(name),
      isMember: (groupId, addr) => this.#members.has(groupId, addr),
      sentinelsOf: (groupId) => this.#sentinelsOf(groupId, sights),
      isSettled: (groupId, addr) =>
        MENDED.some((code) => this.#ledger.ageMs({ code, groupId, addr }) >= SENTINELS_PATIENCE_MS),
    };
  }

  #sentinelsOf(groupId: number, sights: ReadonlyMap<string, Sight>): SentinelVoice {
    const { sentinels, topology, clock } = this.#options;
    return sentinelVoice({
      topology: topology.snapshot(),
      groupId,
      sights,
      sentinels,
      runIdByName: (name) => this.#names.runIdOf(name),
      isNew: clock.monotonicMs() - this.#beganMs < SENTINELS_PATIENCE_MS,
    });
  }

  #noteMembers(picture: Picture): void {
    this.#members.update(picture.topology, membersIn(picture));
  }

  /** Gives the orders that are due, group by group. */
  #mend(picture: Picture, found: readonly FoundFault[]): void {
    const sick = new Set(found.map(({ addr }) => addr));
    this.#attempts.forget((addr) => !sick.has(addr) && picture.sights.has(addr));
    const byGroup = Map.groupBy(
      found.filter((fault) => this.#isDue(picture, fault)),
      ({ groupId }) => groupId,
    );
    for (const [groupId, faults] of byGroup) {
      if (this.#working.size >= MENDING_MAX) {
        return;
      }
      if (!this.#working.has(groupId)) {
        this.#run(this.#mendGroup(picture, groupId, faults));
      }
    }
  }

  #isDue(picture: Picture, fault: FoundFault): boolean {
    const group = picture.topology.groups.get(fault.groupId);
    const isBroken = fault.code === "LINK_BROKEN";
    return (
      group !== undefined &&
      MENDED.includes(fault.code) &&
      this.#ledger.isShown(fault) &&
      verdictOf(picture, group, sightOfServer(picture, fault.addr)).kind === "order" &&
      this.#attempts.isDue(
        fault.addr,
        occasionOf(picture, fault),
        isBroken ? LINK_ORDERS_MAX : undefined,
      )
    );
  }

  async #mendGroup(
    picture: Picture,
    groupId: number,
    faults: readonly FoundFault[],
  ): Promise<void> {
    const { turns, log } = this.#options;
    const mend = async ({ addr, code }: FoundFault): Promise<void> => {
      const { kind, text } = await this.#orders.follow(groupId, addr, BY_ITSELF);
      if (kind === "left" || kind === "failed") {
        log.warn("replication.order-failed", text, { addr, group: groupId, code });
      }
    };
    try {
      await turns.tryRun(groupId, "its replicas are being mended", () =>
        this.#work(groupId, async () => {
          for (const fault of faults) {
            this.#attempts.note(fault.addr, occasionOf(picture, fault));
          }
          await Promise.all(faults.map(mend));
        }),
      );
    } catch (thrown) {
      // Another change of the group came first; the next look sees what is left.
      if (!isCodisError(thrown, "STATE_CONFLICT")) {
        throw thrown;
      }
    }
  }

  async #work<Result>(groupId: number, work: () => Promise<Result>): Promise<Result> {
    this.#working.set(groupId, (this.#working.get(groupId) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#working.get(groupId) ?? 1) - 1;
      if (left === 0) {
        this.#working.delete(groupId);
      } else {
        this.#working.set(groupId, left);
      }
    }
  }

  /** Lets it run beside the looks. What it rejects with is a defect of the program: logged. */
  #run(work: Promise<unknown>): void {
    const running = work
      .catch((error: unknown) => {
        this.#options.log.error("replication.defect", "a look at servers failed", { error });
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

/** Codes that are mended by telling the server to follow the stored master. */
const MENDED: readonly ReplicationFault["code"][] = [
  "SPLIT_BRAIN",
  "REPLICA_IS_MASTER",
  "WRONG_MASTER",
  "LINK_BROKEN",
];

/** A change of what is wrong, of the process or of the master begins anew with the orders. */
function occasionOf(picture: Picture, { code, addr, stored }: FoundFault): string {
  return `${code} ${sightOfServer(picture, addr).facts?.runId ?? ""} ${stored}`;
}

/** Whether the group wasn't looked at because something else goes on there. */
function isResting(topology: Topology, groupId: number, { isBusy }: FaultContext): boolean {
  const group = topology.groups.get(groupId);
  return group !== undefined && (group.promoting.state !== "" || isBusy(groupId));
}

/** Names of masters that have to be asked who they are; one that means another machine elsewhere can't be. */
function namesToAsk(
  picture: Picture,
  sentinels: ReplicationWatchOptions["sentinels"],
): readonly string[] {
  const named = [...picture.topology.groups].flatMap(([groupId, { servers }]) => {
    const name = sentinels.masterOf(groupId);
    const replica = servers[0]?.addr;
    return name === undefined || replica === undefined ? [] : [{ replica, name }];
  });
  return unknownNames(picture, named)
    .filter(({ replica, name }) => !isNameOfElsewhere(replica, name))
    .map(({ name }) => name);
}
