/**
 * The configuration of a dashboard from values of a file and of flags: its table of keys, and the rules
 * that concern several of them. The checks themselves are those of every program (`src/config/check.ts`).
 */
import { type GivenValues, KeyTable, type LoadedConfig } from "../../config/check.ts";
import { parseBasePath } from "../../console/base-path.ts";
import { TrustedProxies } from "../../console/trusted-proxy.ts";
import { parseListenAddr } from "../../model/address.ts";
import { isProductName, PRODUCT_NAME_RULE } from "../../model/product.ts";
import { DASHBOARD_KEYS, type DashboardConfig } from "./key.ts";

const TABLE = new KeyTable<DashboardConfig>(DASHBOARD_KEYS);

/** The configuration of an empty file; `changes` replace fields, unchecked (tests, composition). */
export function defaultDashboardConfig(changes: Partial<DashboardConfig> = {}): DashboardConfig {
  return TABLE.defaults(changes);
}

/**
 * Checks values and fills in defaults. With `isStrict` an unknown key is an error, else a warning.
 * Throws `CONFIG_INVALID`.
 */
export function checkDashboardConfig(
  given: GivenValues,
  isStrict: boolean,
): LoadedConfig<DashboardConfig> {
  return TABLE.check(given, isStrict, { check: applyRules });
}

/** The configuration as the `config` object of `GET /topom`: keys of Codis first, no passwords. */
export function dashboardConfigToJson(
  config: DashboardConfig,
): Record<string, string | number | boolean> {
  return TABLE.toJson(config);
}

function applyRules(config: DashboardConfig, fail: (key: string, expected: string) => never): void {
  if (!isProductName(config.productName)) {
    // The words in brackets are Codis's own, for whoever searches for them.
    fail("product_name", `${PRODUCT_NAME_RULE} (bad product name = ${config.productName})`);
  }
  if (parseListenAddr(config.adminAddr) === undefined) {
    fail("admin_addr", 'host:port like "0.0.0.0:18080"');
  }
  if (parseBasePath(config.consoleBasePath) === undefined) {
    fail("console_base_path", 'a path like "/ops/codis/", of letters, digits, - . _ ~ and /');
  }
  if (TrustedProxies.parse(config.trustedProxies) === undefined) {
    fail("trusted_proxies", 'addresses and networks with commas, like "127.0.0.1,10.0.0.0/8"');
  }
  if (config.coordinatorAddr === "") {
    fail("coordinator_addr", "host:port,host:port, or a folder for the filesystem");
  }
  if (config.coordinatorAuth !== "" && !config.coordinatorAuth.includes(":")) {
    fail("coordinator_auth", "user:password");
  }
}
