/**
 * `codis proxy list|show|add|…`: the proxies of a product. `codis proxy` with flags is the proxy itself;
 * `main.ts` tells them apart.
 */
import type { V1Client } from "../../api/v1-client.ts";
import type { V1Proxy, V1RegistrationList } from "../../api/v1-topology-schema.ts";
import { CodisError } from "../../base/error.ts";
import { formatBytes, formatErrors, formatFacts, formatTable } from "../table.ts";
import { argumentAt, readAddr } from "./argument.ts";
import type { Noun, Verb } from "./program.ts";

const WHICH = "PROXY is its id, its token, or one of its addresses.";

const ADD: Verb<{ readonly update?: boolean }> = {
  use: "add <admin-addr>",
  summary: "add a running proxy by the address of its admin port",
  options: [["--update", "take also one that is known already"]],
  run: async ({ client, args, flags }) => {
    const proxy = await client.addProxy({
      admin_addr: readAddr(argumentAt(args, 0), "address"),
      update: flags.update === true,
    });
    return { json: proxy, text: `proxy ${proxy.id} serves clients at ${proxy.proxy_addr}\n` };
  },
};

const REMOVE: Verb<{ readonly force?: boolean }> = {
  use: "remove <proxy>",
  summary: "shut a proxy down and forget it",
  options: [["--force", "forget it also when it doesn't answer"]],
  details: WHICH,
  confirm: ({ args }) => `Proxy ${argumentAt(args, 0)} will be shut down and forgotten.`,
  run: async ({ client, args, flags }) => {
    const proxy = await find(client, args);
    await client.removeProxy(proxy.token, { force: flags.force === true });
    return { json: { removed: proxy.token }, text: `proxy ${proxy.id} is removed\n` };
  },
};

const GONE: Verb = {
  use: "gone <proxy>",
  summary: "give your word that a proxy can't write any more, so that nothing waits for it",
  details:
    `${WHICH} Only for a proxy that is gone and about which the dashboard can prove\n` +
    "nothing (codis ha status shows it as unprovable): its machine is off, or cut off from the Redis servers\n" +
    "and stays so. If it still writes, clients of it write to servers that don't own the slots any more: these\n" +
    "writes are lost, though they were acknowledged. When it comes back, it refuses clients until it is filled again.",
  confirm: ({ args }) =>
    `You say that proxy ${argumentAt(args, 0)} can't write any more. If that isn't so, acknowledged writes\n` +
    "of its clients will be lost. Is its machine off, or cut off from the Redis servers?",
  run: async ({ client, args }) => {
    const proxy = await client.declareProxyGone((await find(client, args)).token);
    return { json: proxy, text: `nothing waits for proxy ${proxy.id} any more\n` };
  },
};

/** See the file head. */
export const PROXY: Noun = {
  name: "proxy",
  summary: "Proxies: what applications connect to. (codis proxy --help: the proxy itself.)",
  examples: [
    ["codis proxy --config=proxy.toml", "run a proxy; then, elsewhere:"],
    ["codis proxy add 127.0.0.1:11080", "add it by its admin address"],
    ["codis proxy list", "all proxies"],
  ],
  whenNotFound: "codis proxy list shows all",
  verbs: [
    {
      use: "list",
      summary: "all proxies",
      run: async ({ client }) => {
        const proxies = await client.proxies();
        return { json: proxies, text: proxyTable(proxies) };
      },
    },
    {
      use: "show <proxy>",
      summary: "everything about one proxy",
      details: WHICH,
      run: async ({ client, args }) => {
        const proxy = await find(client, args);
        return { json: proxy, text: describeProxy(proxy) };
      },
    },
    {
      use: "registrations",
      summary: "proxies that applications find in the coordinator, and which the product has",
      details:
        "A registered proxy that isn't stored serves by an old slot table: add it, or end it\n" +
        "(codis admin --proxy=ADMIN --shutdown).",
      run: async ({ client }) => {
        const list = await client.registrations();
        return { json: list, text: registrationTable(list) };
      },
    },
    ADD,
    {
      use: "reinit <proxy>",
      summary: "give a proxy its slots again and bring it online",
      details: WHICH,
      run: async ({ client, args }) => {
        const proxy = await client.reinitProxy((await find(client, args)).token);
        return { json: proxy, text: `proxy ${proxy.id} has the newest slots\n` };
      },
    },
    REMOVE,
    GONE,
  ],
};

function registrationTable({ items, faults }: V1RegistrationList): string {
  const head = ["CLIENTS AT", "ADMIN", "STATE", "STORED", "TOKEN", "NODE"];
  const rows = items.map((each) => [
    each.proxy_addr,
    each.admin_addr,
    each.state,
    each.stored ? "yes" : "no",
    each.token,
    each.path,
  ]);
  return formatTable([head, ...rows]) + faults.map((line) => `${line}\n`).join("");
}

function proxyTable(proxies: readonly V1Proxy[]): string {
  const head = [
    "PROXY",
    "CLIENTS AT",
    "ADMIN",
    "STATUS",
    "SLOTS",
    "FENCE",
    "SESSIONS",
    "OPS/S",
    "MEMORY",
    "TOKEN",
  ];
  const rows = proxies.map((proxy) => [
    proxy.id,
    proxy.proxy_addr,
    proxy.admin_addr,
    proxy.status,
    proxy.table,
    proxy.fence?.state,
    proxy.sessions,
    proxy.ops_per_second,
    formatBytes(proxy.memory_bytes),
    proxy.token,
  ]);
  const errors = proxies.map(({ id, error }) => [`proxy ${id}`, error] as const);
  return formatTable([head, ...rows]) + formatErrors(errors);
}

function describeProxy(proxy: V1Proxy): string {
  return formatFacts([
    ["proxy", proxy.id],
    ["token", proxy.token],
    ["clients at", proxy.proxy_addr],
    ["admin", proxy.admin_addr],
    ["status", proxy.error === null ? proxy.status : `${proxy.status}: ${proxy.error}`],
    ["slots", proxy.table],
    ["fence", describeFence(proxy.fence)],
    ["host", `${proxy.hostname}, pid ${proxy.pid}`],
    ["data center", proxy.datacenter === "" ? null : proxy.datacenter],
    ["started", proxy.start_time],
    ["registered at", proxy.jodis_path === "" ? null : proxy.jodis_path],
    ["sessions", proxy.sessions],
    ["sessions since start", proxy.sessions_opened],
    ["operations/s", proxy.ops_per_second],
    ["operations", proxy.ops],
    ["failed operations", proxy.ops_failed],
    ["errors of servers", proxy.redis_errors],
    ["memory", formatBytes(proxy.memory_bytes)],
    ["CPU", proxy.cpu === null ? null : `${(proxy.cpu * 100).toFixed(1)} %`],
    ["looked at", proxy.observed_at],
  ]);
}

function describeFence(fence: V1Proxy["fence"]): string | null {
  return fence === null || fence.state === "present" ? null : `${fence.state}: ${fence.text}`;
}

async function find(client: V1Client, args: readonly string[]): Promise<V1Proxy> {
  const name = argumentAt(args, 0).replace(/^proxy-/, "");
  const found = (await client.proxies()).find(
    (proxy) =>
      String(proxy.id) === name ||
      proxy.token === name ||
      proxy.admin_addr === name ||
      proxy.proxy_addr === name,
  );
  if (found === undefined) {
    throw new CodisError("NOT_FOUND", `there is no proxy ${name}; codis proxy list shows all`);
  }
  return found;
}
