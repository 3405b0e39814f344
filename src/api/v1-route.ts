/**
 * What each call of `v1-path.ts` takes and answers: schemas, texts, the errors it is known for, and whether
 * it changes something and is therefore audited. The server checks requests with these, `openapi.ts` and
 * `docs/http-api-dashboard.md` are made of them. Loaded by the dashboard only.
 */
import { z } from "zod";
import {
  auditListSchema,
  createdTokenSchema,
  createdUserSchema,
  meSchema,
  newTokenSchema,
  newUserSchema,
  ownPasswordSchema,
  userChangeSchema,
  userListSchema,
  userSchema,
} from "./v1-access-schema.ts";
import { AVAILABILITY_ROUTES } from "./v1-availability-route.ts";
import { CONSOLE_ROUTES } from "./v1-console-route.ts";
import { LIVE_ROUTES } from "./v1-live-route.ts";
import { OPERATION_ROUTES } from "./v1-operation-route.ts";
import { PAGE_ITEMS_MAX, type V1Name } from "./v1-path.ts";
import { defineRoute, type V1Route } from "./v1-route-form.ts";
import {
  addrSchema,
  flagTextSchema,
  groupIdParamSchema,
  nameSchema,
  numberText,
  pageQuerySchema,
  proxyTokenSchema,
  slotIdParamSchema,
} from "./v1-scalar.ts";
import { doneSchema, healthSchema, logLevelSchema, statsSchema } from "./v1-state-schema.ts";
import {
  assignRequestSchema,
  assignResultSchema,
  groupListSchema,
  groupSchema,
  newGroupSchema,
  newProxySchema,
  newSentinelSchema,
  newServerSchema,
  productChangeSchema,
  productSchema,
  proxyListSchema,
  proxySchema,
  pushReportSchema,
  registrationListSchema,
  sentinelListSchema,
  serverChangeSchema,
  serverInfoSchema,
  serverSchema,
  slotKeysSchema,
  slotListSchema,
  slotSchema,
} from "./v1-topology-schema.ts";

const gid = z.strictObject({ gid: groupIdParamSchema });
const gidAddr = z.strictObject({ gid: groupIdParamSchema, addr: addrSchema });
const proxyToken = z.strictObject({ token: proxyTokenSchema });
const userName = z.strictObject({ name: nameSchema });
const force = z.strictObject({ force: flagTextSchema.optional() });

const PRODUCT_ROUTES = {
  getOpenApi: defineRoute({ tag: "product", summary: "This document." }),
  getProduct: defineRoute({
    tag: "product",
    summary: "The product, its dashboard, and how much there is of everything.",
    answer: productSchema,
  }),
  updateProduct: defineRoute({
    tag: "product",
    summary: "Sets for every server whether it may be read from while it is a replica.",
    body: productChangeSchema,
    answer: productSchema,
    isChange: true,
  }),
  resyncProduct: defineRoute({
    tag: "product",
    summary: "Pushes the slots of all groups to all proxies.",
    answer: pushReportSchema,
    isChange: true,
  }),
  getHealth: defineRoute({
    tag: "product",
    summary: "What is wrong with the product, if anything is.",
    description: "From the last look at servers and proxies, which is a second old at most.",
    answer: healthSchema,
  }),
  getStats: defineRoute({
    tag: "product",
    summary: "Sums over servers and proxies.",
    answer: statsSchema,
  }),
  getEvents: defineRoute({
    tag: "product",
    summary:
      "Tells of changes of the topology, of operations and of masters, as server-sent events.",
    description:
      "Event `topology` with a TopologyEvent as data comes at once and after each change. Event `operation` " +
      "with an OperationSummary comes at once for each that hasn't ended, after each change of one, and " +
      "about once a second while one runs. Event `failover` with a FailoverNews comes at once for each change " +
      "of a master that is under way, and with each new line of its story. To a slow reader one event tells of " +
      "several changes. Event `end` comes before the dashboard closes the stream, because it doesn't lead any " +
      "longer or the token isn't good any longer. A comment comes every 15 seconds.",
    contentType: "text/event-stream",
    errors: ["TOO_BUSY"],
  }),
} as const;

const GROUP_ROUTES = {
  listGroups: defineRoute({
    tag: "groups",
    summary: "Groups with their servers, in order of their ids.",
    query: pageQuerySchema,
    answer: groupListSchema,
  }),
  createGroup: defineRoute({
    tag: "groups",
    summary: "Makes an empty group.",
    body: newGroupSchema,
    answer: groupSchema,
    status: 201,
    isChange: true,
    errors: ["ALREADY_EXISTS"],
  }),
  getGroup: defineRoute({
    tag: "groups",
    summary: "One group.",
    params: gid,
    answer: groupSchema,
    errors: ["NOT_FOUND"],
  }),
  removeGroup: defineRoute({
    tag: "groups",
    summary: "Removes a group that has no server and no slot.",
    params: gid,
    answer: doneSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  resyncGroup: defineRoute({
    tag: "groups",
    summary: "Pushes the slots of the group to all proxies.",
    params: gid,
    answer: pushReportSchema,
    isChange: true,
    errors: ["NOT_FOUND"],
  }),
  addServer: defineRoute({
    tag: "groups",
    summary: "Adds a server; the first of a group is its master.",
    description:
      "Checked before anything is changed: that it answers, the password, role and version, that no " +
      "group has it, and that a master holds no key of a slot that its group doesn't own.",
    params: gid,
    body: newServerSchema,
    answer: serverSchema,
    status: 201,
    isChange: true,
    errors: [
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "SERVER_UNREACHABLE",
      "SERVER_AUTH_FAILED",
      "SERVER_ROLE_WRONG",
      "SERVER_VERSION_UNSUPPORTED",
      "SERVER_IN_OTHER_GROUP",
      "SERVER_HOLDS_FOREIGN_KEYS",
      "SERVER_FUNCTIONS_FAILED",
    ],
  }),
  getServer: defineRoute({
    tag: "groups",
    summary: "One server and the last look at it.",
    params: gidAddr,
    answer: serverSchema,
    errors: ["NOT_FOUND"],
  }),
  updateServer: defineRoute({
    tag: "groups",
    summary: "Sets whether the server may be read from while it is a replica.",
    params: gidAddr,
    body: serverChangeSchema,
    answer: serverSchema,
    isChange: true,
    errors: ["NOT_FOUND"],
  }),
  removeServer: defineRoute({
    tag: "groups",
    summary: "Removes a server; a master only when it is alone and the group owns no slot.",
    params: gidAddr,
    answer: doneSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  getServerInfo: defineRoute({
    tag: "groups",
    summary: "INFO of the server, asked now.",
    params: gidAddr,
    answer: serverInfoSchema,
    errors: ["NOT_FOUND", "SERVER_UNREACHABLE"],
  }),
  startSync: defineRoute({
    tag: "groups",
    summary: "Orders that the server becomes a replica of its group's master.",
    params: gidAddr,
    answer: serverSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  cancelSync: defineRoute({
    tag: "groups",
    summary: "Takes that order back.",
    params: gidAddr,
    answer: doneSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
} as const;

const SLOT_ROUTES = {
  listSlots: defineRoute({
    tag: "slots",
    summary: "Who owns which slots, as ranges in order.",
    query: z.strictObject({
      from: slotIdParamSchema.optional(),
      to: slotIdParamSchema.optional(),
      group_id: numberText(0, 9999).optional(),
    }),
    answer: slotListSchema,
  }),
  assignSlots: defineRoute({
    tag: "slots",
    summary: "Gives slots to groups by force: all of them or none.",
    description:
      "No data moves, and a move that is under way is dropped: for setting a product up and for repair. " +
      "With `dry_run` everything is checked and told, and nothing is changed.",
    body: assignRequestSchema,
    answer: assignResultSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  getSlot: defineRoute({
    tag: "slots",
    summary: "One slot: its group, and what proxies are told.",
    params: z.strictObject({ id: slotIdParamSchema }),
    answer: slotSchema,
    errors: ["NOT_FOUND"],
  }),
  listSlotKeys: defineRoute({
    tag: "slots",
    summary: "Keys of every slot, where servers count them.",
    answer: slotKeysSchema,
  }),
} as const;

const PROXY_ROUTES = {
  listProxies: defineRoute({
    tag: "proxies",
    summary: "Proxies, in order of their ids.",
    query: pageQuerySchema,
    answer: proxyListSchema,
  }),
  listRegistrations: defineRoute({
    tag: "proxies",
    summary:
      "Proxies that applications find in the coordinator, and which of them the product has.",
    description:
      "Read from the dashboard's own coordinator now, with those that are registered as in Codis 2. A proxy whose " +
      "`jodis_addr` is another coordinator isn't seen.",
    answer: registrationListSchema,
    errors: ["COORDINATOR_UNREACHABLE", "COORDINATOR_REFUSED"],
  }),
  addProxy: defineRoute({
    tag: "proxies",
    summary: "Adds the proxy with this admin address, fills and starts it.",
    body: newProxySchema,
    answer: proxySchema,
    status: 201,
    isChange: true,
    errors: ["ALREADY_EXISTS", "PROXY_CALL_FAILED"],
  }),
  getProxy: defineRoute({
    tag: "proxies",
    summary: "One proxy and the last look at it.",
    params: proxyToken,
    answer: proxySchema,
    errors: ["NOT_FOUND"],
  }),
  removeProxy: defineRoute({
    tag: "proxies",
    summary: "Shuts a proxy down and forgets it; with `force` also when it can't be told.",
    params: proxyToken,
    query: force,
    answer: doneSchema,
    isChange: true,
    errors: ["NOT_FOUND", "PROXY_CALL_FAILED"],
  }),
  reinitProxy: defineRoute({
    tag: "proxies",
    summary: "Fills and starts a known proxy again.",
    params: proxyToken,
    answer: proxySchema,
    isChange: true,
    errors: ["NOT_FOUND", "PROXY_CALL_FAILED"],
  }),
} as const;

const SENTINEL_ROUTES = {
  listSentinels: defineRoute({
    tag: "sentinels",
    summary: "The sentinels of the product.",
    answer: sentinelListSchema,
  }),
  addSentinel: defineRoute({
    tag: "sentinels",
    summary: "Adds a sentinel.",
    body: newSentinelSchema,
    answer: sentinelListSchema,
    status: 201,
    isChange: true,
    errors: ["ALREADY_EXISTS", "SERVER_UNREACHABLE"],
  }),
  removeSentinel: defineRoute({
    tag: "sentinels",
    summary: "Removes a sentinel; with `force` also when it doesn't answer.",
    params: z.strictObject({ addr: addrSchema }),
    query: force,
    answer: doneSchema,
    isChange: true,
    errors: ["NOT_FOUND", "SERVER_UNREACHABLE"],
  }),
  resyncSentinels: defineRoute({
    tag: "sentinels",
    summary: "Tells all sentinels which masters to watch, and all proxies the sentinels.",
    description: "Fails when fewer than a majority of the sentinels took it.",
    answer: sentinelListSchema,
    isChange: true,
    errors: ["STATE_CONFLICT", "SERVER_UNREACHABLE"],
  }),
} as const;

const ACCESS_ROUTES = {
  getMe: defineRoute({ tag: "access", summary: "Who the caller is.", answer: meSchema }),
  setOwnPassword: defineRoute({
    tag: "access",
    summary: "Gives the caller another password.",
    description:
      "Asks for the present one; limited as sign-ins are (status 429 with `Retry-After`). All other sessions of " +
      "the user end. Who has no password gets the first one from an admin.",
    body: ownPasswordSchema,
    answer: meSchema,
    isChange: true,
    secrets: ["present", "password"],
    errors: ["STATE_CONFLICT", "LOGIN_LIMITED"],
  }),
  listUsers: defineRoute({
    tag: "access",
    summary: "All users with their tokens, without secrets.",
    answer: userListSchema,
  }),
  createUser: defineRoute({
    tag: "access",
    summary: "Makes a user with a password, or a first token, whose secret is told only here.",
    description:
      "The first user must be an admin, and is made from the dashboard's own machine (loopback) or with the " +
      "set-up link. With a password there is a token only if `token` is given.",
    body: newUserSchema,
    answer: createdUserSchema,
    status: 201,
    isChange: true,
    secrets: ["password"],
    errors: ["ALREADY_EXISTS", "STATE_CONFLICT"],
  }),
  getUser: defineRoute({
    tag: "access",
    summary: "One user.",
    params: userName,
    answer: userSchema,
    errors: ["NOT_FOUND"],
  }),
  updateUser: defineRoute({
    tag: "access",
    summary: "Gives a user another role or another password. The last admin stays one.",
    description: "Another password, or none (null), ends the user's sessions.",
    params: userName,
    body: userChangeSchema,
    answer: userSchema,
    isChange: true,
    secrets: ["password"],
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  removeUser: defineRoute({
    tag: "access",
    summary: "Removes a user with all tokens. The last admin stays.",
    params: userName,
    answer: doneSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  createToken: defineRoute({
    tag: "access",
    summary: "Makes a token for a user; its secret is told only here.",
    params: userName,
    body: newTokenSchema,
    answer: createdTokenSchema,
    status: 201,
    isChange: true,
    errors: ["NOT_FOUND", "ALREADY_EXISTS", "STATE_CONFLICT"],
  }),
  revokeToken: defineRoute({
    tag: "access",
    summary: "Ends a token at once.",
    params: z.strictObject({ name: nameSchema, token: nameSchema }),
    answer: doneSchema,
    isChange: true,
    errors: ["NOT_FOUND", "STATE_CONFLICT"],
  }),
  listAudit: defineRoute({
    tag: "access",
    summary: "Who changed what, newest first.",
    query: z.strictObject({
      limit: numberText(1, PAGE_ITEMS_MAX).optional(),
      before: numberText(1, 9_999_999_999).optional(),
    }),
    answer: auditListSchema,
  }),
} as const;

const PROCESS_ROUTES = {
  getLogLevel: defineRoute({
    tag: "dashboard",
    summary: "Level of the dashboard's log.",
    answer: logLevelSchema,
  }),
  setLogLevel: defineRoute({
    tag: "dashboard",
    summary: "Sets the level of the dashboard's log until it ends.",
    body: logLevelSchema,
    answer: logLevelSchema,
    isChange: true,
  }),
  reload: defineRoute({
    tag: "dashboard",
    summary: "Reads the coordinator again.",
    answer: doneSchema,
    isChange: true,
  }),
  shutdown: defineRoute({
    tag: "dashboard",
    summary: "Ends this dashboard; a standby takes over if there is one.",
    answer: doneSchema,
    isChange: true,
  }),
} as const;

/** All calls by name. */
export const V1_ROUTES = {
  ...PRODUCT_ROUTES,
  ...GROUP_ROUTES,
  ...SLOT_ROUTES,
  ...OPERATION_ROUTES,
  ...PROXY_ROUTES,
  ...SENTINEL_ROUTES,
  ...AVAILABILITY_ROUTES,
  ...CONSOLE_ROUTES,
  ...LIVE_ROUTES,
  ...ACCESS_ROUTES,
  ...PROCESS_ROUTES,
} as const satisfies Readonly<Record<V1Name, V1Route>>;
