/** Command lines of `codis admin`: forms of flags, slips, and which order they choose. */
import { describe, expect, test } from "bun:test";
import { readAdminFlags, SWITCHES, VALUE_FLAGS } from "../../../src/cli/admin/flag.ts";
import { ADMIN_ORDERS } from "../../../src/cli/admin/main.ts";
import {
  AdminArgs,
  type AdminTarget,
  chooseOrder,
  describeOrders,
} from "../../../src/cli/admin/order.ts";
import { catchError } from "../../support/caught-error.ts";

function read(line: string): ReturnType<typeof readAdminFlags> {
  return readAdminFlags(line.split(" ").filter((word) => word !== ""));
}

function slip(line: string): string {
  const { code, message } = catchError(() => read(line));
  expect(code).toBe("USAGE");
  return message;
}

function chosen(target: AdminTarget, line: string): string {
  const order = chooseOrder(ADMIN_ORDERS, target, read(line));
  return order.select.join(" ");
}

function refused(target: AdminTarget, line: string): string {
  const { code, message } = catchError(() => chooseOrder(ADMIN_ORDERS, target, read(line)));
  expect(code).toBe("USAGE");
  return message;
}

describe("flags", () => {
  test("all forms of a value mean the same", () => {
    for (const form of ["--gid=1", "--gid 1", "-g 1", "-g1", "-g=1"]) {
      expect(read(form).values).toEqual(new Map([["gid", "1"]]));
    }
    expect(read("-v -1 --force config").values).toEqual(
      new Map([
        ["verbose", ""],
        ["1", ""],
        ["force", ""],
      ]),
    );
    expect(read("--proxy=a:1 config").words).toEqual(["config"]);
    expect(read("--fillslots=a=b.json").values.get("fillslots")).toBe("a=b.json");
    expect(readAdminFlags(["--auth="]).values.get("auth")).toBe("");
  });

  test("a slip gets one line with the way out", () => {
    expect(slip("--creat-group")).toBe("unknown flag --creat-group; did you mean --create-group?");
    expect(slip("--qqqqqqqqqqqq")).toContain("codis admin --help");
    expect(slip("-z")).toContain("unknown flag -z");
    expect(slip("-vx")).toContain("unknown flag -vx");
    expect(slip("--gid")).toBe("--gid needs a value");
    expect(slip("--gid=")).toBe("--gid needs a value");
    expect(slip("--force=1")).toBe("--force takes no value");
    expect(slip("--gid=1 --gid=2")).toBe("--gid is given twice");
  });
});

describe("orders", () => {
  test("the one with the most flags that fit is chosen", () => {
    expect(chosen("dashboard", "--dashboard=a:1")).toBe("");
    expect(chosen("dashboard", "--dashboard=a:1 model")).toBe("model");
    expect(chosen("dashboard", "--dashboard=a:1 --slot-action --create --sid=1 --gid=2")).toBe(
      "slot-action create",
    );
    expect(
      chosen(
        "dashboard",
        "--dashboard=a:1 --slot-action --create-some --gid-from=1 --gid-to=2 --num-slots=3",
      ),
    ).toBe("slot-action create-some");
    expect(chosen("dashboard", "--dashboard=a:1 --sync-action --remove --addr=a:1")).toBe(
      "sync-action remove",
    );
    expect(chosen("coordinator", "--etcd=a:1 --config-dump --product=demo -1")).toBe("config-dump");
    expect(chosen("file", "--config-convert=x.json")).toBe("config-convert");
  });

  test("a flag without meaning, a missing one and two that exclude each other are refused", () => {
    expect(refused("dashboard", "--dashboard=a:1 --list-group --gid=1")).toBe(
      "--gid has no meaning with --list-group; see codis admin --help",
    );
    expect(refused("dashboard", "--dashboard=a:1 --create-group")).toBe(
      "--create-group needs --gid=ID",
    );
    expect(refused("dashboard", "--dashboard=a:1 --resync-group")).toBe(
      "--resync-group needs --gid=ID or --all",
    );
    expect(
      refused(
        "dashboard",
        "--dashboard=a:1 --replica-groups --gid=1 --addr=a:1 --enable --disable",
      ),
    ).toBe("--replica-groups takes only one of --enable or --disable");
    expect(refused("dashboard", "--dashboard=a:1 modle")).toContain('"modle" has no meaning');
    expect(refused("coordinator", "--etcd=a:1")).toContain("what shall be done");
    expect(refused("coordinator", "--etcd=a:1 --config-dump")).toBe(
      "--config-dump needs --product=NAME",
    );
  });

  test("every flag belongs to an order or to a target, and the help shows all of them", () => {
    const help = describeOrders(ADMIN_ORDERS);
    const everywhere = ["verbose", "help", "api-token", "auth", "zookeeper-auth", "etcd-auth"];
    for (const name of [...Object.keys(VALUE_FLAGS), ...SWITCHES]) {
      if (!everywhere.includes(name)) {
        expect(help).toContain(name === "1" ? "-1" : `--${name}`);
      }
    }
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});

describe("values", () => {
  const args = (line: string) => new AdminArgs(read(line));

  test("numbers and addresses out of bounds are refused by name", () => {
    expect(args("--gid=9999").count("gid", 1, 9999)).toBe(9999);
    for (const bad of ["0", "10000", "-1", "1.5", "x", "1e3", "99999999999"]) {
      expect(catchError(() => args(`--gid=${bad}`).count("gid", 1, 9999)).message).toBe(
        `invalid --gid=${bad}: expected a whole number from 1 to 9999`,
      );
    }
    expect(args("--addr=[::1]:1").addr("addr")).toBe("[::1]:1");
    for (const bad of ["localhost", "1.2.3.4", "1.2.3.4:0", "1.2.3.4:70000", ":80"]) {
      expect(catchError(() => args(`--addr=${bad}`).addr("addr")).message).toBe(
        `invalid --addr=${bad}: expected host:port`,
      );
    }
    expect(catchError(() => args("").text("gid")).message).toBe("--gid=ID is needed");
  });
});
