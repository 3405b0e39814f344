/**
 * The OpenAPI document against the real port: every operation of it is called, with input that fits the
 * document, and every answer is held against what the document says; and the same with input that doesn't.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { V1_PATHS, type V1Name } from "../../../src/api/v1-path.ts";
import type { Answer } from "../../support/admin-port.ts";
import { bearer, DashboardPort } from "../../support/dashboard-port.ts";
import {
  fillAvailability,
  fillSample,
  GROUP_ADDRS,
  PROXY_TOKENS,
} from "../../support/dashboard-sample.ts";
import { SchemaValidator } from "../../support/json-schema.ts";

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly operationId: V1Name;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Json }>> };
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { schema: Json }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Input of one call that succeeds on the sample. */
interface Sample {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  /** Users have passwords. Only where they matter: each costs some 100 ms of a processor on purpose. */
  readonly hasPasswords?: true;
}

const [, replica = ""] = GROUP_ADDRS;
const [proxy = ""] = PROXY_TOKENS;
const server = { gid: "1", addr: replica };
const PASSWORD = "long enough";

/** For every operation; those whose answers have no end have tests of their own. */
const SAMPLES: Readonly<Record<Exclude<V1Name, "getEvents" | "getStream">, Sample>> = {
  getOpenApi: {},
  getProduct: {},
  updateProduct: { body: { replica_reads: true } },
  resyncProduct: {},
  getHealth: {},
  getStats: {},
  getLive: { query: "since=3.0" },
  getPerformance: { query: "range=5m&metric=ops,p99&by=proxy&limit=2" },
  listGroups: { query: "limit=2" },
  createGroup: { body: { id: 12 } },
  getGroup: { params: { gid: "1" } },
  removeGroup: { params: { gid: "3" } },
  resyncGroup: { params: { gid: "1" } },
  addServer: {
    params: { gid: "1" },
    body: { addr: "10.0.0.9:6379", datacenter: "dc1", as_replica: true },
  },
  getServer: { params: server },
  updateServer: { params: server, body: { replica_reads: false } },
  removeServer: { params: server },
  getServerInfo: { params: server },
  startSync: { params: server },
  cancelSync: { params: server },
  listSlots: { query: "from=590&to=1010" },
  assignSlots: { body: { assignments: [{ from: 0, to: 9, group_id: 2 }] } },
  getSlot: { params: { id: "601" } },
  listSlotKeys: {},
  createPlan: {
    body: { strategy: "weight", weights: { "1": 2.5 }, max_slots: 3, big_key: "last" },
  },
  getPlan: { params: { id: "p-3-1" } },
  startOperation: { body: { plan: "p-3-1", keys_per_second: 1000 } },
  listOperations: { query: "limit=1&open=1" },
  getOperation: { params: { id: "op-1" } },
  updateOperation: { params: { id: "op-1" }, body: { bytes_per_second: 0 } },
  pauseOperation: { params: { id: "op-1" } },
  resumeOperation: { params: { id: "op-1" } },
  cancelOperation: { params: { id: "op-1" }, body: { rollback: true } },
  listProxies: { query: "limit=3&after=1" },
  listRegistrations: {},
  addProxy: { body: { admin_addr: "10.0.1.9:11080" } },
  getProxy: { params: { token: proxy } },
  removeProxy: { params: { token: proxy }, query: "force=true" },
  reinitProxy: { params: { token: proxy } },
  listSentinels: {},
  addSentinel: { body: { addr: "10.0.2.2:26379" } },
  removeSentinel: { params: { addr: "10.0.2.1:26379" }, query: "force=false" },
  resyncSentinels: {},
  getAvailability: {},
  planPromotion: { params: server },
  promoteServer: { params: server },
  listFailovers: { query: "limit=1&group_id=1&open=0" },
  getFailover: { params: { id: "3-1" } },
  repairReplication: { body: { group_id: 1 } },
  declareProxyGone: { params: { token: proxy }, body: { cannot_write: true } },
  getSession: { hasPasswords: true },
  createSession: { body: { user: "dora", password: PASSWORD }, hasPasswords: true },
  endSession: {},
  listProducts: {},
  getMe: { hasPasswords: true },
  setOwnPassword: {
    body: { present: PASSWORD, password: "longer still" },
    hasPasswords: true,
  },
  listUsers: { hasPasswords: true },
  createUser: { body: { name: "bob", role: "viewer", token: { name: "laptop" } } },
  getUser: { params: { name: "root" }, hasPasswords: true },
  updateUser: { params: { name: "carol" }, body: { role: "operator" } },
  removeUser: { params: { name: "carol" } },
  createToken: { params: { name: "root" }, body: { name: "ci", expires_in_seconds: 60 } },
  revokeToken: { params: { name: "carol", token: "default" } },
  listAudit: { query: "limit=5" },
  getLogLevel: {},
  setLogLevel: { body: { level: "warn" } },
  reload: {},
  shutdown: {},
};

let port: DashboardPort;
let secret: string;
let document: Document;
let validator: SchemaValidator;

beforeEach(async () => {
  port = await new DashboardPort().start();
  fillSample(port.leader);
  const { migration } = port.leader;
  await migration.plan({ strategy: "move", moves: [{ slotId: 5, groupId: 2 }] });
  migration.add([{ slotId: 601, fromGroupId: 1, toGroupId: 2, keys: 7, bytes: 700 }]);
  migration.add([{ slotId: 600, fromGroupId: 1, toGroupId: 2, keys: 0, bytes: 0 }]);
  fillAvailability(port.leader);
  secret = await port.createUser("root", "admin");
  await port.createUser("carol", "viewer", bearer(secret));
  document = (await port.get("/api/v1/openapi.json")).json() as Document;
  validator = new SchemaValidator(document);
});

afterEach(() => port.close());

/** `dora` signs in with a password; that of `root`, who calls, is for the call that changes it. */
async function givePasswords(): Promise<void> {
  const dora = { name: "dora", role: "viewer", password: PASSWORD };
  const root = { password: PASSWORD };
  const answers = [
    await port.call("POST", "/api/v1/users", dora, bearer(secret)),
    await port.call("PATCH", "/api/v1/users/root", root, bearer(secret)),
  ];
  expect(answers.map(({ status }) => status)).toEqual([201, 200]);
}

function operationOf(name: V1Name): Operation {
  const { path, method } = V1_PATHS[name];
  const found = document.paths[path]?.[method.toLowerCase()];
  if (found?.operationId !== name) {
    throw new Error(`the document has no operation ${name}`);
  }
  return found;
}

function call(name: V1Name, sample: Sample, body = sample.body): Promise<Answer> {
  const { path, method } = V1_PATHS[name];
  const filled = path.replace(/\{(\w+)\}/g, (_match, param: string) =>
    encodeURIComponent(sample.params?.[param] ?? ""),
  );
  const query = sample.query === undefined ? "" : `?${sample.query}`;
  return port.call(method, filled + query, body, bearer(secret));
}

/** What is wrong with the answer by the document. */
function problemsOf(name: V1Name, answer: Answer, value = answer.json()): readonly string[] {
  const response = operationOf(name).responses[String(answer.status)];
  if (response === undefined) {
    return [`${name}: status ${answer.status} isn't in the document: ${answer.text}`];
  }
  const type = String(answer.headers["content-type"]).split(";")[0] ?? "";
  const content = response.content[type];
  return content === undefined
    ? [`${name}: type ${type} isn't in the document`]
    : validator.check(content.schema, value).map((problem) => `${name}: ${problem}`);
}

describe("the document", () => {
  test("is OpenAPI 3.1 and has exactly the calls of the port", () => {
    expect(document.openapi).toBe("3.1.0");
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(
      (Object.keys(V1_PATHS) as V1Name[]).sort(),
    );
    for (const [path, methods] of Object.entries(document.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const { parameters = [] } of Object.values(methods)) {
        const given = parameters.filter((each) => each.in === "path").map((each) => each.name);
        expect([path, given]).toEqual([path, named as string[]]);
      }
    }
  });

  test("needs no token", async () => {
    expect((await port.get("/api/v1/openapi.json")).status).toBe(200);
  });
});

describe("every operation", () => {
  for (const [name, sample] of Object.entries(SAMPLES) as [V1Name, Sample][]) {
    test(`${name} answers as the document says`, async () => {
      if (sample.hasPasswords) {
        await givePasswords();
      }
      if (sample.body !== undefined) {
        const body = operationOf(name).requestBody?.content["application/json"];
        expect(validator.check(body?.schema ?? { const: "no body" }, sample.body)).toEqual([]);
      }
      const answer = await call(name, sample);
      expect([name, answer.status < 300 ? "" : answer.text]).toEqual([name, ""]);
      expect(problemsOf(name, answer)).toEqual([]);
    });

    if (V1_PATHS[name].role !== "none") {
      test(`${name} without a token is a problem as the document says`, async () => {
        const { path, method } = V1_PATHS[name];
        const answer = await port.call(method, path.replace(/\{\w+\}/g, "1"));
        expect(answer.status).toBe(401);
        expect(problemsOf(name, answer)).toEqual([]);
      });
    }

    if (sample.body !== undefined) {
      test(`${name} refuses an unknown field`, async () => {
        if (sample.hasPasswords) {
          await givePasswords();
        }
        const answer = await call(name, sample, { ...(sample.body as object), surprise: 1 });
        expect(answer.status).toBe(400);
        expect(answer.text).toContain("surprise");
        expect(problemsOf(name, answer)).toEqual([]);
      });
    }
  }

  for (const name of ["getEvents", "getStream"] as const) {
    test(`${name} answers a stream of the type that the document says`, () => {
      const { content } = operationOf(name).responses["200"] ?? { content: {} };
      expect(Object.keys(content)).toEqual(["text/event-stream"]);
    });
  }

  test("unknown fields of a query are refused", async () => {
    const answer = await port.get("/api/v1/groups?limt=3", bearer(secret));
    expect([answer.status, answer.text.includes("limt")]).toEqual([400, true]);
  });

  test("failures of the leader are problems with the status of their code", async () => {
    const missing = await call("getGroup", { params: { gid: "77" } });
    expect(missing.status).toBe(404);
    expect(problemsOf("getGroup", missing)).toEqual([]);
    const twice = await call("createGroup", { body: { id: 1 } });
    expect([twice.status, (twice.json() as Json)["code"]]).toEqual([409, "ALREADY_EXISTS"]);
    expect(problemsOf("createGroup", twice)).toEqual([]);
  });
});

describe("this test can fail", () => {
  test("a field that is missing, of another type, or new is found", async () => {
    const answer = await call("getGroup", { params: { gid: "1" } });
    const good = answer.json() as Json;
    expect(problemsOf("getGroup", answer, good)).toEqual([]);
    const { out_of_sync: _gone, ...less } = good;
    expect(problemsOf("getGroup", answer, less)).not.toEqual([]);
    expect(problemsOf("getGroup", answer, { ...good, id: "1" })).not.toEqual([]);
    expect(problemsOf("getGroup", answer, { ...good, extra: 1 })).not.toEqual([]);
    const servers = (good["servers"] as Json[]).map((each) => ({ ...each, status: "well" }));
    expect(problemsOf("getGroup", answer, { ...good, servers })).not.toEqual([]);
  });

  test("a keyword that the validator doesn't know is found", () => {
    expect(validator.check({ multipleOf: 2 }, 2)).toEqual(["$: unknown keyword multipleOf"]);
  });
});
