/**
 * Hostile input on a dashboard's port: random methods, paths, headers and bodies from a printed seed, broken
 * HTTP over bare sockets, and clients that dawdle. The port goes on, answers in the form of each API, and
 * does nothing by halves: an order reaches the leader whole or not at all.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { LEGACY_READS, LEGACY_REFUSALS } from "../../../src/api/legacy-route.ts";
import { TOPOM_ROUTES } from "../../../src/api/topom-route.ts";
import { V1_PATHS } from "../../../src/api/v1-path.ts";
import { DashboardPort } from "../../support/dashboard-port.ts";
import { fillSample } from "../../support/dashboard-sample.ts";
import { RawHttp } from "../../support/raw-http.ts";
import { printSeed, Random, SEED } from "../../support/seed.ts";

printSeed("dashboard-fuzz");

const CALLS = process.env["CODIS_TEST_LONG"] === "1" ? 20_000 : 1500;

const TEXTS = [
  "",
  "0",
  "1",
  "-1",
  "9999",
  "10000",
  "99999999999999999999",
  "1e3",
  "0x10",
  "NaN",
  "%00",
  "%2e%2e%2f",
  "..",
  "%ff",
  "%E2%80%A8",
  "10.0.0.1:6379",
  "[::1]:6379",
  "host:0",
  "a".repeat(150),
  "a".repeat(500),
  "__proto__",
  "constructor",
  "true",
  "null",
];

const VALUES: readonly unknown[] = [
  ...TEXTS,
  0,
  1,
  2,
  1023,
  1024,
  -1,
  1.5,
  1e308,
  true,
  false,
  null,
  [],
  {},
  [[]],
  { id: 1 },
];

const FIELDS = [
  "id",
  "addr",
  "admin_addr",
  "assignments",
  "from",
  "to",
  "group_id",
  "dry_run",
  "name",
  "role",
  "level",
  "replica_reads",
  "token",
  "__proto__",
  "toString",
];

const PATTERNS = [
  ...Object.values(TOPOM_ROUTES),
  ...Object.values(V1_PATHS),
  ...Object.values(LEGACY_READS).map(({ path }) => ({ method: "GET", path })),
  ...LEGACY_REFUSALS,
  { method: "GET", path: "/metrics" },
  { method: "GET", path: "/:any" },
].filter(({ path }) => !/shutdown|events|stream/.test(path));

let port: DashboardPort;
let random: Random;

function randomJson(depth = 0): unknown {
  if (depth > 3 || random.chance(0.3)) {
    return random.pick(VALUES);
  }
  const size = random.below(5);
  if (random.chance(0.4)) {
    return Array.from({ length: size }, () => randomJson(depth + 1));
  }
  const entries = Array.from({ length: size }, () => [random.pick(FIELDS), randomJson(depth + 1)]);
  return Object.fromEntries(entries);
}

function randomBody(): string | undefined {
  if (random.chance(0.3)) {
    return undefined;
  }
  const text = JSON.stringify(randomJson());
  if (random.chance(0.7)) {
    return text;
  }
  const cut = random.below(text.length + 1);
  return random.pick([
    text.slice(0, cut),
    `${text}}`,
    "\u0000",
    "[".repeat(5000),
    "\ufeff{}",
    "NaN",
  ]);
}

function randomPath(pattern: string): string {
  const filled = pattern
    .replace(/:xauth/, () => (random.chance(0.9) ? port.xauth : random.pick(TEXTS)))
    .replace(/:\w+|\{\w+\}/g, () => encodeSome(random.pick(TEXTS)));
  const query = random.chance(0.3)
    ? `?${random.pick(FIELDS)}=${encodeSome(random.pick(TEXTS))}`
    : "";
  return filled + query;
}

/** Most texts are sent as they are, if a client can send them at all. */
function encodeSome(text: string): string {
  return /^[\w.%:[\]-]*$/.test(text) ? text : encodeURIComponent(text);
}

function randomHeaders(body: string | undefined): Record<string, string> {
  // Else the client sends the body of a GET without a length: as the beginning of a second request.
  const headers: Record<string, string> =
    body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  for (const [name, values] of Object.entries({
    "If-Match": ['"3.1"', "*", '"', "a,b,,"],
    Authorization: ["Bearer x", "Bearer ", "Basic e", "Bearer codis_"],
    "X-Forwarded-For": ["127.0.0.1", "::1, 1.1.1.1", "x".repeat(3000)],
    Origin: ["null", "http://a", "x"],
    "Accept-Encoding": ["gzip", "gzip;q=0", "*", ";;;"],
    "Content-Type": ["application/json", "text/plain", "multipart/form-data", "x"],
    "codis-forwarded-by": ["x"],
  })) {
    if (random.chance(0.15)) {
      headers[name] = random.pick(values);
    }
  }
  return headers;
}

describe("random calls", () => {
  beforeAll(async () => {
    port = await new DashboardPort({ auditSegmentsMax: 3 }).start();
    fillSample(port.leader);
    random = new Random(SEED);
  });

  afterAll(() => port.close());

  test(`${CALLS} of them find no defect, and the port goes on`, async () => {
    for (let index = 0; index < CALLS; index++) {
      const { method, path } = random.pick(PATTERNS);
      const body = randomBody();
      const sent = {
        method: random.chance(0.9)
          ? method
          : random.pick(["GET", "PUT", "POST", "DELETE", "PATCH"]),
        path: randomPath(path),
        body,
        headers: randomHeaders(body),
      };
      const orders = port.leader.orders.length;
      const revision = port.leader.topology().revision;
      const answer = await port.call(sent.method, sent.path, sent.body, sent.headers);
      const shown = { index, ...sent, status: answer.status, text: answer.text.slice(0, 300) };
      const isDefect = answer.headers[ERROR_CODE_HEADER] === "INTERNAL";
      expect({ ...shown, isDefect }).toEqual({ ...shown, isDefect: false });
      if (answer.status >= 400 && answer.status !== 404) {
        // A failure before the leader was asked left everything as it was.
        const isUntouched =
          port.leader.orders.length > orders || port.leader.topology().revision === revision;
        expect({ ...shown, isUntouched }).toEqual({ ...shown, isUntouched: true });
      }
      if (sent.path.startsWith("/api/v1/") && answer.status >= 400) {
        const type = answer.headers["content-type"];
        expect({ ...shown, type }).toMatchObject({
          type: "application/problem+json; charset=utf-8",
        });
        expect({ ...shown, problem: answer.json() }).toMatchObject({
          problem: { status: answer.status },
        });
      }
    }
    expect(port.logged.filter((line) => line["event"] === "admin.defect")).toEqual([]);
    expect((await port.get("/livez")).text).toBe("ok\n");
  }, 120_000);

  test("nothing that was sent got into a prototype", () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("broken HTTP", () => {
  beforeEach(async () => {
    port = await new DashboardPort({ requestTimeoutMs: 4_000, keepAliveMs: 400 }).start();
  });

  afterEach(() => port.close());

  const requests: readonly (readonly [what: string, bytes: string])[] = [
    ["garbage", "\u0016\u0003\u0001\u0000\r\n\r\n"],
    ["no HTTP version", "GET /topom\r\n\r\n"],
    ["a method that doesn't exist", "BREW /topom HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    [
      "a head without end",
      `GET / HTTP/1.1\r\nHost: localhost\r\nA: ${"a".repeat(100_000)}\r\n\r\n`,
    ],
    [
      "two lengths",
      "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ],
    ["a negative length", "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"],
    [
      "a broken chunk",
      "PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ["a RESP command", "*1\r\n$4\r\nPING\r\n"],
  ];
  for (const [what, bytes] of requests) {
    test(`${what} is answered or closed, and the port goes on`, async () => {
      const http = new RawHttp(port.addr);
      http.send(bytes);
      const answer = (await http.ended()).toString();
      expect(answer === "" || /^HTTP\/1\.1 [4-8]\d\d /.test(answer)).toBe(true);
      expect((await port.get("/livez")).status).toBe(200);
      expect(port.leader.orders).toEqual([]);
    });
  }

  test("a client that sends its head or its body too slowly is closed", async () => {
    const path = `/api/topom/slots/assign/${port.xauth}`;
    const starts = [
      "",
      "GET / HTTP/1.1\r\nHost: localhost\r\n",
      `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[`,
    ];
    const answers = starts.map(async (start) => {
      const http = new RawHttp(port.addr);
      http.send(start);
      const drip = setInterval(() => http.send(start.startsWith("GET") ? "A: b\r\n" : ""), 100);
      const answer = (await http.ended()).toString();
      clearInterval(drip);
      return [start, answer === "" || answer.startsWith("HTTP/1.1 408")];
    });
    expect(await Promise.all(answers)).toEqual(starts.map((start) => [start, true]));
    expect(port.leader.orders).toEqual([]);
  });

  test("an idle connection is closed", async () => {
    const http = new RawHttp(port.addr);
    http.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await http.ended()).toString()).toStartWith("HTTP/1.1 200 OK");
  });
});
