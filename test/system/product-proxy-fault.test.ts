/**
 * Proxies and servers of a product that hang, die or can't be reached while slots are pushed through the
 * API: a call answers in bounded time and names who doesn't have the slots, the others have them, and who was
 * away gets them as soon as it answers. Real processes, paused and killed.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { isCodisError } from "../../src/base/error.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { type CodisProgram, startCodis } from "../support/codis-program.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { startRedis } from "../support/redis-server.ts";
import { ask, RunningProduct, tableOf } from "../support/running-product.ts";
import { tomlOf } from "../support/running-proxy.ts";
import { startTcpRelay } from "../support/tcp-relay.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const START_MS = 120_000;
const TEST_MS = 120_000;
const TURN_MS = 40_000;
/** `proxy_push_timeout` of the dashboard. */
const PUSH_TIMEOUT = "4s";
/** A call must be answered in this time; a call to one proxy may take 10 s. */
const ANSWER_MS = 20_000;

const folder = memoryFolder();
let product: RunningProduct;
const cleanup = cleanupsAfterEach();

beforeAll(async () => {
  product = await RunningProduct.start({
    coordinator: { name: "filesystem", addr: folder.join("data") },
    config: { proxy_push_timeout: PUSH_TIMEOUT },
  });
}, START_MS);

afterAll(async () => {
  await product.stop();
  folder.remove();
}, START_MS);

/** Gives slots to a group; what proxies have of it is in the answer. */
async function assign(groupId: number, from: number, to: number) {
  const order = { assignments: [{ from, to, group_id: groupId }] };
  const result = await withDeadline(
    "answer to the assignment",
    ANSWER_MS,
    product.dashboard.v1.assignSlots(order),
  );
  return { synced: result.push?.synced ?? [], failed: result.push?.failed ?? [] };
}

/** Server of each slot, as the dashboard's topology says. */
async function desired(): Promise<readonly string[]> {
  const slots = await product.dashboard.topom.slots();
  return slots.map((slot) => slot.backend_addr ?? "");
}

async function tokenOf(adminAddr: string): Promise<string> {
  const proxies = await product.dashboard.v1.proxies();
  return proxies.find((proxy) => proxy.admin_addr === adminAddr)?.token ?? "";
}

async function waitForTable(adminAddr: string): Promise<void> {
  await waitFor(`newest slots at ${adminAddr}`, TURN_MS, async () => {
    expect(await tableOf(adminAddr)).toEqual(await desired());
    return true;
  });
}

function proxyAt(index: number) {
  const proxy = product.proxies[index];
  if (proxy === undefined) {
    throw new Error(`there is no proxy ${index}`);
  }
  return proxy;
}

describe("a proxy that doesn't take the push", () => {
  test(
    "because it hangs: the answer is in time and names it; it gets the slots when it wakes",
    async () => {
      const [hung, other] = [proxyAt(0), proxyAt(1)];
      const tokens = [await tokenOf(hung.adminAddr), await tokenOf(other.adminAddr)];
      hung.program.signal("SIGSTOP");
      cleanup(() => hung.program.signal("SIGCONT"));
      const { synced, failed } = await assign(2, 0, 99);
      expect(synced).toEqual([tokens[1] ?? ""]);
      expect(failed.map(({ token }) => token)).toEqual([tokens[0] ?? ""]);
      expect(await tableOf(other.adminAddr)).toEqual(await desired());
      // The old API says it with Codis's text, and others aren't delayed either.
      const old = product.dashboard.topom.assignSlots([{ id: 100, group_id: 2 }]);
      const failure = await withDeadline("answer of the old API", ANSWER_MS, rejectionOf(old));
      expect(failure).toMatch(
        new RegExp(`^PROXY_CALL_FAILED .*proxy-\\[${tokens[0]}\\] resync slots failed: `),
      );
      expect(await tableOf(other.adminAddr)).toEqual(await desired());
      await waitFor("the state of the hung one", TURN_MS, async () => {
        const { status, table } = await product.dashboard.v1.proxy(tokens[0] ?? "");
        return status === "timeout" && table === "unreachable" ? true : undefined;
      });
      hung.program.signal("SIGCONT");
      await waitForTable(hung.adminAddr);
      await product.whenWell();
    },
    TEST_MS,
  );

  test(
    "because it was killed: it is named, and filled when it is started again",
    async () => {
      const [killed, other] = [proxyAt(0), proxyAt(1)];
      const token = await tokenOf(killed.adminAddr);
      await killed.kill();
      const { failed } = await assign(1, 0, 200);
      expect(failed.map((each) => each.token)).toEqual([token]);
      expect(await tableOf(other.adminAddr)).toEqual(await desired());
      const again = await killed.restart();
      cleanup(() => again.kill());
      await waitForTable(again.adminAddr);
      await product.whenWell();
      expect(await ask(again.port, "SET", "k", "v")).toBe("+OK\r\n");
      expect(await ask(other.port, "GET", "k")).toBe("$1\r\nv\r\n");
    },
    TEST_MS,
  );

  test(
    "because the dashboard can't reach it, while it serves its clients: the same",
    async () => {
      // The proxy of the test before is gone: forgetting it needs force.
      const gone = await tokenOf(proxyAt(0).adminAddr);
      await waitFor("the killed one to be noticed", TURN_MS, async () =>
        (await product.dashboard.v1.proxy(gone)).table === "unreachable" ? true : undefined,
      );
      expect(await rejectionOf(product.dashboard.v1.removeProxy(gone, { force: false }))).toMatch(
        /^PROXY_CALL_FAILED .*shutdown failed/,
      );
      await product.dashboard.v1.removeProxy(gone, { force: true });

      const { relay, port, adminAddr } = await startBehindRelay();
      const { token } = await product.dashboard.v1.addProxy({ admin_addr: relay.addr });
      const before = await tableOf(adminAddr);
      relay.cut();
      const { synced, failed } = await assign(2, 300, 399);
      expect(failed.map((each) => each.token)).toEqual([token]);
      expect(synced).toHaveLength(1);
      expect(await tableOf(adminAddr)).toEqual(before);
      expect(await ask(port, "PING")).toBe("+PONG\r\n");
      relay.mend();
      await waitForTable(adminAddr);
      await product.dashboard.v1.removeProxy(token, { force: false });
    },
    TEST_MS,
  );
});

/** Code and text of a rejection. */
async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (thrown: unknown) =>
      isCodisError(thrown) ? `${thrown.code} ${thrown.message}` : String(thrown),
  );
}

/** A waiting proxy that tells others the address of a relay as its admin address. */
async function startBehindRelay() {
  const [port, adminPort] = [await freePort(), await freePort()];
  const relay = await startTcpRelay(adminPort);
  const adminAddr = `127.0.0.1:${adminPort}`;
  const configFile = folder.join("behind-relay.toml");
  const config = { product_name: "demo", proxy_addr: `127.0.0.1:${port}`, admin_addr: adminAddr };
  writeFileSync(configFile, tomlOf({ ...config, workers: 1 }));
  const program: CodisProgram = startCodis(["proxy", "-c", configFile, "--host-admin", relay.addr]);
  cleanup(async () => {
    program.signal("SIGKILL");
    await program.ended();
    await relay.close();
  });
  await program.sees(/"event":"proxy.started"/);
  return { relay, port, adminAddr };
}

test(
  "a redis-server that hangs delays neither calls nor the figures of others",
  async () => {
    const { v1, topom } = product.dashboard;
    const [hung, other] = product.servers;
    hung?.pause();
    cleanup(() => hung?.resume());
    await waitFor("the state of the hung one", TURN_MS, async () => {
      const { status } = await v1.server(1, hung?.addr ?? "");
      return status === "timeout" ? true : undefined;
    });
    const seen = (await v1.server(2, other?.addr ?? "")).observed_at;
    await waitFor("three more looks at the other one", TURN_MS, async () => {
      const { observed_at, status } = await v1.server(2, other?.addr ?? "");
      const laterMs = Date.parse(observed_at ?? "") - Date.parse(seen ?? "");
      return status === "up" && laterMs > 2_500 ? true : undefined;
    });
    const calls = [
      v1.createGroup(8),
      v1.stats(),
      v1.health(),
      topom.overview(),
      assign(2, 500, 501),
      rejectionOf(v1.serverInfo(1, hung?.addr ?? "")),
      rejectionOf(topom.serverInfo(hung?.addr ?? "")),
    ];
    const answers = await withDeadline("answers to all calls", ANSWER_MS, Promise.all(calls));
    expect(answers.slice(5)).toEqual([
      expect.stringMatching(/^SERVER_UNREACHABLE /),
      expect.stringMatching(/^SERVER_UNREACHABLE /),
    ]);

    // A server can be added all the same; that the libraries of the hung one are unknown is said.
    const added = await startRedis();
    cleanup(() => added.stop());
    await withDeadline("the new server", TURN_MS, v1.addServer(8, { addr: added.addr }));
    await product.dashboard.program.sees(
      new RegExp(`"event":"functions.skipped"[^\n]*${hung?.addr}`),
    );
    hung?.resume();
    await v1.removeServer(8, added.addr);
    await product.whenWell();
  },
  TEST_MS,
);
