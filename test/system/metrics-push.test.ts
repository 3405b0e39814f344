/**
 * A proxy process with all three receivers of metrics: what they get from it, and that it serves on while all
 * of them are gone.
 */
import { expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../support/deadline.ts";
import { startRedis } from "../support/redis-server.ts";
import { ask, startProxy } from "../support/running-proxy.ts";

const WAIT_MS = 30_000;

test("overview, points and gauges arrive, and the service doesn't depend on them", async () => {
  const bodies = new Map<string, string>();
  const receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      bodies.set(request.url ?? "", body);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const packets: string[] = [];
  const udp = createSocket("udp4");
  udp.on("message", (message) => void packets.push(message.toString()));
  await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
  const server = await startRedis();
  const proxy = await startProxy({
    servers: [server.addr],
    config: {
      product_name: "demo",
      metrics_report_server: `${url}/overview`,
      metrics_report_influxdb_server: url,
      metrics_report_influxdb_database: "codis",
      metrics_report_statsd_server: `127.0.0.1:${udp.address().port}`,
      metrics_report_statsd_prefix: "team",
    },
  });
  try {
    for (let i = 0; i < 5; i += 1) await ask(proxy.port, "SET", "key", `${i}`);
    const total = (text: string | undefined, pattern: RegExp) => {
      const count = Number(pattern.exec(text ?? "")?.[1]);
      return count >= 5 ? count : undefined;
    };
    await waitFor("the overview", WAIT_MS, () => total(bodies.get("/overview"), /"total": (\d+)/));
    await waitFor("a point", WAIT_MS, () =>
      total(bodies.get("/write?db=codis&precision=ns"), /[ ,]ops_total=(\d+)i/),
    );
    await waitFor("gauges", WAIT_MS, () => total(packets.at(-1), /\.ops_total:(\d+)\|g/));

    const overview = JSON.parse(bodies.get("/overview") ?? "") as Record<string, object>;
    expect(Object.keys(overview)).toEqual(["version", "compile", "config", "model", "stats"]);
    expect(Object.keys(overview["stats"] ?? {})).toContain("runtime");
    expect(JSON.stringify(overview)).not.toContain('"cmd"');

    receiver.close();
    receiver.closeAllConnections();
    udp.close();
    await proxy.program.sees(/"event":"metrics.push_failed","receiver":"InfluxDB"/);
    expect(await ask(proxy.port, "GET", "key")).toBe("$1\r\n4\r\n");
  } finally {
    expect((await proxy.stop()).code).toBe(0);
    await server.stop();
    receiver.close();
  }
}, 120_000);
