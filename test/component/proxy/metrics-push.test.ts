/**
 * Pushing metrics to real receivers on loopback: HTTP servers and a UDP socket that keep what they get, and
 * receivers that are gone, refuse, or never answer.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createSocket, type Socket } from "node:dgram";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createLog, type Log } from "../../../src/base/log.ts";
import { defaultProxyConfig, type ProxyConfig } from "../../../src/proxy/config.ts";
import { post } from "../../../src/proxy/report/http-post.ts";
import { type MetricsPush, startMetricsPush } from "../../../src/proxy/report/metrics-push.ts";
import { StatsdSender } from "../../../src/proxy/report/statsd.ts";
import { waitFor } from "../../support/deadline.ts";
import { freePort } from "../../support/free-port.ts";
import { pushedOverview } from "../../support/pushed-overview.ts";

/** A request that a receiver got. */
interface Received {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let server: Server;
let received: Received[];
/** Status of the next answers; 0 is none at all. */
let status: number;
let lines: string[];
let log: Log;
let push: MetricsPush | undefined;

beforeEach(async () => {
  received = [];
  status = 204;
  lines = [];
  const sink = { write: (line: string) => void lines.push(line), close: () => Promise.resolve() };
  log = await createLog({ component: "proxy", level: "info", sink });
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      received.push({ url: request.url ?? "", headers: request.headers, body });
      if (status !== 0) response.writeHead(status).end("partial write: unable to parse\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  push?.close();
  push = undefined;
  server.close();
  server.closeAllConnections();
});

const url = (path = "") => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

function start(changes: Partial<ProxyConfig>): void {
  push = startMetricsPush({
    // The smallest period of a file is a second; tests needn't wait for it.
    config: defaultProxyConfig({
      metricsReportPeriodMs: 20,
      metricsReportInfluxdbPeriodMs: 20,
      metricsReportStatsdPeriodMs: 20,
      ...changes,
    }),
    overview: async () => pushedOverview(),
    log,
  });
}

const events = () => lines.map((line) => (JSON.parse(line) as { event: string }).event);

test("JSON is posted to the URL as it stands, again and again", async () => {
  start({ metricsReportServer: url("/codis?from=demo") });
  await waitFor("two posts", 30_000, () => received[1]);
  const first = received[0] as Received;
  expect(first.url).toBe("/codis?from=demo");
  expect(first.headers["content-type"]).toBe("application/json");
  expect(JSON.parse(first.body)).toEqual(JSON.parse(JSON.stringify(pushedOverview())));
});

test("InfluxDB gets points for the database, with basic authentication", async () => {
  start({
    metricsReportInfluxdbServer: url(),
    metricsReportInfluxdbDatabase: "codis",
    metricsReportInfluxdbUsername: "writer",
    metricsReportInfluxdbPassword: "s3cret:with colon",
  });
  const first = await waitFor("a point", 30_000, () => received[0]);
  expect(first.url).toBe("/write?db=codis&precision=ns");
  const login = first.headers.authorization?.replace("Basic ", "") ?? "";
  expect(Buffer.from(login, "base64").toString()).toBe("writer:s3cret:with colon");
  expect(first.body).toMatch(/^codis_usage,admin_addr=10\.0\.0\.1:11080,.* \d{19}\n$/);
});

test("without a user no login is sent", async () => {
  start({ metricsReportInfluxdbServer: url(), metricsReportInfluxdbDatabase: "codis" });
  const first = await waitFor("a point", 30_000, () => received[0]);
  expect(first.headers.authorization).toBeUndefined();
});

test("a refusal is told once with the receiver's words and no password", async () => {
  status = 400;
  start({
    metricsReportInfluxdbServer: url().replace("//", "//me:s3cret@"),
    metricsReportInfluxdbDatabase: "codis",
  });
  await waitFor("a line", 30_000, () => lines[0]);
  expect(events()).toEqual(["metrics.push_failed"]);
  expect(lines[0]).toContain(`POST ${url("/write")}: status 400 partial write: unable to parse`);
  expect(lines[0]).not.toContain("s3cret");
});

test("a receiver that is gone doesn't stop another", async () => {
  const gone = await freePort();
  start({
    metricsReportServer: `http://127.0.0.1:${gone}/`,
    metricsReportInfluxdbServer: url(),
    metricsReportInfluxdbDatabase: "codis",
  });
  await waitFor("three points", 30_000, () => received[2]);
  expect(events()).toEqual(["metrics.push_failed"]);
  expect(lines[0]).toContain("ECONNREFUSED");
});

describe("a post", () => {
  test("is given up when no answer comes in time", async () => {
    status = 0;
    const failure = post({
      url: new URL(url("/x")),
      contentType: "text/plain",
      body: "",
      timeoutMs: 50,
    });
    await expect(failure).rejects.toMatchObject({ code: "REMOTE_UNREACHABLE" });
    await expect(failure).rejects.toThrow("no answer within 50 ms");
  });

  test("doesn't follow a redirect", async () => {
    status = 302;
    const failure = post({ url: new URL(url("/x")), contentType: "text/plain", body: "" });
    await expect(failure).rejects.toThrow("status 302");
    expect(received).toHaveLength(1);
  });
});

describe("StatsD", () => {
  let receiver: Socket;
  let packets: string[];

  beforeEach(async () => {
    packets = [];
    receiver = createSocket("udp4");
    receiver.on("message", (message) => void packets.push(message.toString()));
    await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
  });

  afterEach(() => {
    receiver.close();
  });

  test("gets gauges over UDP, found by name", async () => {
    start({
      metricsReportStatsdServer: `localhost:${receiver.address().port}`,
      metricsReportStatsdPrefix: "team",
    });
    const packet = await waitFor("a packet", 30_000, () => packets[0]);
    expect(packet.split("\n")[0]).toBe("team.demo.10_0_0_1_11080.10_0_0_1_19000.ops_total:1001|g");
  });

  test("a name that nobody knows is a failure, told once", async () => {
    const sender = new StatsdSender("nobody.invalid:8125");
    const failure = sender.send(["x:1|g"]);
    await expect(failure).rejects.toMatchObject({ code: "REMOTE_UNREACHABLE" });
    await expect(failure).rejects.toThrow("StatsD at nobody.invalid:8125: ");
    sender.close();
  });
});
