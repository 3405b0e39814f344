/**
 * The ZooKeeper coordinator when its session is lost although both sides live (a network that breaks for
 * longer than the timeout), and versions of nodes that are deleted and made again while others write.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openZookeeper } from "../../src/coordinator/zookeeper/zookeeper.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { startTcpRelay, type TcpRelay } from "../support/tcp-relay.ts";
import { startZookeeper, type ZookeeperCluster } from "../support/zookeeper-server.ts";
import { zookeeperShell } from "../support/zookeeper-shell.ts";
import { failure, pass, put } from "./suite-context.ts";

const TEST_MS = 120_000;
const SOON_MS = 30_000;
/** Of what is to lose its session. */
const SESSION_MS = 1_000;
/** Of what must not, however long the machine stands still. */
const CALM_SESSION_MS = 20_000;
/** Until the server has ended a session that it doesn't hear from. */
const EXPIRED_MS = SESSION_MS + 1_000;

let cluster: ZookeeperCluster;
let relay: TcpRelay;
let opened: Coordinator[] = [];

beforeAll(async () => {
  cluster = await startZookeeper();
}, TEST_MS);

afterAll(() => cluster.stop(), TEST_MS);

beforeEach(async () => {
  relay = await startTcpRelay(cluster.servers[0]?.port ?? 0);
});

afterEach(async () => {
  relay.mend();
  await Promise.all(opened.map((coordinator) => coordinator.close()));
  opened = [];
  await relay.close();
}, TEST_MS);

/** `isCuttable`: over the relay, with a session that is soon lost. */
function open(isCuttable: boolean, onState?: (line: string) => void): Coordinator {
  const coordinator = openZookeeper({
    kind: "zookeeper",
    addr: isCuttable ? relay.addr : cluster.addr,
    auth: "",
    sessionTimeoutMs: isCuttable ? SESSION_MS : CALM_SESSION_MS,
    ...(onState && { onState }),
  });
  opened.push(coordinator);
  return coordinator;
}

async function loseSession(): Promise<void> {
  relay.cut();
  await pass(EXPIRED_MS);
  relay.mend();
}

describe("a session that expired", () => {
  test(
    "is replaced: reads, writes and watches go on, and its owner is told twice",
    async () => {
      const lines: string[] = [];
      const own = open(true, (line) => lines.push(line));
      const other = open(false);
      await put(other, "/session/watched/x", "1");
      let calls = 0;
      own.watch("/session/watched", () => {
        calls += 1;
      });
      await waitFor("first call", SOON_MS, () => calls > 0 || undefined);
      await pass(200);
      const before = calls;
      relay.cut();
      await pass(EXPIRED_MS);
      await put(other, "/session/watched/x", "2");
      expect(calls).toBe(before);
      relay.mend();
      await waitFor("call", SOON_MS, () => calls > before || undefined);
      expect((await own.get("/session/watched/x"))?.data).toBe("2");
      await pass(200);
      for (const path of ["/session/watched/x", "/session/watched/new", "/session/watched/x"]) {
        const callsBefore = calls;
        await put(other, path, "3");
        await waitFor(`call for ${path}`, SOON_MS, () => calls > callsBefore || undefined);
        await pass(200);
      }
      // Once each way, and again when the machine stood still for longer than the session lasts.
      expect(lines.length).toBeGreaterThanOrEqual(2);
      for (const [index, line] of lines.entries()) {
        expect(line).toContain(
          `${index % 2 === 0 ? "no connection" : "connected"} to zookeeper 127.0.0.1:`,
        );
      }
    },
    TEST_MS,
  );

  test(
    "brings its registration back with the next one",
    async () => {
      const problems: string[] = [];
      const own = open(true);
      const other = open(false);
      const registration = own.register("/session/registered/a", "one", {
        ttlMs: SESSION_MS,
        onProblem: (line) => problems.push(line),
      });
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
      relay.cut();
      await waitFor("end of the node", SOON_MS, async () =>
        (await other.list("/session/registered")).length === 0 ? true : undefined,
      );
      expect(registration.isRegistered()).toBe(false);
      relay.mend();
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
      expect((await other.get("/session/registered/a"))?.data).toBe("one");
      expect(problems).not.toEqual([]);
      for (const line of problems) {
        expect(line).toContain("/session/registered/a isn't registered now");
      }
    },
    TEST_MS,
  );

  test(
    "doesn't fight for a registration that another process has taken meanwhile",
    async () => {
      const problems: string[] = [];
      const path = "/session/taken/a";
      const first = open(true).register(path, "first", {
        ttlMs: SESSION_MS,
        onProblem: (line) => problems.push(line),
      });
      await waitFor("isRegistered", SOON_MS, () => first.isRegistered() || undefined);
      const other = open(false);
      const second = other.register(path, "second", { ttlMs: CALM_SESSION_MS });
      await waitFor("isRegistered", SOON_MS, () => second.isRegistered() || undefined);
      await waitFor("problem", SOON_MS, () =>
        problems.find((line) => line.includes("another process has this node")),
      );
      await loseSession();
      await pass(500);
      expect((await other.get(path))?.data).toBe("second");
      expect(second.isRegistered()).toBe(true);
      expect(first.isRegistered()).toBe(false);
      await second.close();
      await waitFor("isRegistered", SOON_MS, () => first.isRegistered() || undefined);
      expect((await other.get(path))?.data).toBe("first");
    },
    TEST_MS,
  );

  test(
    "ends its leadership before another one can have it",
    async () => {
      const own = open(true);
      const other = open(false);
      const request = {
        lockPath: "/codis3/session/topom",
        data: "{}",
        epochPath: "/codis-ext/session/epoch",
        leaseMs: 2_000,
      };
      const leadership = await waitFor("leadership", SOON_MS, () => own.lead(request));
      relay.cut();
      let wasHeldTwice = false;
      const next = await waitFor("next leader", SOON_MS, async () => {
        const isHeldBefore = leadership.isHeld();
        const taken = await other
          .lead({ ...request, leaseMs: CALM_SESSION_MS })
          .catch((thrown: unknown) => {
            if (!isCodisError(thrown, "LEADER_EXISTS")) {
              throw thrown;
            }
            return undefined;
          });
        wasHeldTwice ||= taken !== undefined && isHeldBefore && leadership.isHeld();
        return taken;
      });
      expect(wasHeldTwice).toBe(false);
      expect(next.epoch).toBeGreaterThan(leadership.epoch);
      relay.mend();
      await withDeadline("loss", SOON_MS, leadership.lost);
      await failure("LEADERSHIP_LOST", put(leadership, "/session/late", "1"));
      await failure("LEADERSHIP_LOST", leadership.confirm());
      await own.list("/session");
      await next.confirm();
      expect(await other.get("/session/late")).toBeUndefined();
    },
    TEST_MS,
  );
});

test(
  "a broken connection costs an answer, never a write that was acknowledged",
  async () => {
    const own = open(true);
    let acknowledged = 0;
    let stored = 0;
    let tried = 0;
    const startedAt = performance.now();
    /** Three seconds, and longer on a machine that has done too little by then. */
    const isEnough = (): boolean => {
      const tookMs = performance.now() - startedAt;
      return tookMs > SOON_MS || (tookMs > 3_000 && acknowledged > 10 && tried > acknowledged);
    };
    const breaker = setInterval(() => {
      relay.cut();
      relay.mend();
    }, 150);
    try {
      while (!isEnough()) {
        tried += 1;
        try {
          await put(own, "/session/broken/x", `${tried}`);
          acknowledged += 1;
          stored = tried;
        } catch (thrown) {
          expect(isCodisError(thrown, "COORDINATOR_UNREACHABLE")).toBe(true);
        }
        // A write without an answer was done or not; a written one stays.
        const seen = Number((await own.get("/session/broken/x"))?.data ?? 0);
        expect([stored, tried]).toContain(seen);
        stored = seen;
      }
    } finally {
      clearInterval(breaker);
    }
    expect(acknowledged).toBeGreaterThan(10);
    expect(tried).toBeGreaterThan(acknowledged);
  },
  TEST_MS,
);

describe("a version", () => {
  test(
    "never fits a node that was deleted and made again, not even in the middle of a write",
    async () => {
      const path = "/session/again/x";
      const maker = open(false);
      const made: bigint[] = [];
      const done = { isDone: false };
      const make = async (): Promise<void> => {
        // On, when no writer has come through yet.
        for (let round = 0; round < 400 || (written.length === 0 && round < 4_000); round += 1) {
          const [, version] = await maker.write([
            { path, data: undefined, expected: "any" },
            { path, data: `made ${round}`, expected: "absent" },
          ]);
          made.push(changeOf(version));
        }
        done.isDone = true;
      };
      const written: { readonly from: bigint; readonly to: bigint }[] = [];
      const write = async (writer: Coordinator): Promise<void> => {
        while (!done.isDone) {
          const node = await writer.get(path);
          const expected = node?.version ?? "absent";
          try {
            const [version] = await writer.write([{ path, data: "written", expected }]);
            if (node !== undefined) {
              written.push({ from: changeOf(node.version), to: changeOf(version) });
            }
          } catch (thrown) {
            expect(isCodisError(thrown, "COORDINATOR_CONFLICT")).toBe(true);
          }
        }
      };
      const writers = [open(false), open(false), open(false)];
      await Promise.all([make(), ...writers.map(write)]);
      const wrong = written.filter(({ from, to }) =>
        made.some((change) => from < change && change < to),
      );
      expect(wrong).toEqual([]);
      expect(written.length).toBeGreaterThan(0);
      const children = await zookeeperShell(cluster.addr, ["ls /session/again"]);
      expect(children).toContain("[x]");
    },
    TEST_MS,
  );
});

/** A version is the number of the change that made the text, in hexadecimal. */
function changeOf(version: string | undefined): bigint {
  return BigInt(`0x${version}`);
}
