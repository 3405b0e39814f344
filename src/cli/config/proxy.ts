/**
 * `codis config proxy …`: proxies by their names. A proxy that was started as those of Codis 2.0
 * (`codis-proxy -c config.ini`) makes a node with its name in the coordinator and waits; `online` has the
 * dashboard take it, which gives it the slots. `offline` ends it: as in 2.0, its process exits.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Client } from "../../api/v1-client.ts";
import type { V1Proxy } from "../../api/v1-topology-schema.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { LegacyFile } from "../../config/legacy-config.ts";
import type { NodeReader } from "../../coordinator/coordinator.ts";
import { parseServerAddr } from "../../model/address.ts";
import {
  decodeLegacyProxy,
  type LegacyProxyJson,
  type LegacyProxyRecord,
  legacyProxyFolder,
  legacyProxyJson,
  legacyProxyName,
} from "../../model/legacy-proxy-record.ts";
import { argumentAt } from "../noun/argument.ts";
import { type ConfigCall, type ConfigNoun, OK } from "./program.ts";
import { type ConfigTarget, openStore } from "./target.ts";

const SEEN_TIMEOUT_MS = 5_000;
const SEEN_PAUSE_MS = 100;

/** A proxy that somebody knows. */
interface KnownProxy {
  readonly json: LegacyProxyJson;
  /** Its entry of the dashboard; undefined: it waits to be brought online. */
  readonly registered: V1Proxy | undefined;
}

/** See the file head. */
export const PROXY: ConfigNoun = {
  name: "proxy",
  summary: "proxies: what applications connect to",
  verbs: [
    {
      use: "list",
      summary: "all proxies, those that wait as well",
      run: async (call) => {
        const proxies = await findProxies(call, await call.dashboard());
        return proxies.map(({ json }) => json);
      },
    },
    {
      use: "online <proxy_name>",
      summary: "have a proxy serve: its proxy_id, its token, or its address",
      run: bringOnline,
    },
    {
      use: "offline <proxy_name>",
      summary: "end a proxy: its process exits",
      run: takeOffline,
    },
  ],
};

/** Reads the proxies that have made a node, in order of their names. A node that can't be read is told. */
export async function readWaiting(
  store: NodeReader,
  product: string,
  note: (line: string) => void,
): Promise<readonly LegacyProxyRecord[]> {
  const proxies: LegacyProxyRecord[] = [];
  for (const { path, data } of await store.readChildren(legacyProxyFolder(product))) {
    try {
      const proxy = decodeLegacyProxy(data, path);
      if (proxy !== undefined) {
        proxies.push(proxy);
      }
    } catch (thrown) {
      note(messageOf(thrown));
    }
  }
  return proxies;
}

/** The proxies of the dashboard, then those that wait. */
export function mergeProxies(
  product: string,
  registered: readonly V1Proxy[],
  waiting: readonly LegacyProxyRecord[],
): readonly KnownProxy[] {
  const known = registered.map((proxy): KnownProxy => {
    const model = {
      token: proxy.token,
      proxyAddr: proxy.proxy_addr,
      adminAddr: proxy.admin_addr,
      jodisPath: proxy.jodis_path,
      productName: product,
      pid: proxy.pid,
      startTime: proxy.start_time,
    };
    const name = legacyProxyName(model) ?? `proxy_${proxy.id}`;
    const state = proxy.status === "online" ? "online" : "offline";
    return { json: legacyProxyJson(name, state, model), registered: proxy };
  });
  const addrs = new Set(registered.map((proxy) => proxy.admin_addr));
  const others = waiting.filter((proxy) => !addrs.has(proxy.adminAddr));
  return [
    ...known,
    ...others.map((proxy): KnownProxy => {
      const json = legacyProxyJson(proxy.name, proxy.isOnline ? "online" : "offline", {
        ...proxy,
        proxyAddr: proxy.addr,
      });
      return { json, registered: undefined };
    }),
  ];
}

/** The one with this name, token or address, or with this number of the dashboard. */
export function chooseProxy(proxies: readonly KnownProxy[], name: string): KnownProxy | undefined {
  return (
    proxies.find(({ json }) => json.id === name) ??
    proxies.find(
      ({ json, registered }) =>
        [json.description, json.addr, json.debug_var_addr].includes(name) ||
        (registered !== undefined && `${registered.id}` === name),
    )
  );
}

async function bringOnline(call: ConfigCall<object>): Promise<typeof OK> {
  const name = argumentAt(call.args, 0);
  const target = await call.dashboard();
  const found = chooseProxy(await findProxies(call, target), name);
  const adminAddr = found?.json.debug_var_addr ?? name;
  if (found === undefined && parseServerAddr(name) === undefined) {
    throw unknownProxy(name, call.file);
  }
  const { token } = await target.client.addProxy({ admin_addr: adminAddr, update: true });
  await waitUntilSeen(call, target.client, token, name);
  return OK;
}

/** A list that is asked for next shall show it online: the dashboard looks at its proxies every second. */
async function waitUntilSeen(
  { note }: ConfigCall<object>,
  client: V1Client,
  token: string,
  name: string,
): Promise<void> {
  const endsAtMs = performance.now() + SEEN_TIMEOUT_MS;
  while ((await client.proxy(token)).status !== "online") {
    if (performance.now() >= endsAtMs) {
      note(
        `the dashboard has taken ${name}, but doesn't see it online yet: codis config proxy list`,
      );
      return;
    }
    await sleep(SEEN_PAUSE_MS);
  }
}

async function takeOffline(call: ConfigCall<object>): Promise<typeof OK> {
  const name = argumentAt(call.args, 0);
  const target = await call.dashboard();
  const found = chooseProxy(await findProxies(call, target), name);
  if (found === undefined) {
    // As in 2.0: the start scripts take a proxy offline that may not be there.
    call.note(`there is no proxy ${name}: nothing to do`);
    return OK;
  }
  if (found.registered === undefined) {
    const { debug_var_addr: addr, pid } = found.json;
    call.note(`${name} at ${addr} isn't online; it waits, as process ${pid}`);
    return OK;
  }
  try {
    await target.client.removeProxy(found.registered.token, { force: false });
  } catch (thrown) {
    throw explainRemoval(thrown, name, found.registered);
  }
  return OK;
}

/** A proxy that can't be told to end may serve on with old slots: only its operator knows that it is gone. */
function explainRemoval(thrown: unknown, name: string, proxy: V1Proxy): unknown {
  if (!isCodisError(thrown, "PROXY_CALL_FAILED")) {
    return thrown;
  }
  return new CodisError(
    "PROXY_CALL_FAILED",
    `${name} at ${proxy.admin_addr} can't be told to end; if its process is gone: ` +
      `codis proxy remove ${proxy.id} --force --yes`,
    { cause: thrown },
  );
}

/** All proxies. Without a file there is no coordinator to look into. */
async function findProxies(
  { file, note }: Pick<ConfigCall<object>, "file" | "note">,
  { client, product }: ConfigTarget,
): Promise<readonly KnownProxy[]> {
  const [registered, waiting] = await Promise.all([
    client.proxies(),
    file === undefined ? [] : lookForWaiting(file, note),
  ]);
  return mergeProxies(product.name, registered, waiting);
}

async function lookForWaiting(
  file: LegacyFile,
  note: (line: string) => void,
): Promise<readonly LegacyProxyRecord[]> {
  const store = await openStore(file);
  try {
    return await readWaiting(store, file.config.product, note);
  } catch (thrown) {
    note(`only the proxies that the dashboard knows, because ${messageOf(thrown)}`);
    return [];
  } finally {
    await store.close();
  }
}

function unknownProxy(name: string, file: LegacyFile | undefined): CodisError {
  const next =
    file === undefined
      ? "give the address of its admin port, or a config.ini (-c) with the coordinator that it is in"
      : `start it with codis-proxy -c ${file.path}; codis config proxy list shows those that run`;
  return new CodisError("NOT_FOUND", `there is no proxy ${name}; ${next}`);
}
