/**
 * Whom a command of `codis config` works with: the file that it reads (`-c FILE`, or `config.ini` in the current
 * folder), the dashboard that the file names, and the coordinator. Without a file it is the dashboard of
 * `codis up`, so that the commands can be tried there.
 */
import { existsSync } from "node:fs";
import { callHttp } from "../../api/http-call.ts";
import { LEGACY_CHANGES, type LegacyChangeName } from "../../api/legacy-route.ts";
import { TopomClient } from "../../api/topom-client.ts";
import { V1Client } from "../../api/v1-client.ts";
import type { V1Product } from "../../api/v1-topology-schema.ts";
import { CodisError, isCodisError } from "../../base/error.ts";
import { type LegacyFile, readLegacyFile } from "../../config/legacy-config.ts";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import { openCoordinator } from "../../coordinator/open.ts";
import { parseServerAddr } from "../../model/address.ts";
import { DEFAULT_DASHBOARD } from "../noun/program.ts";

/** Read when no `-c` is given and it is there. */
export const DEFAULT_FILE = "config.ini";
const COORDINATOR_TIMEOUT_MS = 5_000;
/** For a call of the old API. */
const CHANGE_TIMEOUT_MS = 60_000;

/** A dashboard that answers, and is that of the product. */
export interface ConfigTarget {
  readonly client: V1Client;
  readonly topom: TopomClient;
  /** Calls a path of Codis 2.0 that changes something. */
  readonly change: (name: LegacyChangeName, body?: unknown) => Promise<void>;
  readonly product: V1Product;
}

/** The file to go by; undefined when none is named and there is no `config.ini`. Throws as its reader. */
export function findFile(flag: string | undefined): LegacyFile | undefined {
  if (flag !== undefined) {
    return readLegacyFile(flag);
  }
  return existsSync(DEFAULT_FILE) ? readLegacyFile(DEFAULT_FILE) : undefined;
}

/**
 * Asks the dashboard for its product. Rejects with one line and the next step when it doesn't answer, or when
 * it is another product's.
 */
export async function reachDashboard(file: LegacyFile | undefined): Promise<ConfigTarget> {
  const { addr, origin } = dashboardOf(file);
  const token = process.env["CODIS_TOKEN"];
  const client = new V1Client({ addr, token });
  let product: V1Product;
  try {
    product = await client.product();
  } catch (thrown) {
    throw explain(thrown, file, addr, origin);
  }
  if (file !== undefined && product.name !== file.config.product) {
    throw new CodisError(
      "CONFIG_INVALID",
      `the dashboard ${addr} (${origin}) is the one of product "${product.name}", but product is ` +
        `"${file.config.product}" (${file.originOf("product")})`,
    );
  }
  const change = async (name: LegacyChangeName, body?: unknown): Promise<void> => {
    const { method, path } = LEGACY_CHANGES[name];
    await callHttp({
      addr,
      method,
      path,
      shownPath: path,
      timeoutMs: CHANGE_TIMEOUT_MS,
      ...(body === undefined ? {} : { body }),
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    });
  };
  return { client, topom: new TopomClient({ addr, token }), change, product };
}

/** Opens the coordinator of the file; the caller closes it. */
export function openStore({ config }: LegacyFile): Promise<Coordinator> {
  return openCoordinator({
    kind: config.coordinator,
    addr: config.zk,
    auth: "",
    operationTimeoutMs: COORDINATOR_TIMEOUT_MS,
  });
}

function dashboardOf(file: LegacyFile | undefined): {
  readonly addr: string;
  readonly origin: string;
} {
  if (file !== undefined) {
    const origin = `dashboard_addr, ${file.originOf("dashboard_addr")}`;
    return { addr: file.config.dashboardAddr, origin };
  }
  const text = process.env["CODIS_DASHBOARD"];
  if (text === undefined) {
    return { addr: DEFAULT_DASHBOARD, origin: "the default, because there is no config.ini" };
  }
  if (parseServerAddr(text) === undefined) {
    throw new CodisError("USAGE", `invalid CODIS_DASHBOARD=${text}: expected host:port`);
  }
  return { addr: text, origin: "CODIS_DASHBOARD" };
}

/** A failure of the first call, with what to do about it. */
function explain(
  thrown: unknown,
  file: LegacyFile | undefined,
  addr: string,
  origin: string,
): unknown {
  if (isCodisError(thrown, "UNAUTHENTICATED")) {
    const message = `${addr} wants a token of a user: put it in the environment variable CODIS_TOKEN`;
    return new CodisError("UNAUTHENTICATED", message, { cause: thrown });
  }
  if (!isCodisError(thrown, "REMOTE_UNREACHABLE")) {
    return thrown;
  }
  const next =
    file === undefined
      ? "name the right file with -c config.ini, or start a cluster with codis up"
      : `start it with codis config -c ${file.path} dashboard`;
  const message = `no dashboard answers at ${addr} (${origin}); ${next}`;
  return new CodisError("REMOTE_UNREACHABLE", message, { cause: thrown });
}
