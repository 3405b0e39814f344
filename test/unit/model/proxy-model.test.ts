/** The model of a proxy, its token, the product's name and the sentinels. */
import { describe, expect, test } from "bun:test";
import { isProductName } from "../../../src/model/product.ts";
import {
  createProxyToken,
  describeThisProxy,
  proxyModelToJson,
} from "../../../src/model/proxy-model.ts";
import { decodeSentinel, sentinelToJson } from "../../../src/model/sentinel.ts";

const facts = {
  productName: "demo",
  protoType: "tcp4",
  datacenter: "",
  adminAddr: "10.0.0.1:11080",
  proxyAddr: "10.0.0.1:19000",
  adminListenAddr: "0.0.0.0:11080",
  proxyListenAddr: "0.0.0.0:19000",
  startedAtMs: Date.UTC(2026, 10, 21, 7, 1, 13, 117),
};

describe("model", () => {
  test("its JSON has the recorded fields in their order", () => {
    const json = proxyModelToJson(describeThisProxy(facts));
    expect(Object.keys(json)).toEqual([
      "token",
      "start_time",
      "admin_addr",
      "proto_type",
      "proxy_addr",
      "product_name",
      "pid",
      "pwd",
      "sys",
      "hostname",
      "datacenter",
      // Ours, behind those of Codis.
      "forward_methods",
      "process_birth",
      "takes_login",
    ]);
    expect(json.start_time).toMatch(/^2026-11-21 07:01:13\.117 \+0000 UTC m=\+\d+\.\d{9}$/);
    expect([json.pid, json.pwd]).toEqual([process.pid, process.cwd()]);
    expect(json.sys).toStartWith("Linux ");
  });

  test("the path of its registration is there only when it has one", () => {
    const model = { ...describeThisProxy(facts), jodisPath: "/jodis/demo/proxy-x" };
    expect(proxyModelToJson(model).jodis_path).toBe("/jodis/demo/proxy-x");
  });
});

describe("token", () => {
  test("is the md5 of hardware addresses, product and listening addresses", () => {
    // printf '%s' 'Codis-Token@[02:00:00:00:00:01 02:00:00:00:00:02]-demo-0.0.0.0:19000-0.0.0.0:11080' | md5sum
    const macs = ["02:00:00:00:00:02", "02:00:00:00:00:01"];
    expect(createProxyToken(macs, "demo", "0.0.0.0:19000", "0.0.0.0:11080")).toBe(
      "51685b6c6e4d6731d7fbc1975b282174",
    );
  });

  test("stays the same for one proxy and differs for two on one machine", () => {
    const token = (changes: Partial<typeof facts>) =>
      describeThisProxy({ ...facts, ...changes }).token;
    expect(token({ startedAtMs: 0 })).toBe(token({}));
    expect(token({ adminListenAddr: "0.0.0.0:11081" })).not.toBe(token({}));
    expect(token({ productName: "other" })).not.toBe(token({}));
  });
});

test("product names follow the rule of Codis", () => {
  expect(["codis-demo", "a", "_x", "9.a-b_c"].filter(isProductName)).toHaveLength(4);
  expect(["", "-a", ".a", "a b", "a/b", "ä", "a\n"].filter(isProductName)).toEqual([]);
});

describe("sentinels", () => {
  test("are read and written in the form of Codis", () => {
    expect(decodeSentinel({ out_of_sync: false }, "x")).toEqual({ servers: [], outOfSync: false });
    const record = decodeSentinel({ servers: ["10.0.0.1:26379"], out_of_sync: true }, "x");
    expect(sentinelToJson(record)).toEqual({ servers: ["10.0.0.1:26379"], out_of_sync: true });
    expect(sentinelToJson({ servers: [], outOfSync: false })).toEqual({ out_of_sync: false });
  });

  test.each([
    [[], "expected an object"],
    [null, "expected an object"],
    [{ servers: "10.0.0.1:26379" }, "servers must be a list of addresses"],
    [{ servers: ["10.0.0.1"] }, "servers must be a list of addresses"],
    [{ out_of_sync: 1 }, "out_of_sync must be true or false"],
  ])("%p is refused", (value, message) => {
    expect(() => decodeSentinel(value, "body")).toThrow(message);
  });
});
