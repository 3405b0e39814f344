/** The registration of a proxy for applications: the bytes of Codis 3.2, and what is read of others'. */
import { describe, expect, test } from "bun:test";
import {
  decodeJodisRecord,
  encodeJodisRecord,
  jodisFolder,
  jodisPath,
} from "../../../src/model/jodis-record.ts";
import { recordedModel, TOKEN } from "../../support/admin-port.ts";

test("is written as Codis writes it: fields by name, indented by 4", () => {
  expect(encodeJodisRecord(recordedModel("127.0.0.1:11080"))).toBe(
    `{
    "addr": "127.0.0.1:21900",
    "admin": "127.0.0.1:11080",
    "start": "2026-11-21 07:01:13.117 +0000 UTC m=+0.059995724",
    "state": "online",
    "token": "${TOKEN}"
}`,
  );
});

test("the two paths of a registration, and the folders to watch", () => {
  expect([jodisPath("demo", "t", false), jodisFolder("demo", false)]).toEqual([
    "/jodis/demo/proxy-t",
    "/jodis/demo",
  ]);
  expect([jodisPath("demo", "t", true), jodisFolder("demo", true)]).toEqual([
    "/zk/codis/db_demo/proxy/t",
    "/zk/codis/db_demo/proxy",
  ]);
});

describe("reading", () => {
  test("takes what we write, and a registration of Codis 2 without our fields", () => {
    const written = encodeJodisRecord(recordedModel("127.0.0.1:11080"));
    expect(decodeJodisRecord(written, "x")).toMatchObject({
      addr: "127.0.0.1:21900",
      state: "online",
      token: TOKEN,
    });
    const old = '{"addr":"h:19000","start_at":"2016","state":"online","token":"t"}';
    expect(decodeJodisRecord(old, "x")).toEqual({
      addr: "h:19000",
      admin: "",
      start: "",
      token: "t",
      state: "online",
    });
  });

  test.each([
    ["", "x: the node is empty"],
    ["{", "x: isn't JSON"],
    ["[]", "x: expected an object"],
    ['{"state":"online"}', "x: addr: expected host:port"],
    ['{"addr":"nowhere","state":"online"}', "x: addr: expected host:port"],
    ['{"addr":"h:1","state":1}', "x: state: expected a text"],
  ])("%p is one clear error", (text, message) => {
    expect(() => decodeJodisRecord(text, "x")).toThrow(message);
  });
});
