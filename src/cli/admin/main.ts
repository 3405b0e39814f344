/**
 * `codis admin`: the command line of Codis 3.x, with the flags of codis-admin. Takes the arguments after
 * the command's name and resolves with an exit code, or throws a `CodisError`, which becomes one line.
 */
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import { EXIT } from "../exit-code.ts";
import { printOut } from "../output.ts";
import { explainFailure } from "../remote-failure.ts";
import { COORDINATOR_FLAGS } from "./coordinator-flag.ts";
import { COORDINATOR_ORDERS } from "./coordinator-order.ts";
import { DASHBOARD_ORDERS, findToken } from "./dashboard-order.ts";
import { readAdminFlags } from "./flag.ts";
import {
  AdminArgs,
  type AdminOrder,
  type AdminTarget,
  chooseOrder,
  describeOrders,
  note,
} from "./order.ts";
import { PROXY_ORDERS } from "./proxy-order.ts";
import { TOPOLOGY_ORDERS } from "./topology-order.ts";

/** Everything that `codis admin` can do, in the order of the help text. */
export const ADMIN_ORDERS: readonly AdminOrder[] = [
  ...DASHBOARD_ORDERS,
  ...TOPOLOGY_ORDERS,
  ...PROXY_ORDERS,
  ...COORDINATOR_ORDERS,
];

/** `codis admin ARGV`. */
export async function runAdmin(argv: readonly string[]): Promise<number> {
  const flags = readAdminFlags(argv);
  if (flags.values.has("help") || argv.length === 0) {
    await printOut(describeHelp());
    return EXIT.done;
  }
  const args = new AdminArgs(flags);
  const order = chooseOrder(ADMIN_ORDERS, chooseTarget(args), flags);
  try {
    await printOut(await order.run(args));
  } catch (thrown) {
    if (args.has("verbose")) {
      describeCauses(thrown);
    }
    throw explain(thrown, order.target, args);
  }
  return EXIT.done;
}

/** Whom the flags name. Throws USAGE. */
function chooseTarget(args: AdminArgs): AdminTarget {
  const given = ["proxy", "dashboard", ...COORDINATOR_FLAGS, "config-convert"].filter((name) =>
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
  if (first === "proxy" || first === "dashboard") {
    return first;
  }
  return first === "config-convert" ? "file" : "coordinator";
}

function explain(thrown: unknown, target: AdminTarget, args: AdminArgs): unknown {
  return target === "dashboard" || target === "proxy"
    ? explainFailure(thrown, {
        kind: target,
        addr: args.text(target),
        ...(target === "dashboard" ? DASHBOARD_HINTS : PROXY_HINTS),
        hasToken: findToken(args) !== undefined,
      })
    : thrown;
}

const DASHBOARD_HINTS = {
  whenAbsent: "start one with codis dashboard, or a cluster with codis up",
  whenOther: "--dashboard is the admin_addr of a dashboard",
};
const PROXY_HINTS = {
  whenAbsent: "--proxy is the admin_addr of a proxy, not where clients connect",
  whenOther: "--proxy is the admin_addr of a proxy, not where clients connect",
};

/** For `--verbose`: the code of a failure, and what was under it. */
function describeCauses(thrown: unknown): void {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
    note(`${isCodisError(cause) ? cause.code : cause.name}: ${messageOf(cause)}`);
  }
}

function describeHelp(): string {
  return `\
The command line of Codis 3: looks at one program of a product and changes it. For everyday work there is
the shorter form, codis group|server|slot|proxy|product.

Usage: codis admin TARGET [WHAT TO DO]

Examples:
  codis admin --dashboard=127.0.0.1:18080 --create-group --gid=1
  codis admin --dashboard=127.0.0.1:18080 --group-add --gid=1 --addr=127.0.0.1:6379
  codis admin --dashboard=127.0.0.1:18080 --slots-assign --beg=0 --end=1023 --gid=1 --confirm
  codis admin --dashboard=127.0.0.1:18080 --create-proxy --addr=127.0.0.1:11080
  codis admin --dashboard=127.0.0.1:18080 --group-status
  codis admin --etcd=127.0.0.1:2379 --config-dump --product=demo > demo.json

${describeOrders(ADMIN_ORDERS)}
Flags are --NAME=VALUE or --NAME VALUE; -a is --auth, -x --addr, -t --token, -g --gid. -v (--verbose) tells more
of a failure. --api-token, or CODIS_TOKEN in the environment, is the secret of a user, for a product that
has users. Exit codes: codis --help.
`;
}
