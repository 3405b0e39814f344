/**
 * `codis admin`: the command line of Codis 3.x, with the flags of codis-admin. Takes the arguments after
 * the command's name and resolves with an exit code, or throws a `CodisError`, which becomes one line.
 */
import { CodisError } from "../../base/error.ts";
import { EXIT } from "../exit-code.ts";
import { COORDINATOR_ORDERS } from "./coordinator-order.ts";
import { DASHBOARD_ORDERS } from "./dashboard-order.ts";
import { readAdminFlags } from "./flag.ts";
import { AdminArgs, type AdminTarget, chooseOrder, describeOrders } from "./order.ts";
import { PROXY_ORDERS } from "./proxy-order.ts";
import { TOPOLOGY_ORDERS } from "./topology-order.ts";

const ORDERS = [...PROXY_ORDERS, ...DASHBOARD_ORDERS, ...TOPOLOGY_ORDERS, ...COORDINATOR_ORDERS];

/** `codis admin ARGV`. */
export async function runAdmin(argv: readonly string[]): Promise<number> {
  const flags = readAdminFlags(argv);
  if (flags.values.has("help")) {
    process.stdout.write(describeHelp());
    return EXIT.done;
  }
  const order = chooseOrder(ORDERS, chooseTarget(new AdminArgs(flags)), flags);
  process.stdout.write(await order.run(new AdminArgs(flags)));
  return EXIT.done;
}

function chooseTarget(args: AdminArgs): AdminTarget {
  const given = ["proxy", "dashboard", "zookeeper", "etcd", "filesystem"].filter((name) =>
    args.has(name),
  );
  const [first, second] = given;
  if (first === undefined) {
    throw new CodisError(
      "USAGE",
      "say whom to ask: --dashboard=ADDR, --proxy=ADDR, or a coordinator; see codis admin --help",
    );
  }
  if (second !== undefined) {
    throw new CodisError("USAGE", `--${first} and --${second} exclude each other`);
  }
  return first === "proxy" || first === "dashboard" ? first : "coordinator";
}

function describeHelp(): string {
  return `\
The command line of Codis 3: looks at one program of a product and changes it. For everyday work there is
the shorter form codis group|server|proxy|slot|product.

Usage: codis admin TARGET [WHAT TO DO]

${describeOrders(ORDERS)}
The short forms -v (verbose), -a (--auth), -x (--addr), -t (--token), -g (--gid) are understood as well.
--api-token, or CODIS_TOKEN in the environment, is the secret of a user of /api/v1: it is needed where the
dashboard lets only users change things. Exit codes: 0 done, 1 failed, 64 wrong command line.
`;
}
