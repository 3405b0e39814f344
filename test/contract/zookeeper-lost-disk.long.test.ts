/**
 * A ZooKeeper server that comes back without what it had stored. It refuses every client that has seen more
 * than it has; after a while a client of ours begins anew instead of being refused for ever.
 */
import { expect, test } from "bun:test";
import { openZookeeper } from "../../src/coordinator/zookeeper/zookeeper.ts";
import { waitFor } from "../support/deadline.ts";
import { startZookeeper } from "../support/zookeeper-server.ts";
import { put } from "./suite-context.ts";

const TEST_MS = 120_000;
const SOON_MS = 8_000;
/** 15 s until an old session is given up, and some for the machine. */
const ANEW_MS = 40_000;

test(
  "a server that lost its disk is used again, and registrations come back",
  async () => {
    const old = await startZookeeper();
    const port = old.servers[0]?.port ?? 0;
    const own = openZookeeper({
      kind: "zookeeper",
      addr: old.addr,
      auth: "",
      sessionTimeoutMs: 2_000,
    });
    try {
      for (let round = 0; round < 50; round += 1) {
        await put(own, "/lost/x", `${round}`);
      }
      const registration = own.register("/lost/p", "1", { ttlMs: 2_000 });
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
      await old.stop();
      const empty = await startZookeeper({ config: { clientPort: String(port) } });
      try {
        await waitFor("empty answer", ANEW_MS, async () =>
          (await own.get("/lost/x")) === undefined ? true : undefined,
        );
        await waitFor("isRegistered", ANEW_MS, () => registration.isRegistered() || undefined);
        expect((await own.get("/lost/p"))?.data).toBe("1");
        await put(own, "/lost/x", "anew");
      } finally {
        await own.close();
        await empty.stop();
      }
    } finally {
      await own.close();
      await old.stop();
    }
  },
  TEST_MS,
);
