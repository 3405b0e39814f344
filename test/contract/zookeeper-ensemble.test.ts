/**
 * The ZooKeeper coordinator on an ensemble of three real servers: it goes on when the one that it talks to
 * dies or hangs, the leader of the ensemble included, and reads what others wrote through other servers.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import type { CoordinatorOptions } from "../../src/coordinator/open.ts";
import { openZookeeper } from "../../src/coordinator/zookeeper/zookeeper.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { startZookeeper, type ZookeeperCluster } from "../support/zookeeper-server.ts";
import {
  CALM_LEASE_MS,
  failure,
  leadershipRequestOf,
  pass,
  put,
  SOON_MS,
} from "./suite-context.ts";

const TEST_MS = 180_000;
/** Until an ensemble that lost its leader has another one, and a client has found it. */
const ELECTION_MS = 40_000;

let cluster: ZookeeperCluster;
let opened: Coordinator[] = [];

beforeAll(async () => {
  cluster = await startZookeeper({ servers: 3 });
}, TEST_MS);

afterAll(() => cluster.stop(), TEST_MS);

afterEach(async () => {
  await Promise.all(opened.map((coordinator) => coordinator.close()));
  opened = [];
  for (const server of cluster.servers) {
    server.resume();
  }
  await Promise.all(cluster.servers.map((server) => server.start()));
}, TEST_MS);

function open(overrides: Partial<CoordinatorOptions> = {}): Coordinator {
  const options = { kind: "zookeeper", addr: cluster.addr, auth: "", ...overrides } as const;
  const coordinator = openZookeeper(options);
  opened.push(coordinator);
  return coordinator;
}

describe("an ensemble", () => {
  test(
    "shows on every server what was acknowledged on any other",
    async () => {
      const clients = cluster.servers.map((server) => open({ addr: server.addr }));
      for (let round = 0; round < 60; round += 1) {
        const writer = clients[round % 3] as Coordinator;
        const version = await put(writer, "/ensemble/seen/x", `${round}`);
        const nodes = await Promise.all(clients.map((client) => client.get("/ensemble/seen/x")));
        expect(nodes.map((node) => node?.data)).toEqual([`${round}`, `${round}`, `${round}`]);
        expect(nodes.map((node) => node?.version)).toEqual([version, version, version]);
      }
    },
    TEST_MS,
  );

  test(
    "gives every write the version that is read afterwards, however many write at once",
    async () => {
      const clients = cluster.servers.map((server) => open({ addr: server.addr }));
      const writeMany = async (client: Coordinator, name: string): Promise<void> => {
        for (let round = 0; round < 60; round += 1) {
          const path = `/ensemble/version/${name}-${round % 5}`;
          const version = await put(client, path, `${round}`);
          expect((await client.get(path))?.version).toBe(version);
        }
      };
      const writers = clients.flatMap((client, index) =>
        ["a", "b", "c"].map((name) => writeMany(client, `${name}${index}`)),
      );
      await Promise.all(writers);
    },
    TEST_MS,
  );

  test(
    "whose leader is killed loses no acknowledged write, leadership, registration or watch",
    async () => {
      const own = open();
      const leadership = await own.lead(leadershipRequestOf("killed", CALM_LEASE_MS));
      const registration = own.register("/jodis/killed/proxy-1", "one", {
        ttlMs: CALM_LEASE_MS,
      });
      await waitFor("isRegistered", ELECTION_MS, () => registration.isRegistered() || undefined);
      let calls = 0;
      own.watch("/ensemble/killed", () => {
        calls += 1;
      });
      const log = { acknowledged: 0, tried: 0, stop: false };
      const loop = writeUntilStopped(own, "/ensemble/killed/x", log);
      await waitFor("writes", ELECTION_MS, () => log.acknowledged >= 50 || undefined);
      await (await cluster.leader()).kill();
      const before = log.acknowledged;
      await waitFor("writes again", ELECTION_MS, () => log.acknowledged > before + 50 || undefined);
      log.stop = true;
      await loop;
      const stored = Number((await open().get("/ensemble/killed/x"))?.data);
      expect(stored).toBeGreaterThanOrEqual(log.acknowledged);
      expect(stored).toBeLessThanOrEqual(log.tried);
      expect(leadership.isHeld()).toBe(true);
      await leadership.confirm();
      await put(leadership, "/ensemble/killed/fenced", "1");
      await waitFor("isRegistered", ELECTION_MS, () => registration.isRegistered() || undefined);
      const callsBefore = calls;
      await put(open(), "/ensemble/killed/x", "last");
      await waitFor("call", ELECTION_MS, () => calls > callsBefore || undefined);
    },
    TEST_MS,
  );

  test(
    "goes on while one server after the other hangs",
    async () => {
      const own = open({ sessionTimeoutMs: 6_000 });
      const leadership = await own.lead(leadershipRequestOf("hanging", CALM_LEASE_MS));
      for (const [index, server] of cluster.servers.entries()) {
        server.pause();
        await waitFor("write", ELECTION_MS, () => put(own, "/ensemble/hanging", `${index}`));
        expect((await own.get("/ensemble/hanging"))?.data).toBe(`${index}`);
        await waitFor("confirmation", ELECTION_MS, () => leadership.confirm().then(() => true));
        server.resume();
        await waitFor("mode", ELECTION_MS, () => server.mode());
        // The session of the lock finds its way as well.
        await pass(1_500);
        expect(leadership.isHeld()).toBe(true);
      }
    },
    TEST_MS,
  );

  test(
    "without a majority answers nothing, and ends the leadership in time",
    async () => {
      const own = open({ operationTimeoutMs: 1_500 });
      // Longer than one operation may take, the machine may stand still.
      const leadership = await waitFor("leadership", ELECTION_MS, () =>
        own.lead(leadershipRequestOf("minority", 3_000)),
      );
      const [first, second] = cluster.servers;
      await Promise.all([first?.kill(), second?.kill()]);
      const killedMs = performance.now();
      for (const operation of [
        () => own.get("/ensemble/killed/x"),
        () => own.list("/ensemble"),
        () => put(own, "/ensemble/minority", "1"),
      ]) {
        const outcome: Promise<unknown> = operation();
        await failure("COORDINATOR_UNREACHABLE", withDeadline("failure", SOON_MS, outcome));
      }
      const lost = await withDeadline("loss", SOON_MS, leadership.lost);
      expect(lost).not.toContain("\n");
      await failure("LEADERSHIP_LOST", put(leadership, "/ensemble/minority", "1"));
      await pass(Math.max(0, 3_500 - (performance.now() - killedMs)));
      await Promise.all([first?.start(), second?.start()]);
      const again = await waitFor("leadership", ELECTION_MS, async () => {
        await pass(100);
        return own.lead(leadershipRequestOf("minority", 3_000));
      });
      expect(again.epoch).toBeGreaterThan(leadership.epoch);
      expect(await own.get("/ensemble/minority")).toBeUndefined();
    },
    TEST_MS,
  );
});

/** Writes growing numbers; what fails because the servers are away is tried again with the next. */
async function writeUntilStopped(
  coordinator: Coordinator,
  path: string,
  log: { acknowledged: number; tried: number; stop: boolean },
): Promise<void> {
  while (!log.stop) {
    log.tried += 1;
    try {
      await put(coordinator, path, `${log.tried}`);
      log.acknowledged = log.tried;
    } catch (thrown) {
      if (!isCodisError(thrown, "COORDINATOR_UNREACHABLE")) {
        throw thrown;
      }
    }
  }
}
