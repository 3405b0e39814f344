/**
 * What `codis admin --proxy=ADDR` can do: look at one proxy and steer it directly, without a dashboard. The
 * product's name, which every call needs, is read from the proxy.
 */
import { readFileSync } from "node:fs";
import { ProxyClient } from "../../api/proxy-client.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import { SLOT_COUNTS } from "../../model/slot.ts";
import { parseSlotTable } from "../../model/slot-table.ts";
import { done, show } from "./answer.ts";
import type { AdminArgs, AdminOrder } from "./order.ts";

/** In the order of the help text. */
export const PROXY_ORDERS: readonly AdminOrder[] = [
  {
    target: "proxy",
    select: [],
    summary: "Everything, as JSON.",
    run: async (args) => show(await (await connect(args)).overview()),
  },
  {
    target: "proxy",
    select: ["config"],
    summary: "Its configuration.",
    run: async (args) => show((await (await connect(args)).overview()).config),
  },
  {
    target: "proxy",
    select: ["model"],
    summary: "Its model.",
    run: async (args) => show(await (await connect(args)).model()),
  },
  {
    target: "proxy",
    select: ["stats"],
    summary: "Its statistics.",
    run: async (args) => show(await (await connect(args)).fullStats()),
  },
  {
    target: "proxy",
    select: ["slots"],
    summary: "Its slot table.",
    run: async (args) => show(await (await connect(args)).slots()),
  },
  {
    target: "proxy",
    select: ["start"],
    summary: "Bring a waiting proxy online.",
    run: async (args) => done((await connect(args)).start()),
  },
  {
    target: "proxy",
    select: ["shutdown"],
    summary: "End it.",
    run: async (args) => done((await connect(args)).shutdown()),
  },
  {
    target: "proxy",
    select: ["log-level"],
    summary: "Set the level of its log.",
    run: async (args) => done((await connect(args)).setLogLevel(args.text("log-level"))),
  },
  {
    target: "proxy",
    select: ["fillslots"],
    takes: ["locked"],
    summary: "Give it the slots of a JSON file; --locked makes their requests wait.",
    run: fillSlots,
  },
  {
    target: "proxy",
    select: ["reset-stats"],
    summary: "Set its counters to zero.",
    run: async (args) => done((await connect(args)).resetStats()),
  },
  {
    target: "proxy",
    select: ["forcegc"],
    summary: "Run its garbage collector.",
    run: async (args) => done((await connect(args)).forceGc()),
  },
];

/** The product's name, which the calls need, comes from the proxy itself. */
async function connect(args: AdminArgs): Promise<ProxyClient> {
  const addr = args.addr("proxy");
  const productAuth = args.find("auth") ?? "";
  const stranger = new ProxyClient({ addr, productName: "", productAuth });
  const { product_name: productName } = await stranger.model();
  return new ProxyClient({ addr, productName, productAuth });
}

async function fillSlots(args: AdminArgs): Promise<string> {
  const file = args.text("fillslots");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new CodisError("SLOT_TABLE_UNREADABLE", `can't read ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
  // The proxy knows how many slots there are, and checks again.
  const slotCount = Math.max(...SLOT_COUNTS);
  const slots = parseSlotTable(text, { source: file, slotCount, unknownFields: "refuse" });
  const locked = args.has("locked");
  const pushed = locked ? slots.map((slot) => ({ ...slot, locked })) : slots;
  const proxy = await connect(args);
  return done(proxy.fillSlots(pushed));
}
