/**
 * What a proxy says of itself: the model that a dashboard reads at `/api/proxy/model` and stores in the
 * coordinator, and the token that identifies the proxy. JSON form and token follow Codis 3.2.
 */
import { createHash } from "node:crypto";
import { hostname, networkInterfaces } from "node:os";
import { formatGoTime } from "../base/go-time.ts";
import { parseServerAddr } from "./address.ts";
import { RecordReader } from "./json-record.ts";
import { birthOfThisProcess, formatProcessBirth } from "./local-process.ts";
import { systemName } from "./local-system.ts";
import { FORWARD_METHOD } from "./slot.ts";

/** A proxy; addresses are the ones to tell to others. */
export interface ProxyModel {
  readonly token: string;
  /** In Go's format, for people. */
  readonly startTime: string;
  readonly adminAddr: string;
  readonly protoType: string;
  readonly proxyAddr: string;
  /** Path of its registration for clients; empty when it isn't registered. */
  readonly jodisPath: string;
  readonly productName: string;
  readonly pid: number;
  /** Working folder. */
  readonly pwd: string;
  /** System, as `uname -a` names it. */
  readonly sys: string;
  readonly hostname: string;
  readonly datacenter: string;
  /** Ways to reach keys of moving slots that it says it knows (`forward_method`); empty: it doesn't say. */
  readonly forwardMethods: readonly number[];
  /** `ProcessBirth` of the process `pid` as text; absent: it doesn't say, so nobody can know whether it is gone. */
  readonly processBirth?: string;
  /** It can be given a login of its own for the servers (`PUT /api/proxy/login`). */
  readonly takesLogin?: boolean;
}

/** The model in JSON, fields in the order of Codis. `id` is given by the dashboard that stores it. */
export interface ProxyModelJson {
  id?: number;
  token: string;
  start_time: string;
  admin_addr: string;
  proto_type: string;
  proxy_addr: string;
  jodis_path?: string;
  product_name: string;
  pid: number;
  pwd: string;
  sys: string;
  hostname: string;
  datacenter: string;
  forward_methods?: readonly number[];
  process_birth?: string;
  takes_login?: boolean;
}

/** The JSON of a model; `jodis_path`, and what isn't known to Codis, are omitted when empty. */
export function proxyModelToJson(model: ProxyModel): ProxyModelJson {
  return {
    token: model.token,
    start_time: model.startTime,
    admin_addr: model.adminAddr,
    proto_type: model.protoType,
    proxy_addr: model.proxyAddr,
    ...(model.jodisPath === "" ? {} : { jodis_path: model.jodisPath }),
    product_name: model.productName,
    pid: model.pid,
    pwd: model.pwd,
    sys: model.sys,
    hostname: model.hostname,
    datacenter: model.datacenter,
    ...(model.forwardMethods.length === 0 ? {} : { forward_methods: model.forwardMethods }),
    ...(model.processBirth === undefined ? {} : { process_birth: model.processBirth }),
    ...(model.takesLogin === true ? { takes_login: true } : {}),
  };
}

/** A token, as it becomes part of paths; those of Codis are 32 hex digits. */
const PROXY_TOKEN = /^\w[\w-]{0,127}$/;

/** Whether the text can be the token of a proxy. */
export function isProxyToken(text: string): boolean {
  return PROXY_TOKEN.test(text);
}

/**
 * Checks JSON of a model, for example a proxy's answer; `source` begins error lines. Other fields are
 * ignored. Throws `MODEL_INVALID`.
 */
export function decodeProxyModel(value: unknown, source: string): ProxyModel {
  return readProxyModel(new RecordReader(value, source));
}

/** The same for a caller that reads more fields of the object. */
export function readProxyModel(fields: RecordReader): ProxyModel {
  const processBirth = fields.text("process_birth");
  const takesLogin = fields.flag("takes_login");
  return {
    token: fields.textLike("token", isProxyToken, "1 to 128 letters, digits, _ and -"),
    startTime: fields.text("start_time"),
    adminAddr: fields.textLike(
      "admin_addr",
      (text) => parseServerAddr(text) !== undefined,
      'host:port like "127.0.0.1:11080"',
    ),
    protoType: fields.text("proto_type"),
    // Not always host:port: the proxy may listen on a unix socket.
    proxyAddr: fields.text("proxy_addr"),
    jodisPath: fields.text("jodis_path"),
    productName: fields.text("product_name"),
    pid: fields.int("pid", 0, Number.MAX_SAFE_INTEGER),
    pwd: fields.text("pwd"),
    sys: fields.text("sys"),
    hostname: fields.text("hostname"),
    datacenter: fields.text("datacenter"),
    forwardMethods: fields.intList("forward_methods", 0, 255),
    ...(processBirth === "" ? {} : { processBirth }),
    ...(takesLogin ? { takesLogin } : {}),
  };
}

/** What tells one process of a proxy from the next. */
export function processOf(model: Pick<ProxyModel, "pid" | "startTime">): string {
  return `${model.pid} ${model.startTime}`;
}

/** What the model needs that isn't known by the machine. */
export interface ProxyModelFacts {
  readonly productName: string;
  readonly protoType: string;
  readonly datacenter: string;
  /** Addresses to tell to others. */
  readonly adminAddr: string;
  readonly proxyAddr: string;
  /** Addresses that are listened on; the token is made of them. */
  readonly adminListenAddr: string;
  readonly proxyListenAddr: string;
  readonly startedAtMs: number;
}

/** The model of this process on this machine. */
export function describeThisProxy(facts: ProxyModelFacts): ProxyModel {
  const host = hostname();
  const birth = birthOfThisProcess();
  return {
    token: createProxyToken(
      localMacAddrs(),
      facts.productName,
      facts.proxyListenAddr,
      facts.adminListenAddr,
    ),
    startTime: formatGoTime(facts.startedAtMs, Math.max(0, process.uptime())),
    adminAddr: facts.adminAddr,
    protoType: facts.protoType,
    proxyAddr: facts.proxyAddr,
    jodisPath: "",
    productName: facts.productName,
    pid: process.pid,
    pwd: process.cwd(),
    sys: systemName(),
    hostname: host,
    datacenter: facts.datacenter,
    forwardMethods: Object.values(FORWARD_METHOD),
    ...(birth === undefined ? {} : { processBirth: formatProcessBirth(birth) }),
    takesLogin: true,
  };
}

/**
 * Identity of a proxy: 32 hex digits that stay the same over restarts on one machine with the same
 * product and ports, so that a dashboard knows a restarted proxy again. `macAddrs` is sorted here.
 */
export function createProxyToken(
  macAddrs: readonly string[],
  productName: string,
  proxyListenAddr: string,
  adminListenAddr: string,
): string {
  const macs = [...macAddrs].sort().join(" ");
  return createHash("md5")
    .update(`Codis-Token@[${macs}]-${productName}-${proxyListenAddr}-${adminListenAddr}`)
    .digest("hex");
}

/** Hardware addresses of this machine's interfaces, without loopback, each once. */
function localMacAddrs(): readonly string[] {
  const macs = new Set<string>();
  for (const addrs of Object.values(networkInterfaces())) {
    for (const { mac } of addrs ?? []) {
      if (mac !== "" && mac !== "00:00:00:00:00:00") {
        macs.add(mac);
      }
    }
  }
  return [...macs];
}
