/**
 * How long test files take and what part of a processor they keep busy meanwhile, roughly, on a quiet machine: what the
 * test runner needs to begin with most work and to run side by side what only waits. Files that take less than ten
 * seconds go by their folder, but for some that wait. A wrong figure costs time and nothing else.
 */

/** What a file takes. */
export interface TestLoad {
  readonly seconds: number;
  /** Part of a processor. A browser and what it shows take up to 1.2, but two of them get on side by side: 0.8. */
  readonly load: number;
}

/** Of files that aren't named below; the first folder that fits. */
const OF_FOLDER: readonly (readonly [folder: string, load: TestLoad])[] = [
  ["test/chaos/", { seconds: 5, load: 0.5 }],
  ["test/component/", { seconds: 2, load: 0.4 }],
  ["test/contract/", { seconds: 3, load: 0.3 }],
  ["test/module/", { seconds: 3, load: 0.4 }],
  ["test/system/", { seconds: 6, load: 0.6 }],
  ["test/web/", { seconds: 9, load: 0.8 }],
  ["test/", { seconds: 0.5, load: 0.8 }],
];

/** Sorted by path. */
const OF_FILE: Readonly<Record<string, readonly [seconds: number, load: number]>> = {
  "test/chaos/availability.test.ts": [46, 0.5],
  "test/chaos/chaos.test.ts": [44, 0.45],
  "test/component/dashboard/codis-mover-replica.test.ts": [15, 0.1],
  "test/component/dashboard/codis-mover-sync.test.ts": [15, 0.2],
  "test/component/dashboard/codis-mover.test.ts": [12, 0.2],
  "test/component/dashboard/engine-crash.test.ts": [17, 0.6],
  "test/component/dashboard/fence-cut.test.ts": [24, 0.1],
  "test/component/dashboard/fence-freeze.test.ts": [14, 0.2],
  "test/component/dashboard/fence.test.ts": [17, 0.2],
  "test/component/dashboard/fleet-push.test.ts": [16, 0.1],
  "test/component/dashboard/fuzz.test.ts": [12, 0.25],
  "test/component/dashboard/mover-big-key.test.ts": [10, 0.2],
  "test/component/dashboard/mover-control.test.ts": [15, 0.2],
  "test/component/dashboard/mover-data.test.ts": [13, 0.2],
  "test/component/dashboard/mover-faults.test.ts": [26, 0.1],
  "test/component/dashboard/mover-links.test.ts": [23, 0.1],
  "test/component/dashboard/mover-replica.test.ts": [10, 0.2],
  "test/component/dashboard/openapi.test.ts": [10, 0.8],
  "test/component/dashboard/operation-run.test.ts": [39, 0.15],
  "test/component/dashboard/promotion-undo.test.ts": [11, 0.2],
  "test/component/dashboard/replication-safety.test.ts": [13, 0.2],
  "test/component/dashboard/sentinel-failover.test.ts": [14, 0.2],
  "test/component/dashboard/session.test.ts": [10, 0.6],
  "test/component/fe/fe-server.test.ts": [10, 0.6],
  "test/component/moving-commands.test.ts": [14, 0.2],
  "test/component/proxy/moving-faults.test.ts": [31, 0.1],
  "test/component/proxy/moving-keys.test.ts": [10, 0.2],
  "test/component/proxy/moving-load.test.ts": [24, 0.1],
  "test/component/proxy/moving-sync.test.ts": [10, 0.1],
  "test/component/proxy/pipeline-failure.test.ts": [11, 0.2],
  "test/component/proxy/pipeline.test.ts": [10, 0.2],
  "test/component/proxy/replica-reads.test.ts": [21, 0.25],
  "test/component/proxy/replica-repeat.test.ts": [10, 0.2],
  "test/component/proxy/shards-wait.test.ts": [8, 0.1],
  "test/component/server-pulse.test.ts": [15, 0.1],
  "test/component/zookeeper-odd-server.test.ts": [26, 0.05],
  "test/contract/coordinator-filesystem.test.ts": [37, 0.05],
  "test/contract/coordinator-memory.test.ts": [57, 0.05],
  "test/contract/etcd-answer.test.ts": [27, 0.05],
  "test/contract/etcd-cluster.test.ts": [33, 0.15],
  "test/contract/etcd-store.test.ts": [16, 0.3],
  "test/contract/etcd.test.ts": [78, 0.1],
  "test/contract/filesystem-disk.test.ts": [11, 0.1],
  "test/contract/zookeeper-access.test.ts": [16, 0.1],
  "test/contract/zookeeper-ensemble.test.ts": [32, 0.25],
  "test/contract/zookeeper-session.test.ts": [14, 0.3],
  "test/contract/zookeeper.test.ts": [83, 0.12],
  "test/module/async-source-failure.test.ts": [17, 0.05],
  "test/module/sanitized.test.ts": [12, 0.2],
  "test/system/bench.test.ts": [60, 0.4],
  "test/system/cli-admin.test.ts": [27, 0.65],
  "test/system/cli-moving.test.ts": [17, 0.65],
  "test/system/cli-noun.test.ts": [20, 0.6],
  "test/system/clients.test.ts": [18, 0.75],
  "test/system/codis-server.test.ts": [11, 0.6],
  "test/system/config-error.test.ts": [10, 0.8],
  "test/system/console-figures.test.ts": [14, 0.4],
  "test/system/dashboard-coordinator.test.ts": [35, 0.2],
  "test/system/dashboard-leader.test.ts": [21, 0.35],
  "test/system/discovery-node.test.ts": [20, 0.35],
  "test/system/discovery.test.ts": [22, 0.6],
  "test/system/executable.test.ts": [6, 0.9],
  "test/system/failover-again.test.ts": [13, 0.3],
  "test/system/failover-cut.test.ts": [30, 0.15],
  "test/system/failover-network.test.ts": [46, 0.2],
  "test/system/failover.test.ts": [20, 0.2],
  "test/system/fault-client.test.ts": [18, 0.3],
  "test/system/fault-server.test.ts": [28, 0.3],
  "test/system/fault-slots.test.ts": [9, 0.8],
  "test/system/fe.test.ts": [13, 0.4],
  "test/system/product-coordinator.test.ts": [87, 0.25],
  "test/system/product-crash.test.ts": [12, 0.7],
  "test/system/product-frozen-leader.test.ts": [32, 0.2],
  "test/system/product-proxy-fault.test.ts": [27, 0.25],
  "test/system/product-server.test.ts": [20, 0.35],
  "test/system/product-side-by-side.test.ts": [23, 0.9],
  "test/system/product-up.test.ts": [11, 0.7],
  "test/system/replica-reads.test.ts": [23, 0.4],
  "test/system/shutdown.test.ts": [14, 0.65],
  "test/system/slot-migration.test.ts": [18, 0.6],
  "test/system/topology-crash.test.ts": [12, 0.7],
  "test/system/tutorial-1x.test.ts": [45, 0.5],
  "test/system/up-crash.test.ts": [20, 0.85],
  "test/system/up-grow.test.ts": [13, 0.75],
  "test/system/up.test.ts": [41, 0.65],
  "test/system/workers-fault.test.ts": [15, 0.6],
  "test/unit/dashboard/migration-failures.test.ts": [5, 0.15],
  "test/unit/dashboard/operation-crash.test.ts": [20, 0.15],
  "test/unit/dashboard/operation-orders.test.ts": [5, 0.15],
  "test/web/chinese-texts.test.ts": [10, 0.8],
  "test/web/colours.test.ts": [17, 0.8],
  "test/web/fe.test.ts": [27, 0.8],
  "test/web/focus.test.ts": [11, 0.8],
  "test/web/journey-members.test.ts": [20, 0.8],
  "test/web/journey-move.test.ts": [13, 0.8],
  "test/web/members-actions.test.ts": [22, 0.8],
  "test/web/members-screens-zh.test.ts": [16, 0.8],
  "test/web/members-screens.test.ts": [19, 0.8],
  "test/web/own-account.test.ts": [10, 0.8],
  "test/web/plan-map.test.ts": [17, 0.8],
  "test/web/plan-screen.test.ts": [32, 0.8],
  "test/web/pseudo-locale.test.ts": [20, 0.8],
  "test/web/shell-access.test.ts": [28, 0.8],
  "test/web/shell-live.test.ts": [27, 0.25],
  "test/web/shell.test.ts": [15, 0.8],
  "test/web/slots-access.test.ts": [17, 0.8],
  "test/web/slots-screen.test.ts": [14, 0.8],
  "test/web/time-chart.test.ts": [21, 0.25],
  "test/web/watch-actions.test.ts": [14, 0.8],
  "test/web/watch-screens.test.ts": [27, 0.8],
};

/** The named files, in their order. */
export const NAMED_FILES: readonly string[] = Object.keys(OF_FILE);

/** What a file takes; its path begins with `test/`. */
export function testLoadOf(file: string): TestLoad {
  const named = OF_FILE[file];
  if (named !== undefined) {
    return { seconds: named[0], load: named[1] };
  }
  const ofFolder = OF_FOLDER.find(([folder]) => file.startsWith(folder));
  if (ofFolder === undefined) {
    throw new Error(`${file} isn't below test/`);
  }
  return ofFolder[1];
}

/** True when a file took far longer than it is said to, so that the figure should be mended. */
export function isFarOff(file: string, tookSeconds: number): boolean {
  return tookSeconds > 2 * testLoadOf(file).seconds + 10;
}
