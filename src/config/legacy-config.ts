/**
 * The configuration of Codis 1.9 and 2.0, `config.ini`: one file for the command line (`codis config`), the
 * dashboard and the proxy of those days. Its table of keys, with their old names and defaults, and the checks.
 * Where programs of today have a key of another name for the same, they translate it themselves.
 */
import { CodisError } from "../base/error.ts";
import { parseServerAddr } from "../model/address.ts";
import { isProductName, PRODUCT_NAME_RULE } from "../model/product.ts";
import { KeyTable, WITHOUT_EFFECT } from "./check.ts";
import { type IniFile, readIniFile } from "./ini-file.ts";
import type { ConfigOf, KeySpec } from "./key-spec.ts";

const BUFSIZE = "buffers grow and shrink with what is in them";
/** Longest session of ZooKeeper that makes sense: an hour. */
const SESSION_MS_MAX = 3_600_000;
/** Up to here `zk_session_timeout` is a number of seconds. */
const SESSION_SECONDS_MAX = 100;
const MS_PER_SECOND = 1_000;
/** Names of proxies become names of nodes in the coordinator. */
const PROXY_NAME = /^\w[\w.-]{0,127}$/;

/** Keys of `config.ini`, in the order of the sample file. */
export const LEGACY_KEYS = [
  {
    name: "coordinator",
    field: "coordinator",
    kind: "string",
    fallback: "zookeeper",
    section: "All programs",
    choices: ["zookeeper", "etcd"],
    doc: "Where the product is kept: zookeeper, or etcd (version 3).",
  },
  {
    name: "zk",
    field: "zk",
    kind: "string",
    fallback: "localhost:2181",
    section: "All programs",
    doc: "Addresses of ZooKeeper or etcd, host:port,host:port.",
  },
  {
    name: "product",
    field: "product",
    kind: "string",
    fallback: "test",
    section: "All programs",
    doc: "Name of the product.",
  },
  {
    name: "dashboard_addr",
    field: "dashboardAddr",
    kind: "string",
    fallback: "127.0.0.1:18087",
    section: "All programs",
    doc: "Where the dashboard is, host:port.",
  },
  {
    name: "password",
    field: "password",
    kind: "string",
    fallback: "",
    section: "All programs",
    isSecret: true,
    doc: "Password of the Redis servers (requirepass); clients of the proxy give it too.",
  },
  {
    name: "backend_ping_period",
    field: "backendPingPeriodMs",
    kind: "duration",
    fallback: 5,
    section: "Proxies",
    doc: "An idle connection to a server is checked this often, seconds.",
  },
  {
    name: "session_max_timeout",
    field: "sessionMaxTimeoutMs",
    kind: "duration",
    fallback: 1800,
    section: "Proxies",
    doc: "A client that sends nothing for so many seconds is closed; 0 is never.",
  },
  {
    name: "session_max_bufsize",
    field: "sessionMaxBufsizeBytes",
    kind: "size",
    fallback: 131_072,
    section: WITHOUT_EFFECT,
    doc: "Buffer for each client, bytes.",
    withoutEffect: BUFSIZE,
  },
  {
    name: "session_max_pipeline",
    field: "sessionMaxPipeline",
    kind: "int",
    fallback: 1024,
    section: "Proxies",
    max: 16_777_216,
    doc: "Requests of one client that wait for their replies; with more, reading from it pauses.",
  },
  {
    name: "zk_session_timeout",
    field: "zkSessionTimeout",
    kind: "int",
    fallback: 30_000,
    section: "Proxies",
    min: 1,
    max: SESSION_MS_MAX,
    doc: "So long after a proxy was killed its registration vanishes: ms, up to 100 seconds.",
  },
  {
    name: "proto",
    field: "proto",
    kind: "string",
    fallback: "tcp",
    section: "Proxies",
    choices: ["tcp", "tcp4", "tcp6"],
    doc: "How clients connect.",
  },
  {
    name: "proxy_id",
    field: "proxyId",
    kind: "string",
    fallback: "",
    section: "Proxies",
    doc: "Name of the proxy, another one for each.",
  },
] as const satisfies readonly KeySpec[];

/** The checked values. `zkSessionTimeout` is as it was written: see `sessionTimeoutMs`. */
export type LegacyConfig = ConfigOf<(typeof LEGACY_KEYS)[number]>;

/** A checked file. */
export interface LegacyFile {
  readonly path: string;
  readonly config: LegacyConfig;
  /** `path:line` of a key, the path alone when the default counts. */
  readonly originOf: (key: string) => string;
  readonly warnings: readonly string[];
  /** Lines about keys that do nothing any more: for proxies, whose keys they are. */
  readonly withoutEffect: readonly string[];
}

const TABLE = new KeyTable<LegacyConfig>(LEGACY_KEYS);
const IDLE_KEYS: ReadonlySet<string> = new Set(
  LEGACY_KEYS.filter((spec) => "withoutEffect" in spec).map((spec) => spec.name),
);

/** Reads and checks a file. Throws `CONFIG_UNREADABLE` or `CONFIG_INVALID` with one line. */
export function readLegacyFile(path: string): LegacyFile {
  return checkLegacyFile(readIniFile(path));
}

/** Checks the values of a file. Throws `CONFIG_INVALID`. */
export function checkLegacyFile(file: IniFile): LegacyFile {
  const values = new Map([...file.values].map(([key, text]) => [key, readValue(key, text)]));
  const { path, originOf } = file;
  const rules = { check: applyRules, explain };
  const { config, warnings: all } = TABLE.check({ values, originOf }, false, rules);
  const useful = new Map([...values].filter(([key]) => !IDLE_KEYS.has(key)));
  const { warnings } = TABLE.check({ values: useful, originOf }, false, rules);
  return {
    path,
    config,
    originOf,
    warnings: [...file.warnings, ...warnings],
    withoutEffect: all.filter((line) => !warnings.includes(line)),
  };
}

/** How long a registration outlives a killed proxy, ms. */
export function sessionTimeoutMs({ zkSessionTimeout: value }: LegacyConfig): number {
  return value <= SESSION_SECONDS_MAX ? value * MS_PER_SECOND : value;
}

/** The name of the proxy. Throws `CONFIG_INVALID` when the file has none. */
export function proxyNameOf(file: LegacyFile): string {
  if (file.config.proxyId === "") {
    throw new CodisError(
      "CONFIG_INVALID",
      `${file.path}: proxy_id is missing: each proxy needs a name of its own, like proxy_id=proxy_1`,
    );
  }
  return file.config.proxyId;
}

/** All values are texts in the file; the table wants numbers where it says so. */
function readValue(key: string, text: string): string | number {
  const spec = LEGACY_KEYS.find((known) => known.name === key);
  return spec?.kind === "int" && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function explain(spec: KeySpec, _raw: unknown, expected: string): string {
  switch (spec.name) {
    case "backend_ping_period":
    case "session_max_timeout":
      return "a number of seconds, 0 or more";
    case "session_max_bufsize":
      return "a number of bytes";
    case "coordinator":
      return "zookeeper or etcd, without quotes";
    default:
      return expected;
  }
}

function applyRules(config: LegacyConfig, fail: (key: string, expected: string) => never): void {
  if (!isProductName(config.product)) {
    fail("product", PRODUCT_NAME_RULE);
  }
  if (config.zk === "") {
    fail("zk", "addresses like localhost:2181,10.0.0.2:2181");
  }
  if (parseServerAddr(config.dashboardAddr) === undefined) {
    fail("dashboard_addr", "host:port like localhost:18087");
  }
  if (config.proxyId !== "" && !PROXY_NAME.test(config.proxyId)) {
    fail("proxy_id", "a name of letters, digits, _ . and - like proxy_1");
  }
}
