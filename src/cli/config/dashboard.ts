/**
 * `codis config dashboard`: runs the dashboard of today on what `config.ini` says. The values of the file are
 * handed on as those of a `dashboard.toml`; the program itself is started by `main.ts`, because planes don't
 * know one another.
 */
import { CodisError } from "../../base/error.ts";
import type { GivenValues } from "../../config/check.ts";
import type { LegacyFile } from "../../config/legacy-config.ts";
import { formatHostPort, parseListenAddr, parseServerAddr } from "../../model/address.ts";
import type { ConfigCall, ConfigVerb } from "./program.ts";

/** A command line for `codis dashboard`, and what stands in the file that it names. */
export interface DashboardStart {
  readonly argv: readonly string[];
  readonly readConfig: (path: string) => GivenValues;
}

/** Runs a dashboard; resolves with its exit code. */
export type RunDashboard = (start: DashboardStart) => Promise<number>;

/** Flags of the command. */
export interface DashboardFlags {
  readonly addr?: string;
  readonly httpLog?: string;
}

/** The key of `config.ini` that a key of `dashboard.toml` comes from. */
const SOURCE: Readonly<Record<string, string>> = {
  coordinator_name: "coordinator",
  coordinator_addr: "zk",
  product_name: "product",
  product_auth: "password",
  admin_addr: "dashboard_addr",
};

/** The command, for a way to run dashboards. */
export function dashboardVerb(run: RunDashboard): ConfigVerb<DashboardFlags> {
  return {
    use: "dashboard",
    summary: "run the dashboard of the product",
    options: [
      ["--addr <addr>", "where it listens; default is the port of dashboard_addr"],
      ["--http-log <file>", "accepted as in Codis 2.0; requests are in the log of -L"],
    ],
    run: (call) => run(describeStart(call)),
  };
}

/** Exported for tests. Throws `USAGE`. */
export function describeStart(
  call: Pick<ConfigCall<DashboardFlags>, "flags" | "file" | "note">,
): DashboardStart {
  const { flags, file, note } = call;
  if (file === undefined) {
    throw new CodisError(
      "USAGE",
      "a dashboard needs a config.ini: name it with -c FILE; see deploy/sample/config.ini",
    );
  }
  const adminAddr = listenAddr(flags.addr, file, note);
  if (flags.httpLog !== undefined) {
    note("--http-log is accepted, but without effect: requests are in the log");
  }
  const argv = ["--config", file.path];
  if (flags.log !== undefined) {
    argv.push("--log", flags.log);
  }
  if (flags.logLevel !== undefined) {
    argv.push("--log-level", flags.logLevel);
  }
  return { argv, readConfig: () => toDashboardValues(file, adminAddr, flags.addr !== undefined) };
}

function listenAddr(
  flag: string | undefined,
  file: LegacyFile,
  note: (line: string) => void,
): string {
  const told = parseServerAddr(file.config.dashboardAddr);
  if (told === undefined) {
    throw new CodisError("INTERNAL", "dashboard_addr was checked before");
  }
  const listen = flag === undefined ? { host: "", port: told.port } : parseListenAddr(flag);
  if (listen === undefined) {
    throw new CodisError("USAGE", `invalid --addr=${flag}: expected host:port or :port`);
  }
  if (listen.port !== told.port) {
    note(
      `listens on port ${listen.port}, but other programs look for the dashboard at ` +
        `${file.config.dashboardAddr} (dashboard_addr, ${file.originOf("dashboard_addr")})`,
    );
  }
  return formatHostPort({ ...listen, host: listen.host === "" ? "0.0.0.0" : listen.host });
}

function toDashboardValues(file: LegacyFile, adminAddr: string, isFlag: boolean): GivenValues {
  const { config } = file;
  return {
    values: new Map([
      ["coordinator_name", config.coordinator],
      ["coordinator_addr", config.zk],
      ["product_name", config.product],
      ["product_auth", config.password],
      ["admin_addr", adminAddr],
    ]),
    originOf: (key) =>
      key === "admin_addr" && isFlag ? "--addr" : file.originOf(SOURCE[key] ?? key),
  };
}
