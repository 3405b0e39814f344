/** The node of a proxy of Codis 2.0: what is written, what is read, and the name in a path. */
import { describe, expect, test } from "bun:test";
import { decodeJodisRecord, jodisPath } from "../../../src/model/jodis-record.ts";
import {
  decodeLegacyProxy,
  encodeLegacyProxy,
  legacyProxyName,
} from "../../../src/model/legacy-proxy-record.ts";
import { catchError } from "../../support/caught-error.ts";
import { proxyModel } from "../../support/topology-sample.ts";

const MODEL = proxyModel(1);

describe("a node", () => {
  test("has the fields of Codis 2.0 in its order", () => {
    expect(JSON.parse(encodeLegacyProxy("proxy_1", "offline", MODEL))).toEqual({
      id: "proxy_1",
      addr: "10.1.0.1:19000",
      last_event: "",
      last_event_ts: 0,
      state: "offline",
      description: MODEL.token,
      debug_var_addr: "10.1.0.1:11080",
      pid: 3602,
      start_at: MODEL.startTime,
    });
  });

  test("is read again", () => {
    const text = encodeLegacyProxy("proxy_1", "online", MODEL);
    expect(decodeLegacyProxy(text, "node")).toEqual({
      name: "proxy_1",
      addr: "10.1.0.1:19000",
      adminAddr: "10.1.0.1:11080",
      isOnline: true,
      pid: 3602,
      startTime: MODEL.startTime,
      token: MODEL.token,
    });
  });

  test("is one for Jodis as well, to be used only while it is online", () => {
    const read = (state: "online" | "offline") =>
      decodeJodisRecord(encodeLegacyProxy("proxy_1", state, MODEL), "node");
    expect(read("online")).toMatchObject({ addr: "10.1.0.1:19000", state: "online" });
    expect(read("offline")).toMatchObject({ addr: "10.1.0.1:19000", state: "offline" });
  });

  test("of a proxy of 3.2 isn't one", () => {
    const text = '{"addr": "a:1", "admin": "a:2", "start": "", "token": "t", "state": "online"}';
    expect(decodeLegacyProxy(text, "node")).toBeUndefined();
  });

  test.each([
    ["nonsense", "node: isn't JSON"],
    ['{"id": "p", "debug_var_addr": "here"}', "node: debug_var_addr: expected host:port"],
    ['{"id": 7, "debug_var_addr": "a:1"}', "node: id: expected a text"],
  ])("%s is refused", (text, message) => {
    const error = catchError(() => decodeLegacyProxy(text, "node"));
    expect([error.code, error.message.startsWith(message)]).toEqual(["MODEL_INVALID", true]);
  });
});

describe("the name of a proxy", () => {
  test.each([
    [jodisPath("demo", "proxy_1", true), "proxy_1"],
    [jodisPath("demo", MODEL.token, true), undefined],
    [jodisPath("other", "proxy_1", true), undefined],
    ["/jodis/demo/proxy-1", undefined],
    ["", undefined],
  ])("registered at %s is %p", (jodisPath, name) => {
    expect(legacyProxyName({ ...MODEL, jodisPath })).toBe(name);
  });
});
