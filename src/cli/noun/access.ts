/**
 * `codis user …`, `codis audit …` and `codis sentinel …`: who may change the product, what was changed, and
 * the sentinels that it has.
 */
import type { V1CreatedToken, V1CreatedUser } from "../../api/v1-access-schema.ts";
import { ROLES, type Role } from "../../api/v1-path.ts";
import type { V1SentinelList } from "../../api/v1-topology-schema.ts";
import { parseDurationMs } from "../../base/duration.ts";
import { CodisError } from "../../base/error.ts";
import { formatErrors, formatTable } from "../table.ts";
import { argumentAt, readAddr, readNumber } from "./argument.ts";
import { readPassword, readPasswordChange } from "./password-input.ts";
import type { Answer, Noun, Verb } from "./program.ts";

const AUDIT_ROWS_MAX = 1_000;
const AUDIT_ROWS = 50;

const ADD_TOKEN: Verb<{ readonly expires?: string }> = {
  use: "add-token <user> <name>",
  summary: "make a token for a user; its secret is shown once",
  options: [["--expires <duration>", "how long it is good, like 720h; without it: until revoked"]],
  run: async ({ client, args, flags }) => {
    const created = await client.createToken(argumentAt(args, 0), {
      name: argumentAt(args, 1),
      ...(flags.expires === undefined ? {} : { expires_in_seconds: readSeconds(flags.expires) }),
    });
    return showSecret(created);
  },
};

const ADD_USER: Verb<{ readonly role?: string; readonly passwordStdin?: boolean }> = {
  use: "add <name> [role]",
  choices: ROLES,
  summary: "make a user with a password, or with a first token, whose secret is shown once",
  options: [
    ["--role <role>", "the same as the second argument", ROLES],
    ["--password-stdin", "read a password for the console from stdin, and make no token"],
  ],
  details:
    "The first user is made on the dashboard's own machine, as admin, or with the set-up link in its log. From\n" +
    "then on changes need a token: in CODIS_TOKEN or --api-token.",
  run: async ({ client, args, flags }) => {
    const name = argumentAt(args, 0);
    const role = args[1] ?? flags.role;
    if (role === undefined || (flags.role !== undefined && role !== flags.role)) {
      throw new CodisError("USAGE", `one role is needed: ${ROLES.join(", ")}`);
    }
    const password = flags.passwordStdin === true ? await readPassword() : undefined;
    return showUser(
      await client.createUser({
        name,
        role: readRole(role),
        ...(password === undefined ? {} : { password }),
      }),
    );
  },
};

const SET_PASSWORD: Verb<{ readonly remove?: boolean }> = {
  use: "password <name>",
  summary: "give a user another password for the console, read from stdin; ends the sessions",
  options: [["--remove", "no password any longer: tokens only"]],
  run: async ({ client, args, flags }) => {
    const name = argumentAt(args, 0);
    const password = flags.remove === true ? null : await readPassword();
    const user = await client.updateUser(name, { password });
    const text = password === null ? "has no password any longer" : "has another password";
    return { json: user, text: `${name} ${text}\n` };
  },
};

const SET_OWN_PASSWORD: Verb = {
  use: "own-password",
  summary: "give yourself another password; ends your sessions",
  details:
    "Reads the present password and the new one from stdin, a line for each, or asks at a terminal.",
  run: async ({ client }) => {
    const me = await client.setOwnPassword(await readPasswordChange());
    return { json: me, text: `${me.user} has another password\n` };
  },
};

/** Users and their tokens. */
export const USER: Noun = {
  name: "user",
  summary:
    "Users of the API and the console, with roles: viewer, operator, admin. Without any, the dashboard's own " +
    "machine is admin.",
  examples: [
    ["codis user add alice admin", "the first user; prints a secret"],
    ["codis user add bob --role operator --password-stdin < FILE", "somebody for the console"],
    ["export CODIS_TOKEN=SECRET", "from now on you are alice"],
    ["codis user add grafana viewer", "somebody who only reads"],
    ["codis user add-token alice laptop --expires 720h", "another secret, good for 30 days"],
  ],
  whenNotFound: "codis user list shows all users and their tokens",
  verbs: [
    {
      use: "list",
      summary: "all users and their tokens",
      run: async ({ client }) => {
        const users = await client.users();
        const rows = users.map((user) => [
          user.name,
          user.role,
          user.has_password ? "yes" : "no",
          user.sessions,
          user.tokens.map((token) => token.name + (token.is_expired ? " (expired)" : "")).join(" "),
        ]);
        const text =
          rows.length === 0
            ? "no users: who calls from the dashboard's own machine is admin\n"
            : formatTable([["USER", "ROLE", "PASSWORD", "SESSIONS", "TOKENS"], ...rows]);
        return { json: users, text };
      },
    },
    ADD_USER,
    SET_PASSWORD,
    SET_OWN_PASSWORD,
    {
      use: "set-role <name> <role>",
      choices: ROLES,
      summary: "give a user another role",
      run: async ({ client, args }) => {
        const role = readRole(argumentAt(args, 1));
        const user = await client.updateUser(argumentAt(args, 0), { role });
        return { json: user, text: `${user.name} is ${user.role} now\n` };
      },
    },
    {
      use: "remove <name>",
      summary: "remove a user and all tokens",
      confirm: ({ args }) => `User ${argumentAt(args, 0)} and all of its tokens will be removed.`,
      run: async ({ client, args }) => {
        const name = argumentAt(args, 0);
        await client.removeUser(name);
        return { json: { removed: name }, text: `${name} is removed\n` };
      },
    },
    ADD_TOKEN,
    {
      use: "revoke-token <user> <name>",
      summary: "make a token useless",
      run: async ({ client, args }) => {
        const name = argumentAt(args, 1);
        await client.revokeToken(argumentAt(args, 0), name);
        return { json: { revoked: name }, text: `token ${name} is revoked\n` };
      },
    },
    {
      use: "me",
      summary: "who you are to the dashboard",
      run: async ({ client }) => {
        const me = await client.me();
        const text = me.user === null ? `everybody is ${me.role}\n` : `${me.user}, ${me.role}\n`;
        return { json: me, text };
      },
    },
  ],
};

const AUDIT_LIST: Verb<{ readonly limit?: string; readonly before?: string }> = {
  use: "list",
  summary: "what was changed, by whom, newest first",
  options: [
    ["--limit <n>", `lines (default: ${AUDIT_ROWS})`],
    ["--before <seq>", "go on with those before this number"],
  ],
  run: async ({ client, flags }) => {
    const { limit, before } = flags;
    const page = await client.audit({
      limit: limit === undefined ? AUDIT_ROWS : readNumber(limit, "limit", 1, AUDIT_ROWS_MAX),
      ...(before === undefined ? {} : { before: readNumber(before, "number", 0, 999_999_999) }),
    });
    const rows = page.items.map((entry) => [
      entry.seq,
      entry.at,
      entry.who,
      entry.from,
      entry.operation,
      entry.state,
      // In the last column, where a long text makes no other line longer.
      JSON.stringify(entry.arguments) +
        (entry.reason === null ? "" : ` because: ${entry.reason}`) +
        (entry.error === null ? "" : `: ${entry.error}`),
    ]);
    const head = ["SEQ", "TIME", "WHO", "FROM", "OPERATION", "RESULT", "ARGUMENTS AND ERROR"];
    return { json: page, text: formatTable([head, ...rows]) };
  },
};

/** The audit log. */
export const AUDIT: Noun = {
  name: "audit",
  summary: "The log of every change.",
  examples: [
    ["codis audit list", `the last ${AUDIT_ROWS} changes`],
    ["codis audit list --limit 10 --before 120", "ten of those before number 120"],
  ],
  verbs: [AUDIT_LIST],
};

const REMOVE_SENTINEL: Verb<{ readonly force?: boolean }> = {
  use: "remove <addr>",
  summary: "forget a sentinel",
  options: [["--force", "also when it doesn't answer"]],
  confirm: ({ args }) => `Sentinel ${argumentAt(args, 0)} will be forgotten.`,
  run: async ({ client, args, flags }) => {
    const addr = readAddr(argumentAt(args, 0), "address");
    await client.removeSentinel(addr, { force: flags.force === true });
    return { json: { removed: addr }, text: `${addr} is forgotten\n` };
  },
};

/** Sentinels. */
export const SENTINEL: Noun = {
  name: "sentinel",
  summary: "Redis Sentinels of the product: they watch its masters and replace dead ones.",
  examples: [
    ["codis sentinel add 127.0.0.1:26379", "one more sentinel"],
    [
      "codis sentinel resync",
      "tell all sentinels which masters to watch, and the proxies the sentinels",
    ],
    ["codis sentinel list", "how they are, and which groups they watch"],
  ],
  whenNotFound: "codis sentinel list shows all",
  verbs: [
    {
      use: "list",
      summary: "all sentinels",
      run: async ({ client }) => showSentinels(await client.sentinels()),
    },
    {
      use: "add <addr>",
      summary: "add a sentinel; a resync tells it and the others what to watch",
      run: async ({ client, args }) =>
        showSentinels(await client.addSentinel(readAddr(argumentAt(args, 0), "address"))),
    },
    REMOVE_SENTINEL,
    {
      use: "resync",
      summary: "tell the sentinels and the proxies about each other again",
      run: async ({ client }) => showSentinels(await client.resyncSentinels()),
    },
  ],
};

function showSentinels(list: V1SentinelList): Answer {
  if (list.items.length === 0) {
    return { json: list, text: "no sentinels\n" };
  }
  const rows = list.looks.map((look) => [
    look.addr,
    look.status,
    look.redis_version,
    look.watched_group_ids === null ? null : look.watched_group_ids.join(","),
  ]);
  const errors = list.looks.map(({ addr, error }) => [addr, error] as const);
  const next = list.out_of_sync
    ? "! they don't watch what is stored, or proxies don't know them: codis sentinel resync\n"
    : "";
  const table = formatTable([["SENTINEL", "STATUS", "VERSION", "WATCHED GROUPS"], ...rows]);
  return { json: list, text: table + formatErrors(errors) + next };
}

function showUser(created: V1CreatedUser): Answer {
  const { token, secret } = created;
  return token === null || secret === null
    ? {
        json: created,
        text: `${created.user} (${created.role}) is made; signs in with the password\n`,
      }
    : showSecret({ ...created, token, secret });
}

function showSecret(created: V1CreatedToken): Answer {
  const text =
    `${created.secret}\n` +
    `This secret of ${created.user} (${created.role}), token ${created.token.name}, is shown once: keep it.\n`;
  return { json: created, text };
}

function readRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) {
    throw new CodisError("USAGE", `invalid role ${text}: expected ${ROLES.join(", ")}`);
  }
  return role;
}

function readSeconds(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 1_000) {
    throw new CodisError("USAGE", `invalid duration ${text}: expected a form like 720h or 90m`);
  }
  return Math.round(ms / 1_000);
}
