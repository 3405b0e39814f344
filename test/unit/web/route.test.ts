/**
 * Addresses of the console: what `href` makes, `parseRoute` reads, under any base path and for any name.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  href,
  PRODUCT_SCREENS,
  parseRoute,
  ROOT_SCREENS,
  rootHref,
} from "../../../web/src/route.ts";
import { nextAddress } from "../../../web/src/screens/sign-in/next-address.ts";

/** A hundred texts of any letters take a moment to be made on a busy machine. */
const PROPERTY_MS = 60_000;

describe("parseRoute", () => {
  test("reads every screen of the table", () => {
    expect(parseRoute("/", "/")).toEqual({ screen: "products" });
    expect(parseRoute("/settings", "/")).toEqual({ screen: "settings" });
    expect(parseRoute("/demo", "/")).toEqual({ screen: "overview", product: "demo" });
    expect(parseRoute("/demo/groups", "/")).toEqual({ screen: "groups", product: "demo" });
    expect(parseRoute("/demo/groups/3", "/")).toEqual({
      screen: "groups",
      product: "demo",
      id: "3",
    });
  });

  test("knows the base path, with and without its last slash", () => {
    expect(parseRoute("/ops/codis", "/ops/codis/")).toEqual({ screen: "products" });
    expect(parseRoute("/ops/codis/demo/slots", "/ops/codis/")).toEqual({
      screen: "slots",
      product: "demo",
    });
    expect(parseRoute("/ops/codisx/demo", "/ops/codis/")).toEqual({ screen: "none" });
    expect(parseRoute("/demo", "/ops/codis/")).toEqual({ screen: "none" });
  });

  test("what names nothing is no screen, and never an error", () => {
    for (const path of ["/demo/nothing", "/demo/groups/3/4", "/settings/x", "/%", "/demo/%E0%A4"]) {
      expect(parseRoute(path, "/")).toEqual({ screen: "none" });
    }
    fc.assert(
      fc.property(fc.string(), (path) => {
        expect(parseRoute(`/${path}`, "/").screen).toBeString();
      }),
    );
  });

  const property = (): void => {
    const names = fc
      .string({ minLength: 1, unit: "binary" })
      .filter((name) => !(ROOT_SCREENS as readonly string[]).includes(name));
    const screens = fc.constantFrom(...PRODUCT_SCREENS);
    fc.assert(
      fc.property(names, screens, fc.option(names), (product, screen, id) => {
        fc.pre(screen !== "overview" || id === null);
        const path = href(product, screen, id ?? undefined);
        const expected = { screen, product, ...(id === null ? {} : { id }) };
        expect(parseRoute(path, "/")).toEqual(expected);
      }),
    );
  };
  test("reads back what href makes", property, PROPERTY_MS);
});

describe("href", () => {
  test("puts the state of the screen into the query string, without what is empty", () => {
    expect(href("demo", "slots", undefined, { range: "0-127,512", mode: "" })).toBe(
      "/demo/slots?range=0-127%2C512",
    );
    expect(rootHref("products")).toBe("/");
    expect(rootHref("sign-in", { next: undefined })).toBe("/sign-in");
  });
});

describe("nextAddress", () => {
  test("leads to pages of this console only", () => {
    expect(nextAddress("/demo/slots?mode=state", "/")).toBe("/demo/slots?mode=state");
    expect(nextAddress("/ops/codis/demo", "/ops/codis/")).toBe("/ops/codis/demo");
    const strange = [
      "",
      "//evil.example",
      "/\\evil.example",
      "\\\\evil.example",
      "https://evil.example/",
      "javascript:alert(1)",
      "/\t/evil.example",
    ];
    for (const next of strange) {
      expect(nextAddress(next, "/")).toBe("/");
    }
    expect(nextAddress("/other", "/ops/codis/")).toBe("/ops/codis/");
  });
});
