/**
 * The handlers of commands that concern all groups, by name: what the dispatch stage looks up for a
 * command whose route is `shards`.
 *
 * A name is lower case, a subcommand `container|name`, as in the command table. The table has
 * checked the number of arguments.
 */
import type { CommandHandler } from "../context.ts";
import { slotsInfo, slotsScan } from "./codis.ts";
import { configGet, configSet } from "./config.ts";
import { info } from "./info.ts";
import { databaseSize } from "./key-count.ts";
import { flush, keys, randomKey } from "./keyspace.ts";
import { scan } from "./scan.ts";
import {
  askAny,
  changeAll,
  functionStats,
  killScript,
  scriptExists,
  scriptFlush,
  scriptLoad,
} from "./script.ts";
import { lastSave, slowLogGet, slowLogLength } from "./slow-log.ts";
import { wait, waitAof } from "./wait.ts";

/** See the file head. */
export const shardHandlers: Readonly<Record<string, CommandHandler>> = {
  "config|get": configGet,
  "config|resetstat": changeAll,
  "config|set": configSet,
  dbsize: databaseSize,
  flushall: flush,
  flushdb: flush,
  "function|delete": changeAll,
  "function|dump": askAny,
  "function|flush": changeAll,
  "function|kill": killScript,
  "function|list": askAny,
  "function|load": changeAll,
  "function|restore": changeAll,
  "function|stats": functionStats,
  info,
  keys,
  lastsave: lastSave,
  "memory|purge": changeAll,
  randomkey: randomKey,
  scan,
  "script|exists": scriptExists,
  "script|flush": scriptFlush,
  "script|kill": killScript,
  "script|load": scriptLoad,
  "slowlog|get": slowLogGet,
  "slowlog|len": slowLogLength,
  "slowlog|reset": changeAll,
  slotsinfo: slotsInfo,
  slotsscan: slotsScan,
  wait,
  waitaof: waitAof,
};
