/** The command line of the proxy of Codis 1.9 and 2.0: how it is known, and what it becomes. */
import { describe, expect, test } from "bun:test";
import { parseIni } from "../../../../src/config/ini-file.ts";
import { checkLegacyFile } from "../../../../src/config/legacy-config.ts";
import { parseProxyArgs } from "../../../../src/proxy/config/args.ts";
import { isLegacyCommandLine, parseLegacyArgs } from "../../../../src/proxy/config/legacy-args.ts";
import { catchError } from "../../../support/caught-error.ts";

const FILE = "zk=z1:2181,z2:2181\nproduct=shop\npassword=s3cret\nproxy_id=proxy_1\n";

function runOf(argv: readonly string[], text = FILE) {
  const order = parseLegacyArgs(argv, (path) => checkLegacyFile(parseIni(text, path)));
  if (order.kind !== "run") {
    throw new Error(`expected a run, not ${JSON.stringify(order)}`);
  }
  return order;
}

describe("a command line is one of those days", () => {
  test.each([
    [["-c", "config.ini"], true],
    [["-c=conf/proxy1.INI"], true],
    [["--config=config.ini"], true],
    [["--cpu=4"], true],
    [["--addr", "0.0.0.0:19000"], true],
    [["--http-addr=0.0.0.0:11000"], true],
    [["-L", "proxy.log"], true],
    [["-c", "proxy.toml", "--addr=:1"], true],
    [["-c", "proxy.toml"], false],
    [["--ncpu=4", "-l", "proxy.log"], false],
    [["--fillslots", "slots.json", "--config"], false],
    [[], false],
  ])("%p: %p", (argv, isLegacy) => {
    expect(isLegacyCommandLine(argv)).toBe(isLegacy);
  });
});

describe("it becomes", () => {
  test("the configuration of today", () => {
    const { config, options, warnings } = runOf([
      "-c",
      "config.ini",
      "-L",
      "proxy.log",
      "--log-level=warn",
      "--cpu=3",
      "--addr=10.0.0.1:19000",
      "--http-addr=10.0.0.1:11000",
    ]);
    expect({ ...config }).toMatchObject({
      productName: "shop",
      productAuth: "s3cret",
      sessionAuth: "s3cret",
      protoType: "tcp",
      proxyAddr: "10.0.0.1:19000",
      adminAddr: "10.0.0.1:11000",
      workers: 3,
      backendPingPeriodMs: 5_000,
      sessionRecvTimeoutMs: 1_800_000,
      sessionMaxPipeline: 1024,
      jodisName: "zookeeper",
      jodisAddr: "z1:2181,z2:2181",
      jodisTimeoutMs: 30_000,
      jodisCompatible: true,
    });
    expect(options).toMatchObject({
      configFile: "config.ini",
      logFile: "proxy.log",
      logLevel: "warn",
      proxyName: "proxy_1",
    });
    expect(options.fillSlotsFile ?? options.dashboard).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test("the ports of Codis 2.0 when none are given, and one process", () => {
    const { config } = runOf(["-c", "config.ini"]);
    expect([config.proxyAddr, config.adminAddr, config.workers]).toEqual([
      "0.0.0.0:9000",
      "0.0.0.0:9001",
      1,
    ]);
  });

  test("warnings about what isn't known or does nothing", () => {
    const { warnings } = runOf(["-c", "config.ini", "--log-filesize=1GB"], `${FILE}zkk=1\n`);
    expect(warnings).toEqual([
      "config.ini:5: unknown key zkk, did you mean zk?",
      "--log-filesize is accepted, but without effect: there is a new file each day",
    ]);
  });
});

describe("slips are one line", () => {
  test.each([
    [
      ["-c", "proxy.toml", "--addr=:1"],
      "USAGE",
      "proxy.toml is a file of Codis 3, where addresses",
    ],
    [
      ["-c", "config.ini", "--cpu=0"],
      "USAGE",
      "invalid --cpu=0: expected a whole number, 1 or more",
    ],
    [
      ["-c", "config.ini", "--addr=19000"],
      "CONFIG_INVALID",
      '--addr: invalid proxy_addr = "19000"',
    ],
    [
      ["-c", "config.ini", "--http-addr=x"],
      "CONFIG_INVALID",
      '--http-addr: invalid admin_addr = "x"',
    ],
    [["-c", "config.ini", "--log-level=loud"], "USAGE", "invalid --log-level=loud"],
    [["-c", "config.ini", "--ncpu=2"], "USAGE", "unknown option '--ncpu=2'"],
  ] as const)("%p: %s", (argv, code, start) => {
    const error = catchError(() => runOf(argv));
    expect(error.code).toBe(code);
    expect(error.message).toStartWith(start);
  });

  test("a proxy without a name", () => {
    const error = catchError(() => runOf(["-c", "config.ini"], "zk=z:1\n"));
    expect(error.message).toStartWith("config.ini: proxy_id is missing");
  });

  test("a file that isn't there, through the command line of the proxy", () => {
    expect(parseProxyArgs(["-c", "no-such-folder/config.ini"])).toEqual({
      kind: "fail",
      message: "can't read the config file no-such-folder/config.ini: there is no such file",
      exitCode: 78,
    });
  });
});
