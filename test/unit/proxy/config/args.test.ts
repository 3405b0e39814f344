/** The command line: every flag of codis-proxy, ours, and what happens when they are wrong. */
import { describe, expect, test } from "bun:test";
import { VERSION } from "../../../../src/base/version.ts";
import { parseToml } from "../../../../src/config/toml-file.ts";
import { parseProxyArgs } from "../../../../src/proxy/config/args.ts";
import { parseOpenFilesLimit } from "../../../../src/proxy/config/open-files.ts";

function parse(args: readonly string[], file = "") {
  return parseProxyArgs(args, (path) => parseToml(file, path));
}

function runOf(args: readonly string[], file = "") {
  const order = parse(args, file);
  if (order.kind !== "run") {
    throw new Error(`not a run: ${JSON.stringify(order)}`);
  }
  return order;
}

describe("run", () => {
  test("without flags runs with the defaults", () => {
    const order = runOf([]);
    expect(order.options).toEqual({
      configFile: undefined,
      logFile: undefined,
      logLevel: "info",
      hostAdmin: undefined,
      hostProxy: undefined,
      fillSlotsFile: undefined,
      dashboard: undefined,
      pidFile: undefined,
      openFilesMin: undefined,
      proxyName: undefined,
    });
    expect(order.warnings).toEqual([]);
  });

  const flags = [
    ["config", "proxy.toml"],
    ["log", "/var/log/proxy.log"],
    ["log-level", "WARN"],
    ["host-admin", "10.0.0.1:11080"],
    ["host-proxy", "10.0.0.1:19000"],
    ["fillslots", "slots.json"],
    ["pidfile", "/run/proxy.pid"],
    ["ulimit", "4096"],
    ["ncpu", "2"],
    ["max-ncpu", "4"],
    ["product_name", "demo"],
  ] as const;

  test.each([
    ["--name=VALUE", flags.map(([name, value]) => `--${name}=${value}`)],
    ["--name VALUE", flags.flatMap(([name, value]) => [`--${name}`, value])],
  ])("takes every flag as %s", (_form, args) => {
    const order = runOf(args);
    expect(order.options).toEqual({
      configFile: "proxy.toml",
      logFile: "/var/log/proxy.log",
      logLevel: "warn",
      hostAdmin: "10.0.0.1:11080",
      hostProxy: "10.0.0.1:19000",
      fillSlotsFile: "slots.json",
      dashboard: undefined,
      pidFile: "/run/proxy.pid",
      openFilesMin: 4096,
      proxyName: undefined,
    });
    expect([order.config.workers, order.config.productName]).toEqual([2, "demo"]);
  });

  test("takes the short forms", () => {
    const { options } = runOf(["-c", "proxy.toml", "-l", "proxy.log"]);
    expect([options.configFile, options.logFile]).toEqual(["proxy.toml", "proxy.log"]);
  });

  test("flags go before the file, also to take a password away", () => {
    const file = 'product_name = "a"\nproduct_auth = "x"\nworkers = 4\n';
    const { config } = runOf(["-c", "f", "--product_name=b", "--product_auth=", "--ncpu=3"], file);
    expect([config.productName, config.productAuth, config.workers]).toEqual(["b", "", 3]);
  });

  test.each([
    [["--dashboard=10.0.0.1:18080"], { kind: "address", addr: "10.0.0.1:18080" }],
    [["--zookeeper=z:2181,y:2181"], { kind: "zookeeper", addr: "z:2181,y:2181", auth: "" }],
    [["--etcd", "e:2379", "--etcd-auth=u:p:q"], { kind: "etcd", addr: "e:2379", auth: "u:p:q" }],
    [["--filesystem=/tmp/codis"], { kind: "filesystem", addr: "/tmp/codis", auth: "" }],
  ] as const)("%p says where the dashboard is", (args, source) => {
    expect(runOf(args).options.dashboard).toEqual(source);
  });

  test("--max-ncpu bounds the workers", () => {
    const order = runOf(["-c", "f", "--max-ncpu=2"], "workers = 8");
    expect(order.config.workers).toBe(2);
    expect(order.warnings).toEqual(["--max-ncpu=2 is lower than workers = 8; using 2"]);
  });

  test.each([
    [["--session_auth=hunter2"], "; better write it in the configuration file"],
    [["--etcd=e:2379", "--etcd-auth=u:hunter2"], "in the list of processes"],
  ])("%p, a password on the command line, is a warning that doesn't repeat it", (args, end) => {
    const { warnings } = runOf(args);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^--[a-z_-]+: everybody on this machine can see it/);
    expect(warnings[0]).toEndWith(end);
    expect(warnings.join()).not.toContain("hunter2");
  });

  test("warnings of the file come along", () => {
    expect(runOf(["-c", "f.toml"], "colour = 1").warnings).toEqual([
      "f.toml:1: unknown key colour",
    ]);
  });
});

describe("print", () => {
  test("--version, --default-config and --help print and exit 0", () => {
    const texts = ["--version", "--default-config", "--help"].map((flag) => {
      const order = parse([flag]);
      expect(order).toMatchObject({ kind: "print", exitCode: 0 });
      return order.kind === "print" ? order.text : "";
    });
    expect(texts[0]).toStartWith(`version: ${VERSION}\n`);
    expect(texts[1]).toContain('\nproxy_addr = "0.0.0.0:19000"\n');
    expect(texts[2]).toContain("--fillslots <file>");
  });
});

describe("fail", () => {
  test.each([
    [["--ncpu=0"], 64, "invalid --ncpu=0: expected a whole number, 1 or more"],
    [["--ncpu=two"], 64, "invalid --ncpu=two: expected a whole number"],
    [["--ulimit=-1"], 64, "invalid --ulimit=-1: expected"],
    [["--ncpu"], 64, "argument missing"],
    [["--config="], 64, "--config needs a value"],
    [["--nfig=x"], 64, "unknown option '--nfig=x'; see codis proxy --help"],
    [["start"], 64, "too many arguments"],
    [["--log-level=LOUD"], 64, "invalid --log-level=LOUD: expected one of DEBUG, INFO, WARN"],
    [["--host-admin=here"], 64, "invalid --host-admin=here: expected host:port"],
    [["--fillslots=a", "--dashboard=b"], 64, "--dashboard and --fillslots exclude each other"],
    [["--etcd=a", "--zookeeper=b"], 64, "--zookeeper and --etcd exclude each other"],
    [["--etcd-auth=u:p"], 64, "--etcd-auth has a meaning only with --etcd"],
    [["--dashboard=b", "--etcd=e:2379"], 64, "--dashboard and --etcd exclude each other"],
    [["--dashboard=18080"], 64, "invalid --dashboard=18080: expected host:port"],
    [["--etcd=e:2379", "--etcd-auth=s3cret"], 64, "invalid --etcd-auth: expected user:password"],
    [["--product_name=a b"], 78, '--product_name: invalid product_name = "a b"'],
    [["--ncpu=257"], 78, "--ncpu: invalid workers = 257: expected a whole number from 1 to 256"],
  ])("%p exits %p", (args, exitCode, message) => {
    const order = parse(args);
    expect(order).toMatchObject({ kind: "fail", exitCode });
    expect(order.kind === "fail" ? order.message : "").toContain(message);
    expect(order.kind === "fail" ? order.message : "").not.toContain("\n");
  });

  test("a bad file exits 78 with its line", () => {
    expect(parse(["-c", "f.toml"], "workers = 0")).toMatchObject({
      kind: "fail",
      exitCode: 78,
      message: "f.toml:1: invalid workers = 0: expected a whole number from 1 to 256",
    });
    expect(parse(["-c", "f.toml", "--strict"], "colour = 1")).toMatchObject({
      kind: "fail",
      exitCode: 78,
    });
  });

  test("a missing file exits 78", () => {
    expect(parseProxyArgs(["-c", "/nonexistent/proxy.toml"])).toEqual({
      kind: "fail",
      exitCode: 78,
      message: "can't read the config file /nonexistent/proxy.toml: there is no such file",
    });
  });

  test("a defect isn't taken for a user's error", () => {
    const broken = () => {
      throw new TypeError("defect");
    };
    expect(() => parseProxyArgs(["-c", "f"], broken)).toThrow(TypeError);
  });
});

test("the limit of open files is read from /proc", () => {
  const line = "Max open files            1024                 524288               files     \n";
  expect(parseOpenFilesLimit(`Limit\n${line}`)).toBe(1024);
  expect(parseOpenFilesLimit("Max open files   unlimited  unlimited files")).toBe(
    Number.POSITIVE_INFINITY,
  );
  expect(parseOpenFilesLimit("nothing")).toBeUndefined();
});
