/**
 * ZooKeeper's own command line, for what a coordinator can't do or must not: looking at ACLs and owners,
 * quotas, and an independent view of what was written.
 */
import { spawn } from "node:child_process";
import { withDeadline } from "./deadline.ts";
import { javaArgs } from "./zookeeper-server.ts";

const RUN_MS = 30_000;

/** Runs the commands one after another in one session; everything that was printed. */
export async function zookeeperShell(addr: string, commands: readonly string[]): Promise<string> {
  const args = javaArgs("org.apache.zookeeper.ZooKeeperMain", {}, ["-server", addr]);
  const child = spawn("java", args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const gone = new Promise((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", reject);
  });
  child.stdin.end(`${commands.join("\n")}\nquit\n`);
  try {
    await withDeadline("end of the ZooKeeper shell", RUN_MS, gone);
  } finally {
    child.kill("SIGKILL");
  }
  return output;
}
