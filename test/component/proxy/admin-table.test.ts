/**
 * The version of the slot table in the answers of the admin port, over real HTTP: by it a dashboard knows,
 * without a look at the slots, whether a proxy has what it was sent.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { PROXY_ROUTES, type ProxyRoute, TABLE_HEADER } from "../../../src/api/proxy-route.ts";
import { AdminPort, versioned } from "../../support/admin-port.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";

let admin: AdminPort;

beforeEach(async () => {
  admin = new AdminPort();
  await admin.start();
});

afterEach(() => admin.close());

const SLOT = JSON.stringify([{ id: 1, backend_addr: "127.0.0.1:6379", backend_addr_group_id: 1 }]);

const fill = (headers = {}) => admin.put(`/api/proxy/fillslots/${admin.xauth}`, SLOT, headers);
const poll = async () => (await admin.get(`/api/proxy/stats/${admin.xauth}`)).headers[TABLE_HEADER];

describe("the header", () => {
  test("is none, then the version of each push on its own answer and on later ones", async () => {
    expect(await poll()).toBe("none");
    expect((await fill(versioned(3, 17))).headers[TABLE_HEADER]).toBe("3.17");
    expect(await poll()).toBe("3.17");
    expect((await fill(versioned(4, 2))).headers[TABLE_HEADER]).toBe("4.2");
    expect(await poll()).toBe("4.2");
  });

  test("is none again after a push without a version", async () => {
    await fill(versioned(3, 17));
    admin.clock.advance(30_000);
    expect((await fill()).headers[TABLE_HEADER]).toBe("none");
    expect(await poll()).toBe("none");
  });

  test("stays when a push is refused, and a poll with a newer version doesn't change it", async () => {
    await fill(versioned(3, 17));
    expect((await fill(versioned(3, 16))).status).toBe(800);
    await admin.get(`/api/proxy/stats/${admin.xauth}`, versioned(5, 1));
    expect(await poll()).toBe("3.17");
  });

  test("is on every answer whose route says so, and on no other", async () => {
    await fill(versioned(1, 1));
    const params: Readonly<Record<string, string>> = { xauth: admin.xauth, flags: "0" };
    for (const route of Object.values(PROXY_ROUTES) as readonly ProxyRoute[]) {
      if (route.method === "PUT") continue;
      const path = route.path.replace(/:(\w+)/g, (_all, name: string) => params[name] ?? "");
      const { headers } = await admin.get(path);
      expect([path, headers[TABLE_HEADER]]).toEqual([
        path,
        route.tellsTable === true ? "1.1" : undefined,
      ]);
    }
  });
});

test("a push whose body was still on its way when a newer dashboard was heard is refused", async () => {
  const [host = "", port] = admin.addr.split(":");
  const socket = connect({ host, port: Number(port) });
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
  const head =
    `PUT /api/proxy/fillslots/${admin.xauth} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
    `Codis-Epoch: 1\r\nCodis-Revision: 5\r\nContent-Length: ${SLOT.length}\r\n\r\n`;
  socket.write(head + SLOT.slice(0, 5));
  // The old dashboard's call was let in when its headers were heard: they count as the newest version.
  await waitFor("the old dashboard to be heard", 30_000, oldIsHeard);
  await fill(versioned(2, 1));
  socket.write(SLOT.slice(5));
  const text = await withDeadline("an answer", 30_000, answer);
  expect(text).toStartWith("HTTP/1.1 800 ");
  expect(text.toLowerCase()).toContain(`${ERROR_CODE_HEADER}: push_outdated`);
  expect(admin.control.versions).toEqual([{ epoch: 2, revision: 1 }]);
});

/** A poll with an older version is refused as soon as epoch 1, revision 5 was heard. */
async function oldIsHeard(): Promise<true | undefined> {
  const answer = await admin.get(`/api/proxy/stats/${admin.xauth}`, versioned(1, 4));
  return answer.status === 800 ? true : undefined;
}
