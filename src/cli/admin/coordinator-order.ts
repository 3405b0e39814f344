/**
 * What `codis admin` can do with a coordinator directly, without a dashboard, and with files that come from
 * there.
 */
import { listDashboards } from "../../console/dashboard-list.ts";
import { show } from "./answer.ts";
import { convertOldDump } from "./convert.ts";
import { productOf, withCoordinator } from "./coordinator-flag.ts";
import { dumpOldTree, dumpProduct } from "./dump.ts";
import { decodeDump, encodeDump, readDumpFile } from "./dump-form.ts";
import { removeLock } from "./lock.ts";
import { type AdminArgs, type AdminOrder, note } from "./order.ts";
import { planRestore, restoreDump } from "./restore.ts";

/** In the order of the help text. */
export const COORDINATOR_ORDERS: readonly AdminOrder[] = [
  {
    target: "coordinator",
    select: ["dashboard-list"],
    summary: "All products and the addresses of their dashboards, as codis-fe reads them.",
    run: (args) => withCoordinator(args, async (from) => show(await listDashboards(from))),
  },
  {
    target: "coordinator",
    select: ["remove-lock"],
    needs: ["product"],
    takes: ["force"],
    summary:
      "Take away the lock that a dashboard of Codis left when it was killed; --force: also when it lives.",
    run: (args) => {
      const product = productOf(args);
      return withCoordinator(args, (at) => removeLock(at, product, args.has("force")));
    },
  },
  {
    target: "coordinator",
    select: ["config-dump"],
    needs: ["product"],
    takes: ["1"],
    summary:
      "Print slots, groups and proxies of a product as JSON; -1: the tree of Codis 1.x or 2.x. Without " +
      "sentinels, users and the audit log.",
    run: (args) => {
      const product = productOf(args);
      return withCoordinator(args, (from) =>
        args.has("1") ? dumpOldTree(from, product) : dumpProduct(from, product),
      );
    },
  },
  {
    target: "coordinator",
    select: ["config-restore"],
    needs: ["product"],
    takes: ["confirm"],
    summary: "Write a dump into an empty product that has no dashboard, on any coordinator.",
    run: restore,
  },
  {
    target: "file",
    select: ["config-convert"],
    summary: "Make a dump of 3.x of one of 1.x or 2.x (--config-dump -1).",
    run: async (args) => {
      const file = args.text("config-convert");
      return encodeDump(convertOldDump(readDumpFile(file), file));
    },
  },
];

async function restore(args: AdminArgs): Promise<string> {
  const product = productOf(args);
  const file = args.text("config-restore");
  const { dump, strangers } = planRestore(decodeDump(readDumpFile(file), file), product, file);
  for (const proxy of strangers) {
    note(
      `proxy-${proxy.id} at ${proxy.adminAddr} is left out: it was started for product ` +
        proxy.productName,
    );
  }
  if (!args.has("confirm")) {
    note("nothing was written; --confirm does it");
    return encodeDump(dump);
  }
  await withCoordinator(args, (into) => restoreDump(into, product, dump));
  return "";
}
