/**
 * `codis product …`: the whole product in numbers, what is wrong with it, and orders for its dashboard.
 * Every verb is one call of `/api/v1`.
 */
import type { V1Health } from "../../api/v1-state-schema.ts";
import type { V1Product } from "../../api/v1-topology-schema.ts";
import { CodisError } from "../../base/error.ts";
import { LOG_LEVELS, parseLogLevel } from "../../base/log-level.ts";
import { formatBytes, formatFacts } from "../table.ts";
import { argumentAt, readSwitch, SWITCH } from "./argument.ts";
import { answerPush } from "./group.ts";
import type { Noun } from "./program.ts";

/** See the file head. */
export const PRODUCT: Noun = {
  name: "product",
  summary: "The product as a whole, and its dashboard.",
  examples: [
    ["codis product show", "how many slots, groups, servers and proxies are well"],
    ["codis product health", "what is wrong, one line each"],
    ["codis product show --json --dashboard 10.0.0.1:18080", "for a program, from elsewhere"],
  ],
  verbs: [
    {
      use: "show",
      summary: "the product in numbers",
      run: async ({ client }) => {
        const product = await client.product();
        return { json: product, text: describeProduct(product) };
      },
    },
    {
      use: "health",
      summary: "what is wrong, if anything",
      run: async ({ client }) => {
        const health = await client.health();
        return { json: health, text: describeHealth(health) };
      },
    },
    {
      use: "stats",
      summary: "sums over servers and proxies",
      run: async ({ client }) => {
        const stats = await client.stats();
        const { servers, proxies } = stats;
        const text = formatFacts([
          ["keys", servers.keys],
          ["memory of servers", formatBytes(servers.memory_bytes)],
          ["servers up", `${servers.up} of ${servers.total}`],
          ["operations/s at servers", servers.ops_per_second],
          ["proxies online", `${proxies.online} of ${proxies.total}`],
          ["sessions", proxies.sessions],
          ["operations/s at proxies", proxies.ops_per_second],
          ["failed operations", proxies.ops_failed],
        ]);
        return { json: stats, text };
      },
    },
    {
      use: "resync",
      summary: "push all slots to all proxies again",
      run: async ({ client }) => answerPush(await client.resyncProduct()),
    },
    {
      use: "reads <on|off>",
      choices: SWITCH,
      summary: "allow or forbid reading from replicas, for every server",
      run: async ({ client, args }) => {
        const isOn = readSwitch(argumentAt(args, 0));
        const product = await client.setAllReplicaReads(isOn);
        return { json: product, text: `reads from replicas are ${isOn ? "on" : "off"}\n` };
      },
    },
    {
      use: "reload",
      summary: "have the dashboard read the coordinator again",
      run: async ({ client }) => {
        await client.reload();
        return { json: { status: "ok" }, text: "the coordinator was read again\n" };
      },
    },
    {
      use: "log-level [level]",
      choices: LOG_LEVELS,
      summary: "show or set the level of the dashboard's log",
      run: async ({ client, args }) => {
        const [text] = args;
        if (text !== undefined) {
          const level = parseLogLevel(text);
          if (level === undefined) {
            const list = LOG_LEVELS.join(", ");
            throw new CodisError("USAGE", `invalid level ${text}: expected one of ${list}`);
          }
          await client.setLogLevel(level);
        }
        const level = await client.logLevel();
        return { json: { level }, text: `${level}\n` };
      },
    },
    {
      use: "shutdown",
      summary: "end the dashboard; proxies serve on",
      confirm: () => "The dashboard will end; nothing can be changed until another one leads.",
      run: async ({ client }) => {
        await client.shutdown();
        return { json: { status: "ok" }, text: "the dashboard ends\n" };
      },
    },
  ],
};

function describeProduct(product: V1Product): string {
  const { servers, proxies, slots, dashboard } = product;
  return formatFacts([
    ["product", product.name],
    ["dashboard", `${dashboard.admin_addr} (pid ${dashboard.pid}, ${dashboard.version})`],
    ["epoch, revision", `${product.epoch}, ${product.revision}`],
    ["slots", `${slots.online} of ${product.slot_count} online, ${slots.moving} moving`],
    ["groups", product.groups],
    ["servers up", `${servers.up} of ${servers.total}`],
    [
      "proxies online",
      `${proxies.online} of ${proxies.total}, ${proxies.synced} with the newest slots`,
    ],
    ["sentinels", product.sentinels],
    ["access", product.auth === "open" ? "open: no users yet" : "users with tokens"],
    ["old API", product.legacy_api],
    ["faults", product.faults],
  ]);
}

/** Every problem on a line of its own, those that keep keys away from clients marked with `!`. */
function describeHealth(health: V1Health): string {
  const problems = health.problems.map(
    ({ is_critical: isCritical, subject, message, code, since }) =>
      `${isCritical ? "!" : "-"} ${subject}: ${message} (${code}, since ${since})\n`,
  );
  return [`${health.status}\n`, ...problems].join("");
}
