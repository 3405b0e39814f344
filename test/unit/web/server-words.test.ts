/**
 * What a server says of itself, in the words of the console: no word of INFO is left in either language.
 */
import { afterEach, expect, test } from "bun:test";
import { language } from "../../../web/src/i18n/text.ts";
import type { ServerView } from "../../../web/src/screens/groups/group-view.ts";
import { linkText, reportedRole, syncText } from "../../../web/src/screens/groups/server-words.ts";

function server(more: Partial<ServerView>): ServerView {
  return { addr: "10.0.0.1:6379", role: "replica", status: "up", faults: [], ...more };
}

afterEach(() => {
  language.value = "en";
});

test("roles", () => {
  expect(reportedRole(server({ reported_role: "slave" }))).toBe("replica");
  expect(reportedRole(server({ reported_role: "master" }))).toBe("master");
  expect(reportedRole(server({ reported_role: null }))).toBe("–");
  language.value = "zh";
  expect(reportedRole(server({ reported_role: "slave" }))).toBe("从节点");
});

test("links", () => {
  expect(linkText(server({ master_link: "up" }))).toBe("up");
  expect(linkText(server({ master_link: null }))).toBe("–");
  language.value = "zh";
  expect(linkText(server({ master_link: "up" }))).toBe("正常");
  expect(linkText(server({ master_link: "down" }))).toBe("中断");
});

test("orders to follow a master", () => {
  expect(syncText(server({ sync: null }))).toBe("–");
  expect(syncText(server({ sync: { state: "", index: 0 } }))).toBe("–");
  language.value = "zh";
  expect(syncText(server({ sync: { state: "synced_failed", index: 3 } }))).toBe("失败");
});
