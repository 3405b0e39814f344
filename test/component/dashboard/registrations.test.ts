/**
 * Registrations of proxies over real HTTP and in the command line: those that the product has and those that it hasn't,
 * those of Codis 2, and nodes that nobody understands.
 */
import { afterEach, expect, test } from "bun:test";
import type { V1RegistrationList } from "../../../src/api/v1-topology-schema.ts";
import { runCodis } from "../../support/codis-program.ts";
import { DashboardPort } from "../../support/dashboard-port.ts";

const TEST_MS = 60_000;
const PATH = "/api/v1/proxy-registrations";

let port: DashboardPort;

afterEach(() => port.close());

function recordOf(token: string, addr: string, admin: string): string {
  return JSON.stringify({ addr, admin, start: "now", state: "online", token });
}

test(
  "tells which proxies applications find, and which of them the product has",
  async () => {
    port = await new DashboardPort().start();
    const { token } = await port.leader.createProxy("127.0.0.1:11081");
    const node = (path: string, data: string) => ({ path, data, expected: "any" });
    await port.leader.storage.write([
      node(`/jodis/demo/proxy-${token}`, recordOf(token, "127.0.0.1:19001", "127.0.0.1:11081")),
      node("/jodis/demo/proxy-stray", recordOf("stray", "127.0.0.1:19002", "127.0.0.1:11082")),
      node("/jodis/demo/proxy-torn", "{"),
      node("/zk/codis/db_demo/proxy/old", JSON.stringify({ addr: "10.0.0.1:1", state: "online" })),
      node("/jodis/other/proxy-x", recordOf("x", "127.0.0.1:19003", "127.0.0.1:11083")),
    ]);
    const answer = await port.get(PATH);
    const { items, faults } = answer.json() as V1RegistrationList;
    expect(items.map((each) => [each.token, each.admin_addr, each.stored])).toEqual([
      [token, "127.0.0.1:11081", true],
      ["stray", "127.0.0.1:11082", false],
      ["", null, false],
    ]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toStartWith("/jodis/demo/proxy-torn");

    const env = { ...process.env, CODIS_DASHBOARD: port.addr };
    const { code, stdout } = await runCodis(["proxy", "registrations"], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/127\.0\.0\.1:19002 +127\.0\.0\.1:11082 +online +no +stray/);
  },
  TEST_MS,
);

test("nobody is registered: an empty list", async () => {
  port = await new DashboardPort().start();
  const { items, faults } = (await port.get(PATH)).json() as V1RegistrationList;
  expect([items, faults]).toEqual([[], []]);
});
