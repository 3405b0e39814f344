/**
 * Schemas of the single values of `/api/v1`: ids, addresses, names, times; with the bounds that both the
 * server's checks and the OpenAPI document have. Loaded by the dashboard only.
 */
import { z } from "zod";
import { parseServerAddr } from "../model/address.ts";
import { GROUP_ID_MAX, GROUP_ID_MIN } from "../model/group.ts";
import { SLOT_COUNTS } from "../model/slot.ts";
import { PAGE_ITEMS_MAX, ROLES } from "./v1-path.ts";

/** Longest address in a body: a host name of 253 characters, brackets, a port. */
const ADDR_CHARS_MAX = 262;
/** Longest name of a data centre. */
const DATACENTER_CHARS_MAX = 100;
const SLOT_ID_MAX = Math.max(...SLOT_COUNTS) - 1;

/** Id of a group. */
export const groupIdSchema = z.int().min(GROUP_ID_MIN).max(GROUP_ID_MAX);
/** Id of a group, or 0 for none. */
export const groupIdOrNoneSchema = z.int().min(0).max(GROUP_ID_MAX);
/** Id of a slot. Products have 1024, 2048 or 4096; the server knows which. */
export const slotIdSchema = z.int().min(0).max(SLOT_ID_MAX);

/** `host:port` of a program to connect to. */
export const addrSchema = z
  .string()
  .min(3)
  .max(ADDR_CHARS_MAX)
  .refine((text) => parseServerAddr(text) !== undefined, "expected host:port or [ipv6]:port");

/** Name of a data centre; empty for none. */
export const datacenterSchema = z
  .string()
  .max(DATACENTER_CHARS_MAX)
  .regex(/^[\w.:/@ -]*$/);

/** Token of a proxy. */
export const proxyTokenSchema = z.string().regex(/^[\w-]{1,64}$/);

/** Name of a user or of a token: it becomes a path in the coordinator. */
export const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,31}$/,
    "expected 1 to 32 of a-z, 0-9, _ and -, the first a letter or a digit",
  );

/** Shortest and longest password of a user, in characters. */
const PASSWORD_CHARS_MIN = 8;
const PASSWORD_CHARS_MAX = 200;

/** A password that a user signs in with. */
export const passwordSchema = z.string().min(PASSWORD_CHARS_MIN).max(PASSWORD_CHARS_MAX);

/** A role. */
export const roleSchema = z.enum(ROLES);

/** A moment, RFC 3339 in UTC. */
export const timeSchema = z.iso.datetime();

/** A whole number from 0. */
export const countSchema = z.int().min(0);

/** What was measured; null when it isn't known. */
export const figureSchema = z.nullable(z.number());

/** A whole number in a path or a query, where everything is text. */
export function numberText(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,10}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ type: "integer", minimum: min, maximum: max });
}

/** `true` or `false` in a query; `1` and `0` are taken as well. */
export const flagTextSchema = z
  .enum(["true", "false", "1", "0"])
  .transform((text) => text === "true" || text === "1")
  .meta({ type: "boolean" });

/** Query of a list that has pages. */
export const pageQuerySchema = z.strictObject({
  limit: numberText(1, PAGE_ITEMS_MAX).optional(),
  after: z.string().max(ADDR_CHARS_MAX).optional(),
});

/** Parameter `{gid}`. */
export const groupIdParamSchema = numberText(GROUP_ID_MIN, GROUP_ID_MAX);
/** Parameter `{id}` of a slot. */
export const slotIdParamSchema = numberText(0, SLOT_ID_MAX);

/** Where an answer about the topology stands in time. */
export const versionFields = { epoch: countSchema, revision: countSchema } as const;

/** The rest of a list: hand `next` in as `after`; null on the last page. */
export const nextSchema = z.nullable(z.string());
