/**
 * Handshakes put together from the sources and manuals of clients that weren't at hand. Names and versions
 * of libraries in them are examples; what is sent, in which order, and what may fail, is the client's.
 */
import {
  echo,
  type HandshakeBuild,
  type HandshakeStep,
  type HandshakeWrite,
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

/** `Guid.ToByteArray` may hold any byte; these are the worst. */
const TRACER = Buffer.from("0d0a000102ff2a240d0a7f80c0fe2b2d", "hex");

/** Both proxy modes, `proxy=twemproxy` and `proxy=envoyproxy`, send the same. */
const stackExchangeProxy: HandshakeBuild = (password) => ({
  client: "StackExchange.Redis, proxy=twemproxy",
  version: "2.8",
  writes: [[...ifLocked(password, "AUTH"), step(PONG, "PING")], [step(PONG, "PING")]],
});

/** All in one write; everything but the tracer's echo may fail. */
function stackExchangeStart(first: readonly HandshakeStep[]): HandshakeWrite {
  return [
    ...first,
    step(TOLERATED, "CLIENT", "SETNAME", "job"),
    step(TOLERATED, "CLIENT", "SETINFO", "lib-name", "SE.Redis"),
    step(TOLERATED, "CLIENT", "SETINFO", "lib-ver", "2.8.41"),
    step(TOLERATED, "CLIENT", "ID"),
    step(TOLERATED, "CONFIG", "GET", "timeout"),
    step(TOLERATED, "CONFIG", "GET", "replica-read-only"),
    step(TOLERATED, "CONFIG", "GET", "databases"),
    step(TOLERATED, "SENTINEL", "MASTERS"),
    step(TOLERATED, "INFO", "replication"),
    step(TOLERATED, "INFO", "server"),
    step(TOLERATED, "CLUSTER", "NODES"),
    step(TOLERATED, "GET", "__Booksleeve_TieBreak"),
    step(echo(TRACER), "ECHO", TRACER),
  ];
}

const stackExchange2: HandshakeBuild = (password) => ({
  client: "StackExchange.Redis, RESP2",
  version: "2.8",
  writes: [stackExchangeStart(ifLocked(password, "AUTH")), [step(PONG, "PING")]],
});

const stackExchange3: HandshakeBuild = (password) => ({
  client: "StackExchange.Redis, RESP3",
  version: "2.8",
  writes: [
    stackExchangeStart([
      step(password === undefined ? TOLERATED : NO_ERROR, "HELLO", "3", ...helloAuth(password)),
    ]),
    [step(PONG, "PING")],
  ],
});

/** Its second connection. The subscription may fail; then it does without. */
const stackExchangeSubscriber: HandshakeBuild = (password) => ({
  client: "StackExchange.Redis, second connection",
  version: "2.8",
  writes: [
    stackExchangeStart(ifLocked(password, "AUTH")),
    [step(TOLERATED, "SUBSCRIBE", "__Booksleeve_MasterChanged")],
  ],
});

const goRedis: HandshakeBuild = (password) => {
  const setup = [
    [step(OK, "select", "1"), step(OK, "client", "setname", "job")],
    [step(TOLERATED, "client", "maint_notifications", "on", "moving-endpoint-type", "internal-ip")],
    [
      step(TOLERATED, "client", "setinfo", "LIB-NAME", "go-redis(,go1.24.1)"),
      step(TOLERATED, "client", "setinfo", "LIB-VER", "9.17.0"),
    ],
    [step(PONG, "ping")],
  ];
  return {
    client: "go-redis",
    version: "9",
    fallback: {
      tolerates: () => true,
      writes: [ifLocked(password, "auth"), ...setup],
    },
    writes: [
      [
        step(
          HELLO_MAP,
          "hello",
          "3",
          ...helloAuth(password).map((word) => (word === "AUTH" ? "auth" : word)),
          "setname",
          "job",
        ),
      ],
      ...setup,
    ],
  };
};

const jedis5: HandshakeBuild = (password) => ({
  client: "Jedis",
  version: "5-7.5",
  writes: [
    ifLocked(password, "AUTH"),
    [
      step(TOLERATED, "CLIENT", "SETNAME", "job"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "jedis"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-VER", "6.0.0"),
    ],
    [step(OK, "SELECT", "1")],
    [step(PONG, "PING")],
  ],
});

const jedisNext: HandshakeBuild = (password) => {
  const setup = [
    [
      step(TOLERATED, "CLIENT", "SETNAME", "job"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "jedis"),
    ],
    [step(OK, "SELECT", "1")],
    [step(PONG, "PING")],
  ];
  return {
    client: "Jedis, RESP3 by itself",
    version: "next",
    fallback: {
      tolerates: (text) => text.startsWith("NOPROTO") || text.startsWith("ERR unknown command"),
      writes: [ifLocked(password, "AUTH"), [step(TOLERATED, "HELLO", "2")], ...setup],
    },
    writes: [[step(HELLO_MAP, "HELLO", "3", ...helloAuth(password))], ...setup],
  };
};

const lettuce: HandshakeBuild = (password) => {
  const setup = [
    [step(OK, "SELECT", "1")],
    [
      step(TOLERATED, "CLIENT", "SETINFO", "lib-name", "Lettuce"),
      step(TOLERATED, "CLIENT", "SETINFO", "lib-ver", "7.0.0.RELEASE/abcdef0"),
    ],
    [step(TOLERATED, "CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "internal-ip")],
    [step(PONG, "PING")],
  ];
  return {
    client: "Lettuce",
    version: "6-7",
    fallback: {
      tolerates: (text) =>
        text.startsWith("NOPROTO") || (text.startsWith("ERR") && text.includes("unknown")),
      writes: [
        password === undefined ? [step(PONG, "PING")] : ifLocked(password, "AUTH"),
        [step(OK, "CLIENT", "SETNAME", "job")],
        ...setup,
      ],
    },
    writes: [[step(HELLO_MAP, "HELLO", "3", ...helloAuth(password), "SETNAME", "job")], ...setup],
  };
};

const redisRs: HandshakeBuild = (password) => ({
  client: "redis-rs",
  version: "1",
  writes: [
    [
      ...ifLocked(password, "AUTH"),
      step(OK, "SELECT", "1"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "redis-rs"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-VER", "1.0.0"),
    ],
    [step(PONG, "PING")],
  ],
});

const redisRs3: HandshakeBuild = (password) => ({
  client: "redis-rs, RESP3",
  version: "1",
  writes: [
    [
      step(HELLO_MAP, "HELLO", "3", ...helloAuth(password)),
      step(OK, "SELECT", "1"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "redis-rs"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-VER", "1.0.0"),
    ],
    [step(PONG, "PING")],
  ],
});

/** Its script is the start of every lock. */
const redisson: HandshakeBuild = (password) => ({
  client: "Redisson",
  version: "4",
  writes: [
    ...oneByOne(
      ...ifLocked(password, "AUTH"),
      step(OK, "SELECT", "1"),
      step(OK, "CLIENT", "SETNAME", "job"),
      step(TOLERATED, "CLIENT", "CAPA", "redirect"),
      step(PONG, "PING"),
    ),
    [step(NO_ERROR, "EVAL", "return redis.call('exists', KEYS[1])", "1", "{lock}:job")],
  ],
});

const valkeyGlide: HandshakeBuild = (password) => ({
  client: "valkey-glide",
  version: "2",
  writes: [
    [
      step(HELLO_MAP, "HELLO", "3", ...helloAuth(password), "SETNAME", "job"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-NAME", "GlidePy"),
      step(TOLERATED, "CLIENT", "SETINFO", "LIB-VER", "2.0.0"),
    ],
    [step(info("role:master"), "INFO", "REPLICATION")],
    [step(OK, "SELECT", "1")],
    [step(PONG, "PING")],
  ],
});

/** Asks for the version first, as Sidekiq and others do (`redis_version` decides what they use). */
const sidekiq: HandshakeBuild = (password) => ({
  client: "Sidekiq and others that read redis_version",
  version: "7",
  writes: [ifLocked(password, "AUTH"), [step(info("redis_version:"), "INFO")]],
});

/** All of them. */
export const DOCUMENTED_HANDSHAKES: readonly HandshakeBuild[] = [
  stackExchangeProxy,
  stackExchange2,
  stackExchange3,
  stackExchangeSubscriber,
  goRedis,
  jedis5,
  jedisNext,
  lettuce,
  redisRs,
  redisRs3,
  redisson,
  valkeyGlide,
  sidekiq,
];
