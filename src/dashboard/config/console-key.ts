/**
 * The keys of `dashboard.toml` about the console and about who may use `/api/v1`: a part of the table in `key.ts`.
 * What each means for the HTTP port is put together in `main.ts`.
 */
import type { KeySpec } from "../../config/key-spec.ts";

/** In the order of the JSON of `GET /topom`. */
export const CONSOLE_KEYS = [
  {
    name: "api_open",
    field: "apiOpen",
    kind: "bool",
    fallback: false,
    section: "Addresses and access",
    isOurs: true,
    doc:
      "Whether everybody who reaches the port is an admin of /api/v1 until the first user exists, for who relies " +
      "on the network alone. false: only callers on this machine are; others need the set-up link that the leader " +
      "prints. The old API has its own rule, legacy_api.",
  },
  {
    name: "product_label",
    field: "productLabel",
    kind: "string",
    fallback: "",
    choices: ["", "production", "staging", "development"],
    section: "Product",
    isOurs: true,
    doc:
      "What the product is for. The console shows it, and asks for the name before it changes something that " +
      "can't be undone in production.",
  },
  {
    name: "console",
    field: "console",
    kind: "bool",
    fallback: true,
    section: "Console",
    isOurs: true,
    doc: "Whether the web console is served at admin_addr. The API has its paths either way.",
  },
  {
    name: "console_base_path",
    field: "consoleBasePath",
    kind: "string",
    fallback: "/",
    section: "Console",
    isOurs: true,
    doc:
      'Path of the console behind a reverse proxy, like "/ops/codis/". The proxy may keep it in what it hands on, ' +
      "or take it away.",
  },
  {
    name: "trusted_proxies",
    field: "trustedProxies",
    kind: "string",
    fallback: "127.0.0.1,::1",
    section: "Console",
    isOurs: true,
    doc:
      "Reverse proxies and codis fe, as addresses or networks like 10.0.0.0/8 with commas. What they say in " +
      "X-Forwarded-For is the address for which sign-ins are limited; nobody gets a right by it.",
  },
] as const satisfies readonly KeySpec[];
