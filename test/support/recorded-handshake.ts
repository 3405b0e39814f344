/**
 * Handshakes taken from the wire of the real clients, with a password, database 1 and the client name
 * `job`, against redis-server 7.0.15 (7.0.15 without HELLO for the fallback of ioredis).
 */
import {
  echo,
  type HandshakeBuild,
  HELLO_MAP,
  helloAuth,
  ifLocked,
  info,
  NO_ERROR,
  OK,
  oneByOne,
  PONG,
  step,
  TOLERATED,
} from "./handshake-step.ts";

const ioredis5: HandshakeBuild = (password) => ({
  client: "ioredis",
  version: "5.11.1",
  writes: [
    [...ifLocked(password, "auth"), step(OK, "select", "1"), step(OK, "client", "setname", "job")],
    [
      step(TOLERATED, "client", "SETINFO", "LIB-NAME", "ioredis"),
      step(TOLERATED, "client", "SETINFO", "LIB-VER", "5.11.1"),
    ],
    [step(info("redis_version:"), "info")],
    [step(PONG, "ping")],
  ],
});

const ioredis6: HandshakeBuild = (password) => {
  const setup = [
    step(OK, "select", "1"),
    step(OK, "client", "setname", "job"),
    step(TOLERATED, "client", "SETINFO", "LIB-VER", "6.0.0"),
    step(TOLERATED, "client", "SETINFO", "LIB-NAME", "ioredis"),
  ];
  const ready = [[step(info("redis_version:"), "info")], [step(PONG, "ping")]];
  return {
    client: "ioredis",
    version: "6.0.0",
    fallback: {
      tolerates: (text) =>
        text.includes("NOPROTO") || (/unknown command/i.test(text) && /hello/i.test(text)),
      writes: [[...ifLocked(password, "auth"), ...setup], ...ready],
    },
    writes: [[step(HELLO_MAP, "hello", "3", ...helloAuth(password)), ...setup], ...ready],
  };
};

const nodeRedis4: HandshakeBuild = (password) => ({
  client: "node-redis",
  version: "4.7.1",
  writes: [
    [
      ...ifLocked(password, "AUTH"),
      step(OK, "CLIENT", "SETNAME", "job"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "node-redis"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-VER", "1.6.0"),
      step(OK, "SELECT", "1"),
    ],
    [step(PONG, "PING")],
  ],
});

const nodeRedis6: HandshakeBuild = (password) => ({
  client: "node-redis",
  version: "6.3.1",
  writes: [
    [
      step(HELLO_MAP, "HELLO", "3", ...helloAuth(password), "SETNAME", "job"),
      step(OK, "SELECT", "1"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-VER", "6.3.1"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "node-redis"),
      step(TOLERATED, "CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "external-ip"),
    ],
    [step(PONG, "PING")],
  ],
});

const redisPy4: HandshakeBuild = (password) => ({
  client: "redis-py",
  version: "4.3.4",
  writes: oneByOne(
    ...ifLocked(password, "AUTH"),
    step(OK, "CLIENT", "SETNAME", "job"),
    step(OK, "SELECT", "1"),
    step(PONG, "PING"),
  ),
});

const redisPy8: HandshakeBuild = (password) => ({
  client: "redis-py",
  version: "8.1.0",
  writes: oneByOne(
    step(HELLO_MAP, "HELLO", "3", ...helloAuth(password)),
    step(TOLERATED, "CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "internal-fqdn"),
    step(OK, "CLIENT", "SETNAME", "job"),
    step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "redis-py"),
    step(TOLERATED, "CLIENT", "SETINFO", "LIB-VER", "8.1.0"),
    step(OK, "SELECT", "1"),
    step(PONG, "PING"),
  ),
});

const redisRb: HandshakeBuild = (password) => ({
  client: "redis-rb",
  version: "4.8.0",
  writes: oneByOne(
    ...ifLocked(password, "auth"),
    step(OK, "select", "1"),
    step(OK, "client", "setname", "job"),
    step(PONG, "ping"),
  ),
});

/** The ECHO is its liveness check of a persistent connection; the rest is recorded. */
const phpredis: HandshakeBuild = (password) => ({
  client: "phpredis",
  version: "5.3.7",
  writes: oneByOne(
    ...ifLocked(password, "AUTH"),
    step(OK, "SELECT", "1"),
    step(PONG, "PING"),
    step(echo(Buffer.from("phpredis_6740ee2c1b")), "ECHO", "phpredis_6740ee2c1b"),
  ),
});

const redisCli2: HandshakeBuild = (password) => ({
  client: "redis-cli",
  version: "7.0.15",
  writes: oneByOne(
    ...ifLocked(password, "AUTH"),
    step(OK, "SELECT", "1"),
    step(TOLERATED, "COMMAND", "DOCS"),
    step(PONG, "ping"),
  ),
});

const redisCli3: HandshakeBuild = (password) => ({
  client: "redis-cli -3",
  version: "7.0.15",
  writes: oneByOne(
    ...ifLocked(password, "AUTH"),
    step(OK, "SELECT", "1"),
    step(HELLO_MAP, "HELLO", "3"),
    step(TOLERATED, "COMMAND", "DOCS"),
    step(PONG, "ping"),
  ),
});

/** The first two writes are on a connection of their own; one is enough to see that nothing breaks. */
const redisBenchmark: HandshakeBuild = (password) => ({
  client: "redis-benchmark",
  version: "7.0.15",
  writes: [
    ifLocked(password, "AUTH"),
    [step(TOLERATED, "CONFIG", "GET", "save"), step(TOLERATED, "CONFIG", "GET", "appendonly")],
    [
      ...ifLocked(password, "AUTH"),
      step(OK, "SELECT", "1"),
      step(NO_ERROR, "GET", "key:__rand_int__"),
    ],
  ],
});

/** All of them. */
export const RECORDED_HANDSHAKES: readonly HandshakeBuild[] = [
  ioredis5,
  ioredis6,
  nodeRedis4,
  nodeRedis6,
  redisPy4,
  redisPy8,
  redisRb,
  phpredis,
  redisCli2,
  redisCli3,
  redisBenchmark,
];
