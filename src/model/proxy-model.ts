/**
 * What a proxy says of itself: the model that a dashboard reads at `/api/proxy/model` and stores in the
 * coordinator, and the token that identifies the proxy. JSON form and token follow Codis 3.2.
 */
import { createHash } from "node:crypto";
import { hostname, machine, networkInterfaces, release, type } from "node:os";
import { formatGoTime } from "../base/go-time.ts";

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
}

/** The JSON of a model; `jodis_path` is omitted when it is empty. */
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
  };
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
    sys: `${type()} ${host} ${release()} ${machine()} GNU/Linux`,
    hostname: host,
    datacenter: facts.datacenter,
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
export function localMacAddrs(): readonly string[] {
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
