/**
 * The configuration of a proxy from values of a file and of flags: its table of keys, and the rules that
 * concern several of them. The checks themselves are those of every program (`src/config/check.ts`).
 */

import { isIPv4, isIPv6 } from "node:net";
import {
  type CheckRules,
  type GivenValues,
  KeyTable,
  type LoadedConfig,
} from "../../config/check.ts";
import { isUnixPath, parseListenAddr, parseServerAddr } from "../../model/address.ts";
import { isProductName, PRODUCT_NAME_RULE } from "../../model/product.ts";
import { PROXY_KEYS, type ProxyConfig } from "./key.ts";

type Fail = (key: string, expected: string) => never;

const TABLE = new KeyTable<ProxyConfig>(PROXY_KEYS);

const RULES: CheckRules<ProxyConfig> = {
  check: applyRules,
  explain: (spec, raw, expected) =>
    spec.name === "proto_type" && raw === "unixpacket"
      ? `${expected}; clients of Redis can't speak over a packet socket`
      : expected,
};

/** The configuration of an empty file; `changes` replace fields, unchecked (tests, composition). */
export function defaultProxyConfig(changes: Partial<ProxyConfig> = {}): ProxyConfig {
  return TABLE.defaults(changes);
}

/**
 * Checks values and fills in defaults. With `isStrict` an unknown key is an error, else a warning.
 * Throws `CONFIG_INVALID`.
 */
export function checkProxyConfig(given: GivenValues, isStrict: boolean): LoadedConfig<ProxyConfig> {
  const { config, warnings } = TABLE.check(given, isStrict, RULES);
  if (config.protoType === "unix" && config.workers > 1) {
    const line =
      `workers = ${config.workers}: proto_type "unix" means one worker, because a socket file ` +
      "can't be shared; using 1";
    return {
      config: defaultProxyConfig({ ...config, workers: 1 }),
      warnings: [...warnings, line],
    };
  }
  return { config, warnings };
}

/** The configuration as the `config` object of `GET /proxy`: keys of Codis first, no passwords. */
export function configToJson(config: ProxyConfig): Record<string, string | number | boolean> {
  return TABLE.toJson(config);
}

function applyRules(config: ProxyConfig, fail: Fail): void {
  if (!isProductName(config.productName)) {
    // The words in brackets are Codis's own, for whoever searches for them.
    fail("product_name", `${PRODUCT_NAME_RULE} (bad product name = ${config.productName})`);
  }
  const admin = parseListenAddr(config.adminAddr);
  if (admin === undefined) {
    fail("admin_addr", 'host:port like "0.0.0.0:11080"');
  }
  if (config.protoType === "unix") {
    if (!isUnixPath(config.proxyAddr)) {
      fail("proxy_addr", "the path of a socket file, at most 107 bytes long");
    }
  } else {
    checkTcpAddr(config, fail);
  }
  if (config.jodisName !== "" && config.jodisAddr === "") {
    fail("jodis_addr", `the address of ${config.jodisName}, because jodis_name is set`);
  }
  if (config.jodisAuth !== "" && !/^[^:]+:/.test(config.jodisAuth)) {
    fail("jodis_auth", "user:password");
  }
  checkMetricsPush(config, fail);
  if (config.sessionSoftOutputBytes > config.sessionMaxOutputBytes) {
    fail("session_soft_output_size", "at most session_max_output_size");
  }
}

function checkTcpAddr(config: ProxyConfig, fail: Fail): void {
  const addr = parseListenAddr(config.proxyAddr);
  if (addr === undefined) {
    fail("proxy_addr", 'host:port like "0.0.0.0:19000"');
  } else if (config.protoType === "tcp4" && isIPv6(addr.host)) {
    fail("proxy_addr", 'an IPv4 address, because proto_type is "tcp4"; "tcp" takes both');
  } else if (config.protoType === "tcp6" && isIPv4(addr.host)) {
    fail("proxy_addr", 'an IPv6 address like "[::]:19000", because proto_type is "tcp6"');
  } else if (addr.port !== 0 && config.proxyAddr === config.adminAddr) {
    fail("proxy_addr", "another address than admin_addr");
  }
}

function checkMetricsPush(config: ProxyConfig, fail: Fail): void {
  if (!isUrlOrEmpty(config.metricsReportServer)) {
    fail("metrics_report_server", 'a URL like "http://10.0.0.1:8000/codis"');
  }
  if (!isUrlOrEmpty(config.metricsReportInfluxdbServer)) {
    fail("metrics_report_influxdb_server", 'a URL like "http://10.0.0.1:8086"');
  }
  if (config.metricsReportInfluxdbServer !== "" && config.metricsReportInfluxdbDatabase === "") {
    fail(
      "metrics_report_influxdb_database",
      "the name of a database, because metrics_report_influxdb_server is set",
    );
  }
  const statsd = config.metricsReportStatsdServer;
  if (statsd !== "" && parseServerAddr(statsd) === undefined) {
    fail("metrics_report_statsd_server", 'host:port like "10.0.0.1:8125"');
  }
}

function isUrlOrEmpty(text: string): boolean {
  return text === "" || (/^https?:\/\//i.test(text) && URL.canParse(text));
}
