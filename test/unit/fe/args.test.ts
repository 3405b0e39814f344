/**
 * The command line of `codis fe`, and the file of dashboards that it reads.
 */
import { describe, expect, test } from "bun:test";
import { parseFeArgs } from "../../../src/fe/args.ts";
import { decodeDashboardList } from "../../../src/fe/product-source.ts";

describe("the command line", () => {
  test("takes every flag of codis-fe, and ours", () => {
    const order = parseFeArgs([
      "--ncpu=4",
      "-l",
      "fe.log",
      "--log-level=WARN",
      "--assets-dir=./dist",
      "--pidfile=fe.pid",
      "--zookeeper=10.0.0.1:2181",
      "--zookeeper-auth=user:password",
      "--listen=0.0.0.0:8080",
      "--base-path=ops/codis",
      "--trusted-proxies=10.0.0.0/8",
    ]);
    expect(order).toMatchObject({
      kind: "run",
      options: {
        listen: "0.0.0.0:8080",
        source: { kind: "zookeeper", addr: "10.0.0.1:2181", auth: "user:password" },
        assetsDir: "./dist",
        basePath: "/ops/codis/",
        logFile: "fe.log",
        logLevel: "warn",
        pidFile: "fe.pid",
      },
    });
    expect(parseFeArgs(["--listen=:80", "-d", "list.json"])).toMatchObject({
      options: { source: { kind: "file", path: "list.json" }, basePath: "/" },
    });
    expect(parseFeArgs(["--help"]).kind).toBe("print");
    expect(parseFeArgs(["--version"])).toMatchObject({ kind: "print" });
  });
});

describe("the file of dashboards", () => {
  test("is what codis admin --dashboard-list prints", () => {
    const text =
      '[{"name": "demo", "dashboard": "10.0.0.1:18080"}, {"name": "b", "dashboard": ""}]';
    expect(decodeDashboardList(text, "list.json")).toEqual([
      { name: "demo", dashboard: "10.0.0.1:18080" },
      { name: "b", dashboard: "" },
    ]);
  });

  test("in another form is refused with one line", () => {
    for (const text of [
      "",
      "{}",
      "[1]",
      "[null]",
      '[{"name": "a/b", "dashboard": "x:1"}]',
      '[{"name": "a"}]',
    ]) {
      expect(() => decodeDashboardList(text, "list.json")).toThrow("list.json: ");
    }
  });
});
