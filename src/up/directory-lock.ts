/**
 * One `codis up` for each folder. The lock is a unix socket in Linux's abstract name space: it exists
 * only while its process lives, so a crash never leaves a lock behind. Its name comes from the device and
 * inode of the folder; two paths of one folder are one lock.
 */
import { statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { systemCodeOf } from "../base/error.ts";

/** Held until `release` or the end of the process. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Takes the lock of an existing folder; undefined when another process has it. */
export function lockDirectory(dir: string): Promise<DirectoryLock | undefined> {
  const { dev, ino } = statSync(dir);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (systemCodeOf(error) === "EADDRINUSE") {
        resolve(undefined);
      } else {
        reject(error);
      }
    });
    server.listen({ path: `\0codis-up-${process.getuid?.()}-${dev}-${ino}` }, () => {
      server.unref();
      resolve({ release: () => closeServer(server) });
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
