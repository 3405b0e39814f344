/**
 * What the fleet asks an address before its proxy is registered, and how it tells a proxy to end: with Codis's
 * texts for every failure.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { isCodisError } from "../../../src/base/error.ts";
import type { Fleet } from "../../../src/dashboard/fleet/fleet.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeProxy } from "../../support/fake-proxy.ts";
import { createFleet, FleetEvents, FleetProduct } from "../../support/fleet-product.ts";
import { freePort } from "../../support/free-port.ts";

const WAIT_MS = 20_000;
/** Longer than a shared machine stands still: only what hangs is given up. */
const ANSWER_MS = 4_000;

let product: FleetProduct;
let events: FleetEvents;
let fleet: Fleet;
let proxy: FakeProxy;

beforeEach(async () => {
  product = new FleetProduct();
  events = new FleetEvents();
  fleet = createFleet(events, { productAuth: "s3cret", timing: { admissionTimeoutMs: ANSWER_MS } });
  proxy = await FakeProxy.start({ productAuth: "s3cret" });
});

afterEach(async () => {
  await fleet.close();
  await proxy.stop();
});

/** Code and text of a rejection. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    return isCodisError(thrown) ? `${thrown.code} ${thrown.message}` : String(thrown);
  }
  return "nothing was rejected";
}

describe("an address", () => {
  test("with a good proxy gives its model and passes", async () => {
    const model = await fleet.fetchModel(proxy.addr);
    expect(model).toEqual(proxy.model);
    await fleet.checkXauth(proxy.addr, model);
    expect(proxy.calls).toEqual(["model", "xping"]);
  });

  test("that isn't one, or on which nobody or nothing sensible answers, is refused", async () => {
    expect(await failureOf(fleet.fetchModel("nowhere"))).toStartWith("ADDRESS_INVALID");
    const nobody = `127.0.0.1:${await freePort()}`;
    expect(await failureOf(fleet.fetchModel(nobody))).toMatch(
      `PROXY_CALL_FAILED proxy@${nobody} fetch model failed: GET /api/proxy/model of ${nobody}: ` +
        "ECONNREFUSED; is this the admin address of a proxy that runs?",
    );
    const start = `PROXY_CALL_FAILED proxy@${proxy.addr} fetch model failed: `;
    proxy.fault = () => ({ kind: "hang" });
    expect(await failureOf(fleet.fetchModel(proxy.addr))).toBe(
      `${start}GET /api/proxy/model of ${proxy.addr}: no answer within ${ANSWER_MS} ms`,
    );
    proxy.fault = () => ({ kind: "text", text: "<html>" });
    expect(await failureOf(fleet.fetchModel(proxy.addr))).toContain(
      `${start}${proxy.addr} answered`,
    );
    proxy.fault = () => ({ kind: "text", text: '{"token": "../topom", "admin_addr": "x"}' });
    expect(await failureOf(fleet.fetchModel(proxy.addr))).toContain(`${start}model of`);
  });

  test("with a proxy of another product or password is refused", async () => {
    const model = await fleet.fetchModel(proxy.addr);
    const start = `PROXY_CALL_FAILED proxy@${proxy.addr} check xauth failed: `;
    const other = { ...model, productName: "other" };
    expect(await failureOf(fleet.checkXauth(proxy.addr, other))).toBe(
      `${start}it belongs to product other, this is demo`,
    );
    proxy = await proxy.restart({ productAuth: "s3cret2" });
    expect(await failureOf(fleet.checkXauth(proxy.addr, model))).toContain(
      "invalid xauth, please check product name & auth",
    );
  });
});

describe("a proxy", () => {
  test("is told to end; one that can't be told is named", async () => {
    fleet.setTopology(product.register(proxy.model));
    await waitFor("its slots", WAIT_MS, async () => {
      const { failed } = await fleet.whenSynced(product.topology.revision, WAIT_MS);
      return failed.length === 0 ? true : undefined;
    });
    await fleet.shutdownProxy(proxy.token);
    expect(proxy.calls.at(-1)).toBe("shutdown");
    proxy.fault = (name) => (name === "shutdown" ? { kind: "refuse", cause: "no" } : undefined);
    expect(await failureOf(fleet.shutdownProxy(proxy.token))).toStartWith(
      `PROXY_CALL_FAILED proxy-[${proxy.token}] shutdown failed: `,
    );
    expect(await failureOf(fleet.shutdownProxy("x"))).toBe("NOT_FOUND proxy-[x] doesn't exist");
  });
});
