/**
 * The API of Codis 3.2 on a dashboard, over real HTTP with a leader in memory: the recorded overview byte for
 * byte, every change, what is refused, and what connects to nothing.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import {
  TOPOM_BODY_BYTES_MAX,
  TOPOM_ROUTES,
  type TopomRoute,
} from "../../../src/api/topom-route.ts";
import { CodisError } from "../../../src/base/error.ts";
import { causeOf } from "../../support/admin-port.ts";
import { DashboardPort } from "../../support/dashboard-port.ts";
import {
  fillSample,
  LOOKED_AT_MS,
  PROXY_TOKENS,
  proxyFigures,
  serverFigures,
} from "../../support/dashboard-sample.ts";
import { fakeProxyModel } from "../../support/fake-dashboard-control.ts";
import { readBytes } from "../../support/raw-http.ts";
import { RECORDED_OVERVIEW } from "../../support/recorded-topom.ts";

let port: DashboardPort;

beforeEach(async () => {
  port = await new DashboardPort().start();
});

afterEach(() => port.close());

/** The product that was recorded. */
function fillRecorded(): void {
  const { leader } = port;
  const token = "b5084f4b6af9f62fc60ec891a9b187f5";
  leader.setGroup(1, ["127.0.0.1:27211"], { isOutOfSync: true });
  leader.setGroup(2, ["127.0.0.1:27212"]);
  leader.change({
    slots: leader.topology().slots.map((slot) => ({ ...slot, groupId: slot.id < 512 ? 1 : 2 })),
    proxies: new Map([
      [
        token,
        {
          id: 1,
          ...fakeProxyModel("127.0.0.1:21081", {
            token,
            proxyAddr: "127.0.0.1:21900",
            forwardMethods: [],
          }),
        },
      ],
    ]),
  });
  const info = {
    aof_enabled: "0",
    config_file: "",
    db0: "keys=2,expires=1,avg_ttl=896344",
    maxmemory: "0",
    mem_fragmentation_ratio: "2.05",
  };
  leader.servers.set("127.0.0.1:27211", serverFigures("127.0.0.1:27211", { info }));
  leader.servers.set(
    "127.0.0.1:27212",
    serverFigures("127.0.0.1:27212", { info: { db0: "keys=4,expires=0,avg_ttl=0" } }),
  );
  leader.proxies.set(token, proxyFigures(token));
}

describe("GET /topom", () => {
  test("has the recorded bytes after the version", async () => {
    fillRecorded();
    const answer = await port.get("/topom");
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    const [, , , ...rest] = answer.text.split("\n");
    expect(answer.text).toMatch(/^{\n {4}"version": "[^"]+",\n {4}"compile": "[^"]+",\n/);
    expect(rest.join("\n")).toBe(RECORDED_OVERVIEW);
  });

  test("its parts are at paths of their own, and behind the xauth", async () => {
    fillRecorded();
    const overview = (await port.get("/topom")).json() as Record<string, unknown>;
    expect((await port.get("/topom/model")).json()).toEqual(overview["model"]);
    expect((await port.get("/api/topom/model")).json()).toEqual(overview["model"]);
    expect((await port.get("/topom/stats")).json()).toEqual(overview["stats"]);
    expect((await port.get(`/api/topom/stats/${port.xauth}`)).json()).toEqual(overview["stats"]);
    expect((await port.get(`/api/topom/xping/${port.xauth}`)).text).toBe('"OK"');
    for (const path of ["/topom/slots", `/api/topom/slots/${port.xauth}`]) {
      const slots = (await port.get(path)).json() as unknown[];
      expect(slots).toHaveLength(1024);
      expect(slots[512]).toEqual({
        id: 512,
        backend_addr: "127.0.0.1:27212",
        backend_addr_group_id: 2,
        forward_method: 1,
      });
    }
  });

  test("a look that failed is an error with a cause, one that took too long a timeout", async () => {
    fillSample(port.leader);
    const { group, proxy } = (await port.get("/topom/stats")).json() as {
      group: { stats: Record<string, unknown> };
      proxy: { stats: Record<string, unknown> };
    };
    const unixtime = LOOKED_AT_MS / 1000;
    expect(group.stats["10.0.0.2:6379"]).toEqual({ unixtime, timeout: true });
    expect(group.stats["10.0.0.3:6379"]).toEqual({
      error: { Cause: "dial tcp: connection refused", Stack: null },
      unixtime,
    });
    expect(proxy.stats[PROXY_TOKENS[2] ?? ""]).toEqual({
      error: { Cause: "no answer", Stack: null },
      unixtime,
    });
    // A proxy that nobody looked at yet isn't there at all.
    expect(Object.keys(proxy.stats)).toEqual(PROXY_TOKENS.slice(0, 3));
  });

  test("is compressed for who accepts it, has a HEAD, and keeps the connection", async () => {
    fillRecorded();
    const plain = await port.get("/topom");
    const { head, body } = await readBytes(port.addr, "GET", "/topom", {
      "Accept-Encoding": "gzip",
    });
    expect(head.toLowerCase()).toContain("content-encoding: gzip");
    expect(gunzipSync(body).toString()).toBe(plain.text);
    const headOnly = await port.call("HEAD", "/topom");
    expect([headOnly.status, headOnly.text]).toEqual([200, ""]);
    expect(headOnly.headers["content-length"]).toBe(String(Buffer.byteLength(plain.text)));
    expect((await port.get("/topom", { Connection: "keep-alive" })).headers["connection"]).toBe(
      "keep-alive",
    );
  });
});

describe("changes", () => {
  const token = PROXY_TOKENS[0] ?? "";
  const changes: readonly (readonly [path: string, order: string, body?: unknown])[] = [
    ["reload/:xauth", "reload"],
    ["proxy/create/:xauth/10.0.1.9:11080", "createProxy 10.0.1.9:11080"],
    ["proxy/online/:xauth/10.0.1.9:11080", "onlineProxy 10.0.1.9:11080"],
    [`proxy/reinit/:xauth/${token}`, `reinitProxy ${token}`],
    [`proxy/remove/:xauth/${token}/0`, `removeProxy ${token} false`],
    [`proxy/remove/:xauth/${token}/1`, `removeProxy ${token} true`],
    ["group/create/:xauth/9", "createGroup 9"],
    ["group/remove/:xauth/3", "removeGroup 3"],
    ["group/resync/:xauth/1", "resyncGroup 1"],
    ["group/resync-all/:xauth", "resyncAllGroups"],
    ["group/add/:xauth/3/10.0.0.9:6379", "addServer 3 10.0.0.9:6379  false"],
    ["group/add/:xauth/3/%5B::1%5D:6390/dc1", "addServer 3 [::1]:6390 dc1 false"],
    ["group/del/:xauth/1/10.0.0.2:6379", "removeServer 1 10.0.0.2:6379"],
    ["group/promote/:xauth/1/10.0.0.2:6379", "promote 1 10.0.0.2:6379"],
    ["group/replica-groups/:xauth/1/10.0.0.2:6379/1", "setReplicaGroup 1 10.0.0.2:6379 true"],
    ["group/replica-groups-all/:xauth/0", "setAllReplicaGroups false"],
    ["group/action/create/:xauth/10.0.0.2:6379", "createSyncAction 10.0.0.2:6379"],
    ["group/action/remove/:xauth/10.0.0.2:6379", "removeSyncAction 10.0.0.2:6379"],
    [
      "slots/assign/:xauth",
      "assignSlots 1:1 2:2",
      [
        { id: 1, group_id: 1, action: {} },
        { id: 2, group_id: 2, action: {} },
      ],
    ],
    ["slots/assign/:xauth/offline", "assignSlots 5:0", [{ id: 5, group_id: 3 }]],
    ["slots/action/create/:xauth/5/2", "createSlotActions 5:2"],
    ["slots/action/create-some/:xauth/2/1/2", "createSlotActions 700:1 701:1"],
    ["slots/action/create-range/:xauth/7/9/2", "createSlotActions 7:2 8:2 9:2"],
    ["slots/action/remove/:xauth/600", "removeSlotActions 600"],
    ["slots/action/interval/:xauth/1000", "setInterval 1000"],
    ["slots/action/disabled/:xauth/1", "setDisabled true"],
    ["sentinels/add/:xauth/10.0.2.2:26379", "addSentinel 10.0.2.2:26379"],
    ["sentinels/del/:xauth/10.0.2.1:26379/1", "removeSentinel 10.0.2.1:26379 true"],
    ["sentinels/resync-all/:xauth", "resyncSentinels"],
  ];

  for (const [path, order, body] of changes) {
    test(`PUT ${path} is done and audited`, async () => {
      fillSample(port.leader);
      const answer = await port.change(path, body);
      expect([answer.status, answer.text]).toEqual([200, '"OK"']);
      expect(port.leader.orders).toEqual([order]);
      const audit = (await port.get("/api/v1/audit")).json() as { items: unknown[] };
      expect(audit.items).toHaveLength(1);
      expect(audit.items[0]).toMatchObject({ who: "xauth", api: "topom", state: "done" });
    });
  }

  test("the table of changes above has every PUT that is done", () => {
    const paths = Object.values(TOPOM_ROUTES)
      .filter((route: TopomRoute) => route.method === "PUT")
      .filter((route: TopomRoute) => route.scope === "product")
      .map((route) => route.path);
    const tested = changes.map(([path]) => `/api/topom/${path}`);
    const untested = paths.filter((path) => {
      const pattern = new RegExp(`^${path.replace(/:(?!xauth)\w+/g, "[^/]+")}$`);
      return !tested.some((each) => pattern.test(each));
    });
    expect(untested).toEqual(["/api/topom/slots/rebalance/:xauth/:confirm"]);
  });

  test("loglevel and shutdown are done here", async () => {
    expect((await port.change("loglevel/:xauth/WARN")).text).toBe('"OK"');
    expect((await port.get("/api/v1/log-level")).json()).toEqual({ level: "warn" });
    expect((await port.change("loglevel/:xauth/LOUD")).status).toBe(800);
    expect((await port.change("shutdown/:xauth")).text).toBe('"OK"');
    expect(port.control.shutdowns).toBe(1);
    expect(causeOf(await port.change("reload/:xauth"))).toBe("use of closed topom");
  });

  test("a plan of rebalance changes nothing and isn't audited", async () => {
    fillSample(port.leader);
    const answer = await port.change("slots/rebalance/:xauth/0");
    expect(Object.values(answer.json() as Record<string, number>)).toContain(2);
    expect([port.leader.orders, port.leader.storage.writes]).toEqual([[], []]);
  });

  test("a failure of the leader is status 800 with its cause and code, and is audited", async () => {
    port.leader.failure = new CodisError("SERVER_UNREACHABLE", "dial tcp 1.2.3.4:1: timeout");
    fillSample(port.leader);
    const answer = await port.change("group/add/:xauth/3/1.2.3.4:1");
    expect([answer.status, answer.reason]).toEqual([800, "status code 800"]);
    expect(answer.text).toBe(
      '{\n    "Cause": "dial tcp 1.2.3.4:1: timeout",\n    "Stack": null\n}',
    );
    expect(answer.headers[ERROR_CODE_HEADER]).toBe("SERVER_UNREACHABLE");
    const audit = (await port.get("/api/v1/audit")).json() as { items: unknown[] };
    expect(audit.items[0]).toMatchObject({ state: "failed", error_code: "SERVER_UNREACHABLE" });
  });
});

describe("what isn't done", () => {
  test("every path with an xauth refuses a wrong and a missing one", async () => {
    for (const route of Object.values(TOPOM_ROUTES).filter((each) => each.auth === "xauth")) {
      for (const [given, cause] of [
        ["0".repeat(32), "invalid xauth, please check product name & auth"],
        ["", "missing xauth, please check product name & auth"],
      ] as const) {
        const path = route.path.replace(":xauth", given).replace(/:\w+/g, "1");
        const answer = await port.call(route.method, path);
        expect([route.path, answer.status, causeOf(answer)]).toEqual([route.path, 800, cause]);
      }
    }
    expect(port.leader.orders).toEqual([]);
  });

  test("arguments that can't be are refused before anything is written", async () => {
    for (const [path, part] of [
      ["group/create/:xauth/one", "invalid gid = one"],
      ["group/add/:xauth/1/nowhere", "invalid server address nowhere"],
      ["group/add/:xauth/1/1.2.3.4:1/d%0Ac", "invalid datacenter"],
      ["proxy/create/:xauth/1.2.3.4", "invalid proxy address"],
      ["proxy/remove/:xauth/a%2Fb/1", "invalid token"],
      ["group/replica-groups-all/:xauth/yes", "invalid value = yes"],
      ["slots/action/create/:xauth/x/1", "invalid sid = x"],
      ["slots/action/create/:xauth/1/1.5", "invalid gid = 1.5"],
      ["slots/action/create-some/:xauth/1/2/all", "invalid num = all"],
      ["slots/action/create-range/:xauth/1/z/2", "invalid end = z"],
      ["slots/action/remove/:xauth/-", "invalid sid = -"],
      ["slots/action/interval/:xauth/1s", "invalid value = 1s"],
      ["slots/action/disabled/:xauth/on", "invalid value = on"],
      ["slots/rebalance/:xauth/yes", "invalid confirm = yes"],
    ] as const) {
      const answer = await port.change(path);
      expect([path, answer.status, causeOf(answer)]).toEqual([
        path,
        800,
        expect.stringContaining(part),
      ]);
    }
    for (const [body, part] of [
      ["", "the text ends"],
      ["{}", "expected a list"],
      ['[{"id": -1}]', "entry 0: id"],
      ['[{"id": 1, "group_id": "1"}]', "entry 0: group_id"],
      ['[{"id": 1}, {"id": 1}]', "slot 1 is there twice"],
      ["[null]", "entry 0: id"],
    ] as const) {
      const answer = await port.change("slots/assign/:xauth", body);
      expect([body, answer.status, causeOf(answer)]).toEqual([
        body,
        800,
        expect.stringContaining(part),
      ]);
    }
    expect([port.leader.orders, port.leader.storage.writes]).toEqual([[], []]);
  });

  test("a body over the limit is refused", async () => {
    const answer = await port.change("slots/assign/:xauth", "x".repeat(TOPOM_BODY_BYTES_MAX + 1));
    expect([answer.status, answer.headers[ERROR_CODE_HEADER]]).toEqual([800, "BODY_TOO_LARGE"]);
  });

  test("no read connects to an address that the topology doesn't have", async () => {
    fillSample(port.leader);
    for (const path of [
      "/api/topom/group/info/192.0.2.1:6379",
      "/api/topom/sentinels/info/192.0.2.1:26379",
      "/api/topom/sentinels/info/192.0.2.1:26379/monitored",
      "/api/redis/192.0.2.1:6379/stat",
      "/api/v1/groups/1/servers/192.0.2.1:6379/info",
    ]) {
      expect([path, (await port.get(path)).status < 300]).toEqual([path, false]);
    }
    expect(port.leader.connections).toEqual([]);
    const known = await port.get("/api/topom/group/info/10.0.0.1:6379");
    expect(known.json()).toEqual({ redis_version: "7.0.15", role: "master" });
    expect(port.leader.connections).toEqual(["10.0.0.1:6379"]);
  });

  test("an unknown path is 404, with the method that it takes, and never repeats an xauth", async () => {
    const wrong = await port.get(`/api/topom/group/create/${port.xauth}/1`);
    expect([wrong.status, causeOf(wrong)]).toEqual([
      404,
      "/api/topom/group/create/:xauth/:gid takes PUT, not GET",
    ]);
    const unknown = await port.get(`/api/topom/nothing/${port.xauth}`);
    expect([unknown.status, unknown.text.includes(port.xauth)]).toEqual([404, false]);
    expect((await port.get("/debug/pprof")).status).toBe(404);
  });

  test("a change that a page of another site sends is refused", async () => {
    for (const headers of [
      { "Sec-Fetch-Site": "cross-site" },
      { Origin: "http://evil.example" },
      { Origin: "null" },
    ]) {
      const answer = await port.change("group/create/:xauth/1", undefined, headers);
      expect([answer.status, answer.headers[ERROR_CODE_HEADER]]).toEqual([800, "FORBIDDEN"]);
    }
    const own = { Origin: `http://${port.addr}`, "Sec-Fetch-Site": "same-origin" };
    expect((await port.change("group/create/:xauth/1", undefined, own)).status).toBe(200);
    expect(port.leader.orders).toEqual(["createGroup 1"]);
  });
});

describe("paths for people", () => {
  test("/admin and /console lead a browser to the console, and programs to /topom as / does", async () => {
    for (const path of ["/", "/admin", "/console"]) {
      if (path !== "/") {
        const browser = await port.get(path, { Accept: "text/html,*/*;q=0.8" });
        expect([browser.status, browser.headers["location"]]).toEqual([302, "/"]);
      }
      const program = await port.get(path, { Accept: "*/*" });
      expect([program.status, program.headers["location"]]).toEqual([302, "/topom"]);
    }
  });

  test("without the console / says so, and links to what there is", async () => {
    await port.close();
    port = await new DashboardPort({ hasConsole: false }).start();
    const page = await port.get("/", { Accept: "text/html" });
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.text).toContain("switched off");
    for (const [, link = ""] of page.text.matchAll(/href="([^"]+)"/g)) {
      expect([link, (await port.get(link)).status]).toEqual([link, 200]);
    }
  });
});
