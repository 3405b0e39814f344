/** "Did you mean …?" finds slips and doesn't guess wildly. */
import { expect, test } from "bun:test";
import { editDistance, nearestName } from "../../../src/base/nearest-name.ts";

test("editDistance counts inserts, deletes, replacements and swaps", () => {
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("abc", "abc")).toBe(0);
  expect(editDistance("abcd", "abdc")).toBe(1);
  expect(editDistance("session", "sesion")).toBe(1);
});

test("nearestName finds the intended name", () => {
  const names = ["proxy_max_clients", "proxy_addr", "admin_addr", "id"];
  expect(nearestName("proxy_max_client", names)).toBe("proxy_max_clients");
  expect(nearestName("PROXY_ADDRES", names)).toBe("proxy_addr");
  expect(nearestName("amdin_addr", names)).toBe("admin_addr");
});

test("nearestName gives nothing when nothing is near", () => {
  expect(nearestName("color", ["proxy_addr", "id"])).toBeUndefined();
  expect(nearestName("xy", ["id"])).toBeUndefined();
  expect(nearestName("anything", [])).toBeUndefined();
});
