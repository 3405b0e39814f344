/**
 * Configuration of the proxy, for everybody outside `config/`: the type, its defaults, and its JSON.
 * The keys themselves are one table (`config/key.ts`); nothing else in the program knows the name of a
 * key.
 *
 * Reading a file (`src/config/toml-file.ts`) and the command line (`config/args.ts`) are imported by the
 * composition root alone: workers get the finished object and don't load a TOML parser.
 */
export type { ProxyConfig } from "./config/key.ts";
export { configToJson, defaultProxyConfig } from "./config/load.ts";
