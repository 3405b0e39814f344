/** What INFO says a program is: the servers that are taken, and why the others aren't. */
import { expect, test } from "bun:test";
import { isCodisError } from "../../../../src/base/error.ts";
import { identifyServer } from "../../../../src/dashboard/group/server-identity.ts";
import type { ServerInfo } from "../../../../src/redis/info.ts";

const REDIS = {
  redis_version: "7.0.15",
  redis_mode: "standalone",
  run_id: "c510686ab0fc556c8ab334d48822e81c0fc483e5",
  role: "master",
  cluster_enabled: "0",
  loading: "0",
};

function refusal(info: ServerInfo, knowsSlots = false): string {
  try {
    identifyServer("h:1", info, knowsSlots);
  } catch (thrown) {
    if (isCodisError(thrown)) {
      return `${thrown.code} ${thrown.message}`;
    }
    throw thrown;
  }
  return "taken";
}

test("Redis, Valkey and codis-server are known by their own versions", () => {
  expect(identifyServer("h:1", REDIS, false)).toMatchObject({
    kind: "redis",
    version: "7.0.15",
    hasFunctions: true,
  });
  const valkey = { ...REDIS, redis_version: "7.2.4", valkey_version: "8.1.1" };
  expect(identifyServer("h:1", valkey, false)).toMatchObject({ kind: "valkey", version: "8.1.1" });
  const codis = { ...REDIS, redis_version: "3.2.11" };
  expect(identifyServer("h:1", codis, true)).toMatchObject({
    kind: "codis-server",
    version: "3.2.11",
    hasFunctions: false,
  });
  expect(identifyServer("h:1", { ...REDIS, redis_version: "6.2.0" }, false).hasFunctions).toBe(
    false,
  );
});

test("old versions are refused, codis-server's own limit apart", () => {
  expect(refusal({ ...REDIS, redis_version: "6.0.16" })).toMatch(
    /^SERVER_VERSION_UNSUPPORTED .*6\.0\.16, which is too old: at least Redis 6\.2/,
  );
  expect(refusal({ ...REDIS, redis_version: "3.2.11" })).toMatch(/too old/);
  expect(refusal({ ...REDIS, redis_version: "2.8.21" }, true)).toMatch(
    /codis-server 3\.2 is needed/,
  );
});

test("cluster mode, sentinels, proxies and loading servers are refused, each by name", () => {
  expect(refusal({ ...REDIS, cluster_enabled: "1" })).toMatch(
    /^SERVER_VERSION_UNSUPPORTED .*cluster-enabled no/,
  );
  expect(refusal({ ...REDIS, redis_mode: "sentinel" })).toMatch(
    /^SERVER_VERSION_UNSUPPORTED .*is a sentinel/,
  );
  const { run_id: _, ...proxy } = REDIS;
  expect(refusal(proxy)).toMatch(/^SERVER_VERSION_UNSUPPORTED .*such as a proxy/);
  expect(refusal({ ...REDIS, loading: "1", loading_eta_seconds: "42" })).toMatch(
    /^SERVER_LOADING .*about 42 s/,
  );
  expect(refusal({})).toMatch(/^SERVER_UNREACHABLE .*is it a Redis server\?/);
});
