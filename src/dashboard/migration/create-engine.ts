/**
 * Puts the engine together for one leader: looks at servers, searches, records, and a mover for each pair of groups:
 * `codis` where both servers have the slot commands of codis-server, else `migrate`.
 */
import type { Log } from "../../base/log.ts";
import type { Leadership } from "../../coordinator/coordinator.ts";
import { FORWARD_METHOD } from "../../model/slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { ProxyFigures, PushReport } from "../control.ts";
import type { EngineEvents, MigrationEngine, MigrationPolicy, MoverOptions } from "./contract.ts";
import { Engine } from "./engine.ts";
import type { StepTopology } from "./hand-over.ts";
import type { LeftSlots } from "./left-slots.ts";
import type { MoveMethods } from "./move-methods.ts";
import { createCodisMover } from "./mover/codis-mover.ts";
import { createMigrateMover } from "./mover/migrate-mover.ts";
import { ServerTurns } from "./mover/server-turns.ts";
import type { CodisMoverSettings } from "./mover/slot-order.ts";
import { OlderMovers } from "./older-movers.ts";
import { Preflight } from "./preflight.ts";
import { SourceGuard } from "./source-guard.ts";
import { StaleKeys } from "./stale-keys.ts";

/** What an engine needs of its leader. */
export interface CreateEngineOptions {
  readonly leadership: Pick<Leadership, "epoch" | "confirm">;
  readonly topology: StepTopology & {
    onChange(listener: (topology: Topology) => void): () => void;
  };
  /** Nobody else of this leader has one. */
  readonly left: LeftSlots;
  /** `Fleet.whenSynced`. */
  readonly whenSynced: (revision: number, timeoutMs: number) => Promise<PushReport>;
  readonly proxyFigures: () => ReadonlyMap<string, ProxyFigures>;
  readonly methods: MoveMethods;
  readonly settings: CodisMoverSettings & {
    /** `migration_method`. */
    readonly method: "sync" | "semi-async";
    readonly parallelSlots: number;
    readonly maxStallMs: number;
    readonly ioTimeoutMs: number;
    /** Of all servers. */
    readonly password: string;
  };
  readonly policy: MigrationPolicy;
  readonly events: EngineEvents;
  readonly log: Log;
}

/** An engine that moves nothing before `start`. */
export function createMigrationEngine(options: CreateEngineOptions): MigrationEngine {
  const { topology, leadership, settings, policy, events, left, log } = options;
  const { epoch } = leadership;
  const { slotCount } = topology.snapshot();
  const confirm = (): Promise<void> => leadership.confirm();
  const olderMovers = new OlderMovers({ epoch, log });
  const preflight = new Preflight({
    epoch,
    password: settings.password,
    topology: () => topology.snapshot(),
    proxyFigures: options.proxyFigures,
    whenSynced: options.whenSynced,
    olderMovers,
    left,
    staleKeys: new StaleKeys({ slotCount, epoch, confirm }),
    onStaleKeys: (count) => events.onStaleKeys(count),
    migrationMethod: settings.method,
    log,
  });
  const turns = new ServerTurns();
  return new Engine({
    topology,
    whenSynced: options.whenSynced,
    preflight,
    olderMovers,
    left,
    methods: options.methods,
    createMover: (pair, onEmptied) => {
      const { source, target, method = FORWARD_METHOD.migrate } = pair;
      const moverOptions: MoverOptions = {
        source,
        target,
        slotCount,
        epoch,
        confirm,
        limits: () => ({
          maxStallMs: settings.maxStallMs,
          ioTimeoutMs: settings.ioTimeoutMs,
          bigKeyRule: policy.bigKeyRule(),
        }),
        pace: policy.pace,
        mayProxiesMove: () => policy.mayProxiesMove(),
        events: {
          onEmptied,
          onMoved: (slotId, keys, bytes) => events.onMoved(slotId, keys, bytes),
          onTrouble: (trouble, isForPeople) => events.onTrouble(pair, trouble, isForPeople),
          onStall: (ms) => events.onStall(ms),
          onRetry: () => events.onRetry(),
        },
      };
      return method === FORWARD_METHOD.migrate
        ? createMigrateMover(moverOptions)
        : createCodisMover({ ...moverOptions, method, turns, settings });
    },
    openGuard: ({ source, method }) => SourceGuard.open(source, epoch, method),
    policy,
    events,
    parallelSlots: settings.parallelSlots,
    password: settings.password,
    log,
  });
}
