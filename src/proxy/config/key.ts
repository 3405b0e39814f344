/**
 * The table of all keys of `proxy.toml`: name, field, kind, default, bounds and meaning of each. From
 * it come the type `ProxyConfig`, the checks (`load.ts`), the default file (`--default-config`), the
 * `config` object of `GET /proxy`, and `docs/config-proxy.md`.
 */
import type { ConfigOf } from "../../config/key-spec.ts";
import { CODIS_KEYS } from "./codis-key.ts";

import { OWN_KEYS } from "./own-key.ts";

/** Every key, in the order of the JSON of `GET /proxy`: those of Codis, then ours. */
export const PROXY_KEYS = [...CODIS_KEYS, ...OWN_KEYS] as const;

/** One entry of the table, with its literal types. */
export type ProxyKey = (typeof PROXY_KEYS)[number];

/** The checked configuration of a proxy. */
export type ProxyConfig = ConfigOf<ProxyKey>;

/** Headings of the default file and of the documentation, in their order. */
export const KEY_SECTIONS = [
  "Product",
  "Addresses",
  "Clients",
  "Servers",
  "Slots and workers",
  "Limits of memory",
  "Service discovery",
  "Pushing metrics",
  "Without effect",
] as const;
