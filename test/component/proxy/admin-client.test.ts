/**
 * The typed client against the real admin port, and against servers that answer badly: every failure
 * is a `CodisError` with a code, and no call waits without a bound.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ProxyClient } from "../../../src/api/proxy-client.ts";
import { silentLog } from "../../../src/base/log.ts";
import { describeThisProxy } from "../../../src/model/proxy-model.ts";
import { offlineSlot } from "../../../src/model/slot.ts";
import { type AdminServer, startAdminServer } from "../../../src/proxy/admin/admin-server.ts";
import { defaultProxyConfig } from "../../../src/proxy/config.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { FakeProxyControl } from "../../support/fake-proxy-control.ts";
import { freePort } from "../../support/free-port.ts";

const config = defaultProxyConfig({ adminAddr: "127.0.0.1:0", productName: "demo" });

let control: FakeProxyControl;
let server: AdminServer;
let client: ProxyClient;

function startServer(adminAddr: string, proxyListenAddr: string): Promise<AdminServer> {
  return startAdminServer({
    control,
    config: { ...config, adminAddr },
    log: silentLog,
    describe: (addr) =>
      describeThisProxy({
        productName: "demo",
        protoType: "tcp4",
        datacenter: "",
        adminAddr: addr,
        proxyAddr: "127.0.0.1:19000",
        adminListenAddr: addr,
        proxyListenAddr,
        startedAtMs: 0,
      }),
  });
}

beforeEach(async () => {
  control = new FakeProxyControl();
  server = await startServer("127.0.0.1:0", "127.0.0.1:19000");
  client = new ProxyClient({ addr: server.addr, productName: "demo", productAuth: "" });
});

afterEach(async () => {
  await server.close();
});

describe("with a proxy", () => {
  test("every call reaches it", async () => {
    expect((await client.model()).token).toBe(server.model.token);
    await client.ping();
    const slot = { ...offlineSlot(7), backendAddr: "127.0.0.1:6379", backendAddrGroupId: 1 };
    await client.fillSlots([slot], { epoch: 1, revision: 2 });
    await client.start({ epoch: 1, revision: 2 });
    await client.setSentinels({ servers: ["127.0.0.1:26379"], outOfSync: false }, v(1, 3));
    await client.rewatchSentinels(v(1, 3));
    await client.resetStats();
    await client.forceGc();
    await client.setLogLevel("WARN");
    expect((await client.slots())[7]).toEqual({
      id: 7,
      backend_addr: "127.0.0.1:6379",
      backend_addr_group_id: 1,
    });
    expect((await client.stats()).sentinels).toEqual({ servers: ["127.0.0.1:26379"] });
    expect((await client.stats(1)).ops.cmd).toEqual([]);
    expect((await client.fullStats()).runtime?.num_procs).toBe(1);
    expect((await client.overview()).slots).toHaveLength(1024);
    await client.shutdown();
    expect(control.orders).toEqual([
      "fillSlots 1",
      "start",
      "resetStats",
      "forceGc",
      "setLogLevel warn",
      "shutdown",
    ]);
    expect(control.versions).toEqual([{ epoch: 1, revision: 2 }]);
  });

  test("a refusal keeps its code, and its text names the path without the xauth", async () => {
    await client.start(v(5, 1));
    const failure = await catchRejection(client.start(v(4, 1)));
    expect(failure.code).toBe("PUSH_OUTDATED");
    expect(failure.message).toStartWith(
      `PUT /api/proxy/start/:xauth of ${server.addr}: outdated: epoch 4 revision 1`,
    );
  });

  test("a wrong product or password is refused", async () => {
    const stranger = new ProxyClient({ addr: server.addr, productName: "x", productAuth: "" });
    expect((await catchRejection(stranger.ping())).code).toBe("XAUTH_INVALID");
  });

  test("a proxy that was replaced by another on its address is asked for its new token", async () => {
    await client.ping();
    const { addr } = server;
    await server.close();
    server = await startServer(addr, "127.0.0.1:19999");
    await client.ping();
  });
});

describe("without a proxy", () => {
  const clientOf = (port: number, timeoutMs: number): ProxyClient => {
    const addr = `127.0.0.1:${port}`;
    return new ProxyClient({ addr, productName: "demo", productAuth: "", timeoutMs });
  };
  let other: Server;
  let answer: (path: string) => { status: number; body: string } | undefined;

  beforeEach(async () => {
    answer = () => undefined;
    other = createServer((request, response) => {
      const given = answer(request.url ?? "");
      if (given !== undefined) {
        response.writeHead(given.status);
        response.end(given.body);
      }
    });
    const listening = Promise.withResolvers<void>();
    other.listen(0, "127.0.0.1", () => listening.resolve());
    await listening.promise;
    const { port } = other.address() as AddressInfo;
    client = clientOf(port, 10_000);
  });

  afterEach(() => {
    other.closeAllConnections();
    other.close();
  });

  test("an answer that never comes ends within the time given", async () => {
    const impatient = clientOf((other.address() as AddressInfo).port, 200);
    const failure = await catchRejection(impatient.model());
    expect(failure.code).toBe("REMOTE_UNREACHABLE");
    expect(failure.message).toContain("no answer within 200 ms");
  });

  test("a port that nobody listens on is unreachable", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const nobody = new ProxyClient({ addr, productName: "demo", productAuth: "" });
    const failure = await catchRejection(nobody.model());
    expect(failure.code).toBe("REMOTE_UNREACHABLE");
    expect(failure.message).toStartWith(`GET /api/proxy/model of ${addr}: `);
  });

  test("the original's errors come as REMOTE_REFUSED with its text", async () => {
    for (const status of [800, 500]) {
      answer = () => ({ status, body: '{"Cause": "use of closed proxy", "Stack": []}' });
      const failure = await catchRejection(client.model());
      expect([failure.code, failure.message.split(": ").at(-1)]).toEqual([
        "REMOTE_REFUSED",
        "use of closed proxy",
      ]);
    }
  });

  test("answers of something else than a proxy are named as such", async () => {
    answer = () => ({ status: 404, body: "<html>" });
    expect((await catchRejection(client.model())).message).toContain("answered status 404");
    answer = () => ({ status: 200, body: "<html>" });
    expect((await catchRejection(client.model())).message).toContain("something else than JSON");
  });

  test("an address that isn't one is refused before anything is sent", async () => {
    const nowhere = new ProxyClient({ addr: "x", productName: "demo", productAuth: "" });
    expect((await catchRejection(nowhere.model())).code).toBe("ADDRESS_INVALID");
  });
});

function v(epoch: number, revision: number) {
  return { epoch, revision };
}
