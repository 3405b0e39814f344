/**
 * What the admin port refuses and how, over real HTTP: wrong xauths, bodies, paths and versions, failures
 * of the data plane; and that its log tells of every PUT without the xauth.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { BODY_BYTES_MAX, PROXY_ROUTES } from "../../../src/api/proxy-route.ts";
import { CodisError } from "../../../src/base/error.ts";
import { silentLog } from "../../../src/base/log.ts";
import type { ProxyModel } from "../../../src/model/proxy-model.ts";
import { startAdminServer } from "../../../src/proxy/admin/admin-server.ts";
import {
  ADMIN_CONFIG,
  AdminPort,
  callAddr,
  causeOf,
  recordedModel,
  versioned,
} from "../../support/admin-port.ts";

let admin: AdminPort;

beforeEach(async () => {
  admin = new AdminPort();
  await admin.start();
});

afterEach(async () => {
  await admin.close();
});

describe("failures", () => {
  test("a wrong xauth answers status 800 with the recorded bytes", async () => {
    const answer = await admin.put("/api/proxy/start/bad");
    expect([answer.status, answer.reason]).toEqual([800, "status code 800"]);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.headers["content-length"]).toBe("90");
    expect(answer.text).toBe(
      '{\n    "Cause": "invalid xauth, please check product name \\u0026 auth",\n    "Stack": null\n}',
    );
    expect(admin.control.orders).toEqual([]);
  });

  test("every path that asks for an xauth refuses a wrong and a missing one", async () => {
    for (const route of Object.values(PROXY_ROUTES).filter((each) => each.auth === "xauth")) {
      for (const [given, cause] of [
        ["0".repeat(32), "invalid xauth, please check product name & auth"],
        ["", "missing xauth, please check product name & auth"],
      ] as const) {
        const path = route.path.replace(":xauth", given).replace(/:\w+/, "1");
        const answer = await callAddr(admin.addr, route.method, path);
        expect([route.path, answer.status, causeOf(answer)]).toEqual([route.path, 800, cause]);
      }
    }
    expect(admin.control.orders).toEqual([]);
  });

  test("a malformed slot table names the entry and changes nothing", async () => {
    const answer = await admin.put(
      `/api/proxy/fillslots/${admin.xauth}`,
      '[{"id": 0, "backend_addr": "127.0.0.1:1"}, {"id": 1024}]',
    );
    expect(answer.status).toBe(800);
    expect(causeOf(answer)).toBe(
      "body of fillslots: entry 1: id = 1024: expected a whole number from 0 to 1023",
    );
    expect(answer.headers[ERROR_CODE_HEADER]).toBe("SLOT_TABLE_INVALID");
    expect(admin.control.orders).toEqual([]);
  });

  test("a body that isn't JSON names the place", async () => {
    const answer = await admin.put(`/api/proxy/fillslots/${admin.xauth}`, '[{"id": 0},\n]');
    expect(causeOf(answer)).toBe(
      'body of fillslots: it must be JSON, but it isn\'t at line 2, column 1: expected a value, found "]"',
    );
    expect(causeOf(await admin.put(`/api/proxy/fillslots/${admin.xauth}`))).toContain(
      "the text ends",
    );
  });

  test("a full table of 4096 slots with replicas fits, a body over the limit is refused", async () => {
    const replicas = Array.from(
      { length: 6 },
      (_, index) => `a-rather-long-host-name-${index}:6379`,
    );
    const slots = Array.from({ length: 4096 }, (_, id) => ({
      id: id % 1024,
      backend_addr: "a-rather-long-host-name.example.com:6379",
      backend_addr_group_id: 1000,
      forward_method: 1,
      replica_groups: [replicas, replicas, replicas],
    }));
    const big = JSON.stringify(slots, undefined, 4);
    expect(big.length).toBeGreaterThan(2_000_000);
    // The size is accepted: what is wrong with it is the second slot 0.
    expect(causeOf(await admin.put(`/api/proxy/fillslots/${admin.xauth}`, big))).toContain(
      "already in entry 0",
    );

    const answer = await admin.put(
      `/api/proxy/fillslots/${admin.xauth}`,
      " ".repeat(BODY_BYTES_MAX + 1),
    );
    expect([answer.status, causeOf(answer)]).toEqual([
      800,
      "the body is larger than 16mb, the limit",
    ]);
  });

  test("a stranger's large body is answered without waiting for its end", async () => {
    const body = " ".repeat(BODY_BYTES_MAX - 1);
    const answer = await admin.put("/api/proxy/fillslots/bad", body);
    expect([answer.status, causeOf(answer)]).toEqual([
      800,
      "invalid xauth, please check product name & auth",
    ]);
  });

  test("an error of the data plane reaches the caller, a defect is logged with its stack", async () => {
    admin.control.failure = new CodisError("WORKER_FAILED", "worker 1 didn't confirm within 5 s");
    const expected = await admin.put(`/api/proxy/start/${admin.xauth}`);
    expect(causeOf(expected)).toBe("worker 1 didn't confirm within 5 s");
    expect(expected.headers[ERROR_CODE_HEADER]).toBe("WORKER_FAILED");
    admin.control.failure = new TypeError("x is undefined");
    const defect = await admin.put(`/api/proxy/start/${admin.xauth}`);
    expect(causeOf(defect)).toBe("internal error: x is undefined");
    expect(admin.logLines.at(-1)).toContain('"stack":"TypeError: x is undefined');
  });

  test("after shutdown every call with an xauth says so", async () => {
    expect((await admin.put(`/api/proxy/shutdown/${admin.xauth}`)).text).toBe('"OK"');
    const answer = await admin.get(`/api/proxy/xping/${admin.xauth}`);
    expect([answer.status, causeOf(answer)]).toEqual([800, "use of closed proxy"]);
    expect((await admin.get("/proxy/model")).status).toBe(200);
  });

  test("paths that don't exist answer 404, the profiler of Go with a hint", async () => {
    for (const path of ["/debug/pprof/", "/debug/vars", "/debug"]) {
      const answer = await admin.get(path);
      expect([answer.status, causeOf(answer)]).toEqual([
        404,
        "no such path: the profiler of Go isn't here; figures are at /metrics and /proxy/stats",
      ]);
    }
    const wrongMethod = await admin.get(`/api/proxy/start/${admin.xauth}`);
    expect([wrongMethod.status, causeOf(wrongMethod)]).toEqual([
      404,
      "/api/proxy/start/:xauth takes PUT, not GET",
    ]);
    expect((await admin.get("/topom")).status).toBe(404);
    expect((await admin.get("/api/proxy/%zz")).status).toBe(800);
  });
});

describe("orders", () => {
  test("each reaches the data plane", async () => {
    for (const path of [
      `stats/reset/${admin.xauth}`,
      `forcegc/${admin.xauth}`,
      `loglevel/${admin.xauth}/DEBUG`,
      `shutdown/${admin.xauth}`,
    ]) {
      const answer = await admin.put(`/api/proxy/${path}`);
      expect([path, answer.status, answer.text]).toEqual([path, 200, '"OK"']);
    }
    expect(admin.control.orders).toEqual([
      "resetStats",
      "forceGc",
      "setLogLevel debug",
      "shutdown",
    ]);
  });

  test("an unknown log level is refused", async () => {
    const answer = await admin.put(`/api/proxy/loglevel/${admin.xauth}/LOUD`);
    expect(causeOf(answer)).toBe(
      "invalid loglevel = LOUD: expected one of DEBUG, INFO, WARN, ERROR, NONE",
    );
  });

  test("the log has a line for each, without the xauth", async () => {
    await admin.put(`/api/proxy/start/${admin.xauth}`);
    await admin.put("/api/proxy/start/0123456789abcdef0123456789abcdef");
    await admin.get(`/api/proxy/stats/${admin.xauth}`);
    expect(admin.logged.map((line) => [line["event"], line["path"]])).toEqual([
      ["admin.put", "/api/proxy/start/:xauth"],
      ["admin.refused", "/api/proxy/start/:xauth"],
    ]);
    expect(admin.logLines.join("")).not.toContain(admin.xauth);
    expect(admin.logLines.join("")).not.toContain("0123456789abcdef");
  });
});

describe("versions of pushes", () => {
  const slot = '[{"id": 3, "backend_addr": "127.0.0.1:27211", "backend_addr_group_id": 1}]';

  test("an older epoch or revision is refused, the same and a newer one are taken", async () => {
    const fill = (epoch: number, revision: number) =>
      admin.put(`/api/proxy/fillslots/${admin.xauth}`, slot, versioned(epoch, revision));
    expect((await fill(2, 10)).status).toBe(200);
    expect((await fill(2, 10)).status).toBe(200);
    const outdated = await fill(2, 9);
    expect([outdated.status, outdated.headers[ERROR_CODE_HEADER]]).toEqual([800, "PUSH_OUTDATED"]);
    expect((await fill(1, 99)).status).toBe(800);
    expect((await fill(3, 1)).status).toBe(200);
    expect(admin.control.versions).toEqual([
      { epoch: 2, revision: 10 },
      { epoch: 2, revision: 10 },
      { epoch: 3, revision: 1 },
    ]);
  });

  test("an original dashboard is kept out for 30 seconds after a call of ours", async () => {
    const poll = await admin.get(`/api/proxy/stats/${admin.xauth}`, versioned(4, 1));
    expect(poll.status).toBe(200);
    admin.clock.advance(29_000);
    const refused = await admin.put(`/api/proxy/fillslots/${admin.xauth}`, slot);
    expect([refused.status, refused.headers[ERROR_CODE_HEADER]]).toEqual([800, "PUSH_UNVERSIONED"]);
    // Its polls change nothing and are answered.
    expect((await admin.get(`/api/proxy/stats/${admin.xauth}`)).status).toBe(200);
    admin.clock.advance(1000);
    expect((await admin.put(`/api/proxy/fillslots/${admin.xauth}`, slot)).status).toBe(200);
    expect(
      (await admin.put(`/api/proxy/fillslots/${admin.xauth}`, slot, versioned(3, 1))).status,
    ).toBe(800);
  });

  test("half a version is refused", async () => {
    const answer = await admin.put(`/api/proxy/start/${admin.xauth}`, undefined, {
      "Codis-Epoch": "1",
    });
    expect(answer.status).toBe(800);
    expect(causeOf(answer)).toContain("must both be there");
  });
});

describe("the port", () => {
  test("in use is one clear line", async () => {
    const second = startAdminServer({
      control: admin.control,
      config: { ...ADMIN_CONFIG, adminAddr: admin.addr },
      log: silentLog,
      describe: recordedModel,
    });
    await expect(second).rejects.toThrow(
      `can't listen on admin_addr ${admin.addr}: another program uses the port`,
    );
  });

  test("calls wait until the model is known", async () => {
    let setModel: (model: ProxyModel) => void = () => undefined;
    const asked = Promise.withResolvers<string>();
    const starting = startAdminServer({
      control: admin.control,
      config: ADMIN_CONFIG,
      log: silentLog,
      describe: (addr) => {
        asked.resolve(addr);
        return new Promise((resolve) => {
          setModel = resolve;
        });
      },
    });
    const addr = await asked.promise;
    const early = callAddr(addr, "GET", "/api/proxy/model");
    setModel(recordedModel(addr));
    expect((await early).json()).toMatchObject({ admin_addr: addr });
    await (await starting).close();
  });
});
