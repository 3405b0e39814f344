/**
 * The table of all keys of `proxy.toml`: name, field, kind, default, bounds and meaning of each. From
 * it come the type `ProxyConfig`, the checks (`load.ts`), the default file (`--default-config`), the
 * `config` object of `GET /proxy`, and `docs/config-proxy.md`.
 */
import { CODIS_KEYS } from "./codis-key.ts";
import type { KeySpec } from "./key-spec.ts";
import { OWN_KEYS } from "./own-key.ts";

/** Every key, in the order of the JSON of `GET /proxy`: those of Codis, then ours. */
export const PROXY_KEYS = [...CODIS_KEYS, ...OWN_KEYS] as const;

/** One entry of the table, with its literal types. */
export type ProxyKey = (typeof PROXY_KEYS)[number];

type ValueOf<K extends KeySpec> = K["kind"] extends "bool"
  ? boolean
  : K extends { readonly choices: readonly (infer C)[] }
    ? C
    : K["kind"] extends "string"
      ? string
      : number;

/**
 * The checked configuration of a proxy. Fields that end in `Ms` are milliseconds, in `Bytes` bytes;
 * a duration of 0 is "never" or "off" unless the key says otherwise. Frozen.
 */
export type ProxyConfig = { readonly [K in ProxyKey as K["field"]]: ValueOf<K> };
