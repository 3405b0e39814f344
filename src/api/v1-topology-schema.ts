/**
 * Schemas of `/api/v1` for what a product is made of: the product itself, groups and their servers, slots,
 * proxies and sentinels; bodies of the calls that change them, and answers. Loaded by the dashboard only;
 * clients take the types.
 */
import { z } from "zod";
import { PROMOTING_STATES, SLOT_ACTION_STATES, SYNC_ACTION_STATES } from "../model/action.ts";
import { SLOT_COUNTS } from "../model/slot.ts";
import { faultCodeSchema, fenceSchema, replicationFaultSchema } from "./v1-availability-schema.ts";
import { PRODUCT_LABELS } from "./v1-console-schema.ts";
import {
  addrSchema,
  countSchema,
  datacenterSchema,
  figureSchema,
  groupIdOrNoneSchema,
  groupIdSchema,
  nextSchema,
  proxyTokenSchema,
  slotIdSchema,
  timeSchema,
  versionFields,
} from "./v1-scalar.ts";

/** Most ranges in one assignment; one for each slot of the largest product. */
const ASSIGNMENTS_MAX = Math.max(...SLOT_COUNTS);

/** What proxies hold after a push. */
export const pushReportSchema = z
  .strictObject({
    synced: z.array(proxyTokenSchema),
    failed: z.array(z.strictObject({ token: proxyTokenSchema, reason: z.string() })),
  })
  .meta({ id: "PushReport" });
/** See `pushReportSchema`. */
export type V1PushReport = z.infer<typeof pushReportSchema>;

/** The product and its state in numbers. */
export const productSchema = z
  .strictObject({
    name: z.string(),
    /** Environment, `product_label` of the dashboard. */
    label: z.enum(PRODUCT_LABELS),
    ...versionFields,
    slot_count: z.literal([...SLOT_COUNTS]),
    /** Whether calls need a token: `open` until the first user is made. */
    auth: z.enum(["open", "token"]),
    legacy_api: z.enum(["full", "read-only", "off"]),
    dashboard: z.strictObject({
      admin_addr: z.string(),
      start_time: z.string(),
      pid: countSchema,
      version: z.string(),
      runtime: z.string(),
    }),
    groups: countSchema,
    servers: z.strictObject({ total: countSchema, up: countSchema }),
    proxies: z.strictObject({ total: countSchema, online: countSchema, synced: countSchema }),
    slots: z.strictObject({
      online: countSchema,
      offline: countSchema,
      moving: countSchema,
    }),
    sentinels: countSchema,
    faults: countSchema,
  })
  .meta({ id: "Product" });
/** See `productSchema`. */
export type V1Product = z.infer<typeof productSchema>;

/** Changes of the whole product. */
export const productChangeSchema = z
  .strictObject({
    /** Of every server: whether replicas may be read from. */
    replica_reads: z.boolean(),
  })
  .meta({ id: "ProductChange" });

/** `[from, to]`, both included. */
const slotSpanSchema = z.strictObject({ from: slotIdSchema, to: slotIdSchema });

/** A server and the last look at it. */
export const serverSchema = z
  .strictObject({
    addr: z.string(),
    group_id: groupIdSchema,
    /** As it is stored: the first server of a group is its master. */
    role: z.enum(["master", "replica"]),
    datacenter: z.string(),
    replica_reads: z.boolean(),
    sync: z.nullable(z.strictObject({ state: z.enum(SYNC_ACTION_STATES), index: countSchema })),
    status: z.enum(["up", "timeout", "error", "unknown"]),
    error: z.nullable(z.string()),
    observed_at: z.nullable(timeSchema),
    /** What the server says of itself: `master` or `slave`. */
    reported_role: z.nullable(z.string()),
    /** Whom it follows, and whether that link is up, as it says. */
    reported_master: z.nullable(z.string()),
    master_link: z.nullable(z.string()),
    /** Of a replica: bytes of its master's stream that it hadn't got at the last look; null: unknown. */
    lag_bytes: figureSchema,
    /** Of a replica: seconds since its master heard from it, as its master says; 0 while it is in time. */
    lag_seconds: figureSchema,
    /** Share of reads that found their key since the server started, 0 to 1, three digits; null: no reads. */
    hit_ratio: figureSchema,
    /** Where it differs from what is stored; see `faults` of its group. */
    faults: z.array(faultCodeSchema),
    redis_version: z.nullable(z.string()),
    uptime_seconds: figureSchema,
    keys: figureSchema,
    memory_bytes: figureSchema,
    memory_max_bytes: figureSchema,
    clients: figureSchema,
    ops_per_second: figureSchema,
    functions: z.nullable(z.record(z.string(), z.string())),
  })
  .meta({ id: "Server" });
/** See `serverSchema`. */
export type V1Server = z.infer<typeof serverSchema>;

/** A group. */
export const groupSchema = z
  .strictObject({
    id: groupIdSchema,
    servers: z.array(serverSchema),
    slots: z.strictObject({ count: countSchema, ranges: z.array(slotSpanSchema) }),
    promoting: z.nullable(z.strictObject({ state: z.enum(PROMOTING_STATES), index: countSchema })),
    /** What proxies hold of its slots may differ from what is stored; a resync ends that. */
    out_of_sync: z.boolean(),
    /** Where its servers differ from what is stored, the worst first. */
    faults: z.array(replicationFaultSchema),
  })
  .meta({ id: "Group" });
/** See `groupSchema`. */
export type V1Group = z.infer<typeof groupSchema>;

/** A page of groups, in order of their ids. */
export const groupListSchema = z
  .strictObject({ ...versionFields, items: z.array(groupSchema), next: nextSchema })
  .meta({ id: "GroupList" });
/** See `groupListSchema`. */
export type V1GroupList = z.infer<typeof groupListSchema>;

/** A group to make. */
export const newGroupSchema = z.strictObject({ id: groupIdSchema }).meta({ id: "NewGroup" });

/** A server to add. */
export const newServerSchema = z
  .strictObject({
    addr: addrSchema,
    datacenter: datacenterSchema.optional(),
    /** Make it follow the group's master at once, if the group has one. */
    as_replica: z.boolean().optional(),
    /** Take a master that holds keys already; only while all slots of the product are offline. */
    adopt: z.boolean().optional(),
    /** Take a replica that holds keys of its own, which are lost when it follows its master. */
    discard_data: z.boolean().optional(),
  })
  .meta({ id: "NewServer" });
/** See `newServerSchema`. */
export type V1NewServer = z.input<typeof newServerSchema>;

/** Changes of a server. */
export const serverChangeSchema = z
  .strictObject({ replica_reads: z.boolean() })
  .meta({ id: "ServerChange" });

/** INFO of a server, asked now. */
export const serverInfoSchema = z
  .strictObject({ addr: z.string(), info: z.record(z.string(), z.string()) })
  .meta({ id: "ServerInfo" });
/** See `serverInfoSchema`. */
export type V1ServerInfo = z.infer<typeof serverInfoSchema>;

const slotActionSchema = z.nullable(
  z.strictObject({
    state: z.enum(SLOT_ACTION_STATES),
    index: countSchema,
    target_id: groupIdOrNoneSchema,
  }),
);

/** Slots in a row that belong to one group; one that moves is a range of its own. */
const slotRangeSchema = z
  .strictObject({
    from: slotIdSchema,
    to: slotIdSchema,
    /** 0: offline. */
    group_id: groupIdOrNoneSchema,
    action: slotActionSchema,
  })
  .meta({ id: "SlotRange" });
/** See `slotRangeSchema`. */
export type V1SlotRange = z.infer<typeof slotRangeSchema>;

/** All slots that fit the query, as ranges in order. */
export const slotListSchema = z
  .strictObject({ ...versionFields, slot_count: countSchema, ranges: z.array(slotRangeSchema) })
  .meta({ id: "SlotList" });
/** See `slotListSchema`. */
export type V1SlotList = z.infer<typeof slotListSchema>;

/** One slot: what is stored, and what proxies are told. */
export const slotSchema = z
  .strictObject({
    id: slotIdSchema,
    group_id: groupIdOrNoneSchema,
    action: slotActionSchema,
    locked: z.boolean(),
    /** Master that serves it; null while it is offline. */
    backend_addr: z.nullable(z.string()),
    /** Master that its keys come from while it moves. */
    migrate_from: z.nullable(z.string()),
    forward_method: z.enum(["sync", "semi-async", "migrate"]),
    /** At the master, as it counts them; null when it can't tell, as stock Redis without our module. */
    keys: z.nullable(countSchema),
    /** While the slot moves: at the master that its keys come from. */
    keys_to_come: z.nullable(countSchema),
    replica_groups: z.array(z.array(z.string())),
  })
  .meta({ id: "Slot" });
/** See `slotSchema`. */
export type V1Slot = z.infer<typeof slotSchema>;

/** Keys of every slot, as the servers count them. */
export const slotKeysSchema = z
  .strictObject({
    ...versionFields,
    slot_count: countSchema,
    /** By slot, all databases together; while a slot moves, of both sides. null: offline, or nobody can tell. */
    keys: z.array(z.nullable(countSchema)),
    /** Masters that don't count (stock Redis without our module) or didn't answer. */
    silent_servers: z.array(z.string()),
  })
  .meta({ id: "SlotKeys" });
/** See `slotKeysSchema`. */
export type V1SlotKeys = z.infer<typeof slotKeysSchema>;

/** Slots to give to groups by force: no data moves. */
export const assignRequestSchema = z
  .strictObject({
    assignments: z
      .array(
        z.strictObject({
          from: slotIdSchema,
          /** Without it: one slot. */
          to: slotIdSchema.optional(),
          /** 0: take them offline. */
          group_id: groupIdOrNoneSchema,
        }),
      )
      .min(1)
      .max(ASSIGNMENTS_MAX),
    /** Check everything and tell what would change, but change nothing. */
    dry_run: z.boolean().optional(),
  })
  .meta({ id: "AssignRequest" });
/** See `assignRequestSchema`. */
export type V1AssignRequest = z.input<typeof assignRequestSchema>;

/** What an assignment changed, or would change. */
export const assignResultSchema = z
  .strictObject({
    ...versionFields,
    dry_run: z.boolean(),
    slots_changed: countSchema,
    changes: z.array(
      z.strictObject({
        from: slotIdSchema,
        to: slotIdSchema,
        previous_group_id: groupIdOrNoneSchema,
        group_id: groupIdOrNoneSchema,
        /** A move of these slots was under way or ordered, and is dropped. */
        drops_action: z.boolean(),
      }),
    ),
    push: z.nullable(pushReportSchema),
  })
  .meta({ id: "AssignResult" });
/** See `assignResultSchema`. */
export type V1AssignResult = z.infer<typeof assignResultSchema>;

/** A proxy and the last look at it. */
export const proxySchema = z
  .strictObject({
    id: countSchema,
    token: z.string(),
    proxy_addr: z.string(),
    admin_addr: z.string(),
    proto_type: z.string(),
    datacenter: z.string(),
    hostname: z.string(),
    pid: countSchema,
    start_time: z.string(),
    jodis_path: z.string(),
    status: z.enum(["online", "waiting", "closed", "timeout", "error", "unknown"]),
    error: z.nullable(z.string()),
    observed_at: z.nullable(timeSchema),
    /** Whether it has the newest slots. `unknown`: an original proxy, which doesn't tell. */
    table: z.enum(["synced", "pending", "unknown", "unreachable"]),
    /** Revision of the slots that it confirmed last. */
    confirmed_revision: z.nullable(countSchema),
    /** Whether it answers, and whether it can still write; null when nobody has looked yet. */
    fence: z.nullable(fenceSchema),
    sessions: figureSchema,
    sessions_opened: figureSchema,
    ops: figureSchema,
    ops_failed: figureSchema,
    redis_errors: figureSchema,
    ops_per_second: figureSchema,
    memory_bytes: figureSchema,
    cpu: figureSchema,
  })
  .meta({ id: "Proxy" });
/** See `proxySchema`. */
export type V1Proxy = z.infer<typeof proxySchema>;

/** A page of proxies, in order of their ids. */
export const proxyListSchema = z
  .strictObject({ ...versionFields, items: z.array(proxySchema), next: nextSchema })
  .meta({ id: "ProxyList" });
/** See `proxyListSchema`. */
export type V1ProxyList = z.infer<typeof proxyListSchema>;

/** Proxies that are registered for applications, as each wrote it into the coordinator of the dashboard. */
export const registrationListSchema = z
  .strictObject({
    ...versionFields,
    /** By path. */
    items: z.array(
      z.strictObject({
        /** Node of the coordinator. It goes with its proxy. */
        path: z.string(),
        token: z.string(),
        /** Where applications connect. */
        proxy_addr: z.string(),
        /** null in registrations of Codis 2. */
        admin_addr: z.nullable(z.string()),
        start_time: z.string(),
        /** Applications use it while this is `online`. */
        state: z.string(),
        /** The product has it. If not, it isn't told of slots that move. */
        stored: z.boolean(),
      }),
    ),
    /** Nodes that couldn't be understood, one line each. */
    faults: z.array(z.string()),
  })
  .meta({ id: "RegistrationList" });
/** See `registrationListSchema`. */
export type V1RegistrationList = z.infer<typeof registrationListSchema>;

/** A proxy to add. */
export const newProxySchema = z
  .strictObject({
    /** Its admin address. */
    admin_addr: addrSchema,
    /** Take also one that is registered already, and store what it says of itself now. */
    update: z.boolean().optional(),
  })
  .meta({ id: "NewProxy" });
/** See `newProxySchema`. */
export type V1NewProxy = z.input<typeof newProxySchema>;

/** The last look at a sentinel. */
const sentinelSchema = z.strictObject({
  addr: z.string(),
  status: z.enum(["up", "timeout", "error", "unknown"]),
  error: z.nullable(z.string()),
  observed_at: z.nullable(timeSchema),
  redis_version: z.nullable(z.string()),
  /** Groups that it watches; null while it doesn't answer. */
  watched_group_ids: z.nullable(z.array(groupIdSchema)),
});

/** The sentinels of the product. */
export const sentinelListSchema = z
  .strictObject({
    ...versionFields,
    items: z.array(z.string()),
    /** They and the proxies may not know of each other what is stored; a resync ends that. */
    out_of_sync: z.boolean(),
    /** The last look at each. */
    looks: z.array(sentinelSchema),
    /** Masters by group id, where a majority of them agree. */
    masters: z.array(z.strictObject({ group_id: groupIdSchema, addr: z.string() })),
  })
  .meta({ id: "SentinelList" });
/** See `sentinelListSchema`. */
export type V1SentinelList = z.infer<typeof sentinelListSchema>;

/** A sentinel to add. */
export const newSentinelSchema = z.strictObject({ addr: addrSchema }).meta({ id: "NewSentinel" });
