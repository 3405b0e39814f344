/**
 * The command line of `codis fe`: every flag of codis-fe of Codis 3, and ours. It has no configuration file, as the
 * original has none.
 */
import { Command } from "commander";
import { CodisError } from "../base/error.ts";
import { LOG_LEVELS, type LogLevel } from "../base/log-level.ts";
import { RUNTIME, VERSION } from "../base/version.ts";
import {
  type Flags,
  parseFlags,
  readCount,
  readLogLevel,
  refuseSeveral,
  refuseStrayLogin,
} from "../config/flags.ts";
import { parseBasePath } from "../console/base-path.ts";
import { TrustedProxies } from "../console/trusted-proxy.ts";
import { parseListenAddr } from "../model/address.ts";

/** Where products and their dashboards are read from. */
export type ListSource =
  | { readonly kind: "file"; readonly path: string }
  | {
      readonly kind: "zookeeper" | "etcd" | "filesystem";
      readonly addr: string;
      readonly auth: string;
    };

/** What the program does. */
export interface FeOptions {
  readonly listen: string;
  readonly source: ListSource;
  /** Folder of the built console; undefined: that of this program. */
  readonly assetsDir: string | undefined;
  /** With `/` at both ends. */
  readonly basePath: string;
  readonly trustedProxies: TrustedProxies;
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
  readonly pidFile: string | undefined;
}

/** What the command line asks for. */
export type FeOrder =
  | { readonly kind: "run"; readonly options: FeOptions }
  | { readonly kind: "print"; readonly text: string };

const SOURCE_FLAGS = ["dashboard-list", "zookeeper", "etcd", "filesystem"] as const;
const TRUSTED_PROXIES = "127.0.0.1,::1";

const HELP = `
Serves the web console for many products, and hands what it asks to their dashboards. It keeps no secret and no
password: users, roles and the audit log are those of each product. Products come from one of:
  --dashboard-list=FILE   JSON as codis admin --dashboard-list prints it, read again every 5 seconds
  --zookeeper, --etcd, --filesystem   every product of that coordinator that has a dashboard

Example: codis fe --listen 127.0.0.1:8080 --filesystem /var/lib/codis`;

/** Reads the arguments that follow `codis fe`. Throws USAGE. */
export function parseFeArgs(argv: readonly string[]): FeOrder {
  const parsed = parseFlags(createCommand(), argv, []);
  if (parsed.kind === "print") {
    return parsed;
  }
  const { flags } = parsed;
  if (flags.has("version")) {
    return { kind: "print", text: `version: ${VERSION}\nruntime: ${RUNTIME}\n` };
  }
  readCount(flags, "ncpu");
  return {
    kind: "run",
    options: {
      listen: readListen(flags),
      source: readSource(flags),
      assetsDir: flags.get("assets-dir"),
      basePath: readBasePath(flags),
      trustedProxies: readTrustedProxies(flags),
      logFile: flags.get("log"),
      logLevel: readLogLevel(flags),
      pidFile: flags.get("pidfile"),
    },
  };
}

function createCommand(): Command {
  return new Command("codis fe")
    .description("The web console for many products.")
    .allowExcessArguments(false)
    .option("--listen <addr>", "address to listen on (host:port); needed")
    .option("-d, --dashboard-list <file>", "JSON file with products and their dashboards")
    .option("--zookeeper <addr>", "find them in ZooKeeper")
    .option("--zookeeper-auth <user:password>", "login for it")
    .option("--etcd <addr>", "find them in etcd")
    .option("--etcd-auth <user:password>", "login for it")
    .option("--filesystem <root>", "find them in a folder")
    .option("--base-path <path>", "path of the console behind a reverse proxy (default: /)")
    .option(
      "--trusted-proxies <list>",
      `reverse proxies whose X-Forwarded-For counts for limits (default: ${TRUSTED_PROXIES})`,
    )
    .option("--assets-dir <dir>", "folder of the built console (default: that of this program)")
    .option("--ncpu <n>", "accepted as in Codis; fe is one process")
    .option("-l, --log <file>", "log file; a new one each day, named FILE.YYYY-MM-DD")
    .option("--log-level <level>", `${LOG_LEVELS.join(", ").toUpperCase()} (default: INFO)`)
    .option("--pidfile <file>", "write the process id here")
    .option("--version", "print the version and exit")
    .addHelpText("after", HELP);
}

function readListen(flags: Flags): string {
  const text = flags.get("listen");
  if (text === undefined) {
    throw new CodisError(
      "USAGE",
      "--listen=ADDR is needed: the address to listen on, host:port like 127.0.0.1:8080",
    );
  }
  if (parseListenAddr(text) === undefined) {
    throw new CodisError("USAGE", `invalid --listen=${text}: expected host:port`);
  }
  return text;
}

function readSource(flags: Flags): ListSource {
  const name = refuseSeveral(flags, SOURCE_FLAGS, "products come from one place");
  refuseStrayLogin(flags);
  const kind = SOURCE_FLAGS.find((each) => each === name);
  const value = flags.get(kind ?? "") ?? "";
  if (kind === undefined) {
    throw new CodisError(
      "USAGE",
      "one of --dashboard-list, --zookeeper, --etcd and --filesystem is needed: where the products are",
    );
  }
  return kind === "dashboard-list"
    ? { kind: "file", path: value }
    : { kind, addr: value, auth: flags.get(`${kind}-auth`) ?? "" };
}

function readBasePath(flags: Flags): string {
  const text = flags.get("base-path") ?? "/";
  const path = parseBasePath(text);
  if (path === undefined) {
    throw new CodisError("USAGE", `invalid --base-path=${text}: expected a path like /ops/codis/`);
  }
  return path;
}

function readTrustedProxies(flags: Flags): TrustedProxies {
  const text = flags.get("trusted-proxies") ?? TRUSTED_PROXIES;
  const proxies = TrustedProxies.parse(text);
  if (proxies === undefined) {
    throw new CodisError(
      "USAGE",
      `invalid --trusted-proxies=${text}: expected addresses and networks with commas`,
    );
  }
  return proxies;
}
