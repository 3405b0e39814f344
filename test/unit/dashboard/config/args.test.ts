/**
 * The command line and the file of the dashboard: every flag and key of Codis 3.2 is taken, flags go before
 * the file, and a wrong value is answered with file, line, key, value and what would be right.
 */
import { describe, expect, test } from "bun:test";
import { isCodisError } from "../../../../src/base/error.ts";
import type { GivenValues } from "../../../../src/config/check.ts";
import { parseToml } from "../../../../src/config/toml-file.ts";
import { parseDashboardArgs } from "../../../../src/dashboard/config/args.ts";
import type { DashboardConfig } from "../../../../src/dashboard/config/key.ts";
import {
  checkDashboardConfig,
  dashboardConfigToJson,
  defaultDashboardConfig,
} from "../../../../src/dashboard/config/load.ts";

const file = (text: string) => (): GivenValues => parseToml(text, "dashboard.toml");

function run(argv: readonly string[], text = ""): ReturnType<typeof parseDashboardArgs> {
  return parseDashboardArgs(text === "" ? argv : [...argv, "--config=dashboard.toml"], file(text));
}

function configOf(argv: readonly string[], text = ""): DashboardConfig {
  const order = run(argv, text);
  if (order.kind !== "run") {
    throw new Error("expected an order to run");
  }
  return order.config;
}

function failureOf(argv: readonly string[], text = ""): string {
  try {
    run(argv, text);
  } catch (thrown) {
    if (isCodisError(thrown)) {
      return `${thrown.code} ${thrown.message}`;
    }
    throw thrown;
  }
  throw new Error("expected a failure");
}

describe("flags", () => {
  test("choose the coordinator, in both forms", () => {
    const config = configOf(["--zookeeper", "10.0.0.1:2181", "--zookeeper-auth=u:p"]);
    expect(config.coordinatorName).toBe("zookeeper");
    expect(config.coordinatorAddr).toBe("10.0.0.1:2181");
    expect(config.coordinatorAuth).toBe("u:p");
  });

  test("go before the file, login included", () => {
    const text = 'coordinator_name = "zk"\ncoordinator_auth = "u:p"\nproduct_name = "a"';
    const config = configOf(["--filesystem=data", "--product_name=b"], text);
    expect(config.coordinatorName).toBe("filesystem");
    expect(config.coordinatorAuth).toBe("");
    expect(config.productName).toBe("b");
  });

  test("give what isn't configuration", () => {
    const order = run([
      "--log=x.log",
      "--log-level=WARN",
      "--host-admin=h:1",
      "--pidfile=p",
      "--remove-lock",
      "--ncpu=4",
    ]);
    expect(order).toMatchObject({
      options: {
        logFile: "x.log",
        logLevel: "warn",
        hostAdmin: "h:1",
        pidFile: "p",
        removeLock: true,
      },
    });
  });

  test("that show a password are warned about", () => {
    expect(run(["--product_auth=secret"])).toMatchObject({
      warnings: [expect.stringContaining("--product_auth")],
    });
  });

  test.each([
    [["--zookeeper=a:1", "--etcd=b:2"], "USAGE --zookeeper and --etcd exclude each other"],
    [["--etcd-auth=u:p"], "USAGE --etcd-auth has a meaning only with --etcd"],
    [["--ncpu=x"], "USAGE invalid --ncpu=x"],
    [["--host-admin=nowhere"], "USAGE invalid --host-admin=nowhere"],
    [["--log-level=LOUD"], "USAGE invalid --log-level=LOUD"],
    [["--bogus"], "USAGE unknown option '--bogus'; see codis dashboard --help"],
    [["--config="], "USAGE --config needs a value"],
    [
      ["more"],
      "USAGE too many arguments. Expected 0 arguments but got 1; see codis dashboard --help",
    ],
  ])("%p are refused", (argv, expected) => {
    expect(failureOf(argv)).toStartWith(expected);
  });

  test("ask for texts", () => {
    expect(run(["--help"])).toMatchObject({ kind: "print" });
    expect(run(["--version"])).toMatchObject({ kind: "print" });
  });
});

describe("file", () => {
  test("the default file gives the defaults, without a warning", () => {
    const printed = run(["--default-config"]);
    if (printed.kind !== "print") {
      throw new Error("expected a text");
    }
    const loaded = checkDashboardConfig(parseToml(printed.text, "default"), true);
    expect(loaded.config).toEqual(defaultDashboardConfig());
    expect(loaded.warnings).toEqual([]);
  });

  test("keys have the names, the order and the defaults of Codis 3.2", () => {
    const json = dashboardConfigToJson(defaultDashboardConfig());
    expect(Object.entries(json).slice(0, 16)).toEqual([
      ["coordinator_name", "filesystem"],
      ["coordinator_addr", "/tmp/codis"],
      ["admin_addr", "0.0.0.0:18080"],
      ["product_name", "codis-demo"],
      ["migration_method", "semi-async"],
      ["migration_parallel_slots", 100],
      ["migration_async_maxbulks", 200],
      ["migration_async_maxbytes", "32mb"],
      ["migration_async_numkeys", 500],
      ["migration_timeout", "30s"],
      ["sentinel_client_timeout", "10s"],
      ["sentinel_quorum", 2],
      ["sentinel_parallel_syncs", 1],
      ["sentinel_down_after", "30s"],
      ["sentinel_failover_timeout", "5m"],
      ["sentinel_notification_script", ""],
    ]);
  });

  test.each([
    ['\nproduct_name = "a b"', 'dashboard.toml:2: invalid product_name = "a b": expected a name'],
    ['admin_addr = "x"', 'dashboard.toml:1: invalid admin_addr = "x": expected host:port'],
    ['coordinator_name = "consul"', "invalid coordinator_name"],
    ['coordinator_auth = "secret"', "invalid coordinator_auth = (hidden): expected user:password"],
    ["slot_count = 1000", "invalid slot_count = 1000: expected 1024, 2048 or 4096"],
    ['leader_lease = "1s"', 'invalid leader_lease = "1s"'],
    ['legacy_api = "yes"', "invalid legacy_api"],
  ])("%p is refused", (text, expected) => {
    expect(failureOf([], text)).toContain(expected);
  });

  test("an unknown key is a warning, or an error when asked", () => {
    expect(run([], 'product_nam = "a"')).toMatchObject({
      warnings: ["dashboard.toml:1: unknown key product_nam, did you mean product_name?"],
    });
    expect(failureOf(["--strict"], 'product_nam = "a"')).toContain("(--strict)");
  });
});
