/**
 * The coordinator on a real cluster of three etcd servers: its leader is killed or frozen under writes,
 * watches and registrations, and the majority is lost and comes back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { ANY, type Coordinator, type Leadership } from "../../src/coordinator/coordinator.ts";
import { openEtcd } from "../../src/coordinator/etcd/etcd.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { type EtcdCluster, type EtcdServer, startEtcdCluster } from "../support/etcd-server.ts";
import {
  CALM_LEASE_MS,
  failure,
  OPERATION_MS,
  OPERATION_SLACK_MS,
  put,
  SOON_MS,
  TEST_MS,
} from "./suite-context.ts";

/** Until a cluster has a new leader, and everybody has found it. */
const CHANGE_MS = 40_000;

let cluster: EtcdCluster;
let opened: Coordinator[] = [];
let productCount = 0;

function open(options: { readonly addr?: string; readonly boundMs?: number } = {}): Coordinator {
  const coordinator = openEtcd({
    kind: "etcd",
    addr: options.addr ?? cluster.addr,
    auth: "",
    operationTimeoutMs: options.boundMs ?? 30_000,
  });
  opened.push(coordinator);
  return coordinator;
}

function lead(coordinator: Coordinator): Promise<Leadership> {
  productCount += 1;
  return coordinator.lead({
    lockPath: `/codis3/cluster${productCount}/topom`,
    epochPath: `/codis-ext/cluster${productCount}/epoch`,
    data: "leader",
    leaseMs: CALM_LEASE_MS,
  });
}

/** The addresses with this server's first, so that it is the one that is used. */
function addrFrom(first: EtcdServer): string {
  const others = cluster.servers.filter((server) => server !== first);
  return [first, ...others].map((server) => server.addr).join(",");
}

/** Writes a counter until it is stopped; every write must succeed. */
function startCounting(leadership: Leadership, path: string) {
  const state = { acknowledged: 0, failure: undefined as unknown, isStopped: false };
  const loop = (async () => {
    let version = await put(leadership, path, "0");
    for (let count = 1; !state.isStopped; count += 1) {
      const [next] = await leadership.write([
        { path, data: `${count}`, expected: version },
        { path: `${path}-beside`, data: `${count}`, expected: ANY },
      ]);
      version = next ?? "";
      state.acknowledged = count;
    }
  })().catch((thrown: unknown) => {
    state.failure = thrown;
  });
  return {
    state,
    async stop() {
      state.isStopped = true;
      await withDeadline("end of the writes", CHANGE_MS, loop);
      expect(state.failure).toBeUndefined();
    },
  };
}

beforeAll(async () => {
  cluster = await startEtcdCluster();
}, TEST_MS);

afterEach(async () => {
  for (const server of cluster.servers) {
    server.resume();
    server.launch();
  }
  await Promise.all(cluster.servers.map((server) => server.start()));
  await Promise.all(opened.map((coordinator) => coordinator.close()));
  opened = [];
}, TEST_MS);

afterAll(() => cluster.stop(), TEST_MS);

describe("a change of etcd's leader", () => {
  for (const fault of ["killed", "frozen"] as const) {
    test(
      `that is ${fault}: a leader writes on without an error, watches and registrations live on`,
      async () => {
        const first = await cluster.leader();
        const own = open({ addr: addrFrom(first) });
        const other = open();
        const leadership = await lead(own);
        const path = `/cluster/${fault}`;
        const counting = startCounting(leadership, `${path}/count`);
        const registration = own.register(`${path}/proxy`, "1", {
          ttlMs: CALM_LEASE_MS,
        });
        let calls = 0;
        own.watch(`${path}/watched`, () => {
          calls += 1;
        });
        await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
        await waitFor("writes", SOON_MS, () => counting.state.acknowledged > 20 || undefined);
        if (fault === "killed") {
          await first.kill();
        } else {
          first.pause();
        }
        const before = counting.state.acknowledged;
        await waitFor(
          "writes with another leader",
          CHANGE_MS,
          () => counting.state.acknowledged > before + 50 || counting.state.failure || undefined,
        );
        await counting.stop();
        expect(leadership.isHeld()).toBe(true);
        await leadership.confirm();
        const { acknowledged } = counting.state;
        expect((await other.get(`${path}/count`))?.data).toBe(`${acknowledged}`);
        await waitFor("isRegistered", CHANGE_MS, () => registration.isRegistered() || undefined);
        const callsBefore = calls;
        await put(other, `${path}/watched`, "1");
        await waitFor("call", CHANGE_MS, () => calls > callsBefore || undefined);
        expect((await other.get(`${path}/proxy`))?.data).toBe("1");
      },
      TEST_MS,
    );
  }

  test(
    "a frozen server that wakes with old requests changes nothing",
    async () => {
      const first = await cluster.leader();
      const own = open({ addr: addrFrom(first) });
      const leadership = await lead(own);
      const path = "/cluster/woken";
      await put(leadership, path, "0");
      first.pause();
      for (let round = 1; round <= 5; round += 1) {
        await put(leadership, path, `${round}`);
      }
      first.resume();
      await first.start();
      const reader = open({ addr: first.addr });
      await waitFor("answer of the woken server", CHANGE_MS, () => reader.get(path));
      expect((await reader.get(path))?.data).toBe("5");
      await put(leadership, path, "6");
      expect((await reader.get(path))?.data).toBe("6");
    },
    TEST_MS,
  );
});

describe("a lost majority", () => {
  test(
    "everything ends within its bound, and goes on when it is back",
    async () => {
      const own = open({ boundMs: OPERATION_MS });
      const path = "/cluster/majority";
      // Longer than one operation may take, the machine may stand still.
      await waitFor("write", CHANGE_MS, () => put(own, `${path}/x`, "1"));
      const leadership = await waitFor("leadership", CHANGE_MS, () => lead(own));
      const [one, two] = cluster.servers;
      await one?.kill();
      two?.pause();
      const operations: readonly (() => Promise<unknown>)[] = [
        () => own.get(`${path}/x`),
        () => own.list(path),
        () => own.readChildren(path),
        () => put(own, `${path}/y`, "1"),
        () => put(leadership, `${path}/z`, "1"),
        () => leadership.confirm(),
        () => lead(own),
      ];
      const boundMs = OPERATION_MS + OPERATION_SLACK_MS;
      await Promise.all(
        operations.map((operation) =>
          failure("COORDINATOR_UNREACHABLE", withDeadline("failure", boundMs, operation())),
        ),
      );
      two?.resume();
      await waitFor("answer", CHANGE_MS, () => own.get(`${path}/x`));
      await waitFor("write", CHANGE_MS, () => put(own, `${path}/x`, "2"));
      const read = await waitFor("answer", CHANGE_MS, () => own.get(`${path}/x`));
      expect(read.data).toBe("2");
    },
    TEST_MS,
  );

  test(
    "a lock lapses neither for its holder nor for others while nobody can be asked",
    async () => {
      const own = open({ boundMs: OPERATION_MS });
      const other = open();
      productCount += 1;
      const request = {
        lockPath: `/codis3/cluster${productCount}/topom`,
        epochPath: `/codis-ext/cluster${productCount}/epoch`,
        data: "leader",
        leaseMs: 3_000,
      };
      const leadership = await waitFor("leadership", CHANGE_MS, () => own.lead(request));
      const [one, two] = cluster.servers;
      await Promise.all([one?.kill(), two?.kill()]);
      await withDeadline("loss", CHANGE_MS, leadership.lost);
      expect(leadership.isHeld()).toBe(false);
      await failure("LEADERSHIP_LOST", put(leadership, "/cluster/lapsed", "1"));
      one?.launch();
      const next = await waitFor("leadership", CHANGE_MS, () => other.lead(request));
      expect(next.epoch).toBeGreaterThan(leadership.epoch);
      await failure("LEADERSHIP_LOST", put(leadership, "/cluster/lapsed", "1"));
      expect(await other.get("/cluster/lapsed")).toBeUndefined();
    },
    TEST_MS,
  );
});
