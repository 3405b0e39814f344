/**
 * The coordinator of a local cluster as one of its processes: a real ZooKeeper or etcd server on loopback,
 * from Debian's packages. The folder, which is the default, needs no process.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CodisError } from "../base/error.ts";
import type { CoordinatorLayout } from "./layout.ts";
import type { Member } from "./member.ts";

/** Where Debian's package has the server. */
const ZOOKEEPER_JAR = "/usr/share/java/zookeeper.jar";

/** The process; undefined for the filesystem. */
export function createCoordinator(dir: string, layout: CoordinatorLayout): Member | undefined {
  switch (layout.kind) {
    case "filesystem":
      return undefined;
    case "etcd":
      return createEtcd(dir, layout);
    case "zookeeper":
      return createZookeeper(dir, layout);
  }
}

/** Throws `NOT_SUPPORTED` with the command to run when the server's program isn't installed. */
export function checkCoordinatorProgram(kind: CoordinatorLayout["kind"]): void {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  const isProgram = (name: string): boolean =>
    folders.some((folder) => folder !== "" && existsSync(join(folder, name)));
  if (kind === "etcd" && !isProgram("etcd")) {
    throw missing("etcd", "etcd-server");
  }
  if (kind === "zookeeper" && !(isProgram("java") && existsSync(ZOOKEEPER_JAR))) {
    throw missing("ZooKeeper", "zookeeper");
  }
}

function missing(name: string, packageName: string): CodisError {
  return new CodisError(
    "NOT_SUPPORTED",
    `${name} isn't installed; on Debian run: apt-get install ${packageName}`,
  );
}

function createEtcd(dir: string, layout: CoordinatorLayout): Member {
  const folder = join(dir, "coordinator");
  const data = join(folder, "etcd");
  const client = `http://127.0.0.1:${layout.port}`;
  const peer = `http://127.0.0.1:${layout.peerPort}`;
  const flags = {
    name: "local",
    "data-dir": data,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `local=${peer}`,
  };
  return {
    ...member("etcd", folder, layout.port),
    configPath: join(folder, "etcd.txt"),
    configText: "etcd is configured by flags.\n",
    command: ["etcd", ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
    isCommandLine: (args) => args.includes(`--data-dir=${data}`),
  };
}

function createZookeeper(dir: string, layout: CoordinatorLayout): Member {
  const folder = join(dir, "coordinator");
  const configPath = join(folder, "zoo.cfg");
  return {
    ...member("zookeeper", folder, layout.port),
    configPath,
    configText: [
      "# Written by codis up at each start: changes are lost.",
      "tickTime=1000",
      `dataDir=${join(folder, "zookeeper")}`,
      "clientPortAddress=127.0.0.1",
      `clientPort=${layout.port}`,
      "admin.enableServer=false",
      "maxClientCnxns=0",
      "4lw.commands.whitelist=ruok,srvr",
      "",
    ].join("\n"),
    command: [
      "java",
      "-Xmx128m",
      "-Dzookeeper.log.threshold=WARN",
      "-cp",
      ZOOKEEPER_JAR,
      "org.apache.zookeeper.server.ZooKeeperServerMain",
      configPath,
    ],
    isCommandLine: (args) =>
      args.at(-1) === configPath && args.some((arg) => /zookeeper/i.test(arg)),
  };
}

function member(
  name: string,
  folder: string,
  port: number,
): Pick<Member, "name" | "kind" | "groupId" | "port" | "adminPort" | "folder" | "logPath"> {
  return {
    name,
    kind: "coordinator",
    groupId: 0,
    port,
    adminPort: 0,
    folder,
    logPath: join(folder, `${name}.log`),
  };
}
