/** Files of `key=value` lines: what counts, where a value stands, and what is refused. */
import { describe, expect, test } from "bun:test";
import { parseIni, readIniFile } from "../../../src/config/ini-file.ts";
import { catchError } from "../../support/caught-error.ts";

describe("a file", () => {
  test("gives values by key, with the line of each", () => {
    const text =
      "# comment\n; another\n\n[section]\nzk = a:2181,b:2181 \r\npassword=a=b#c\nempty=\n";
    const file = parseIni(text, "config.ini");
    expect([...file.values]).toEqual([
      ["zk", "a:2181,b:2181"],
      ["password", "a=b#c"],
      ["empty", ""],
    ]);
    expect(file.originOf("password")).toBe("config.ini:6");
    expect(file.originOf("product")).toBe("config.ini");
    expect(file.warnings).toEqual([]);
  });

  test("the last of two lines with one key counts, and that is told", () => {
    const file = parseIni("product=a\nzk=x:1\nproduct=b\n", "config.ini");
    expect(file.values.get("product")).toBe("b");
    expect(file.originOf("product")).toBe("config.ini:3");
    expect(file.warnings).toEqual(["config.ini:3: product is in line 1 already; this one counts"]);
  });

  test.each([
    ["password hunter2", 'config.ini:2: the line with "password" isn\'t key=value'],
    ["=value", 'config.ini:2: the line with "" isn\'t key=value'],
    ["password: hunter2", 'config.ini:2: the line with "password" isn\'t key=value'],
  ])("%p is refused, without the rest of the line", (line, message) => {
    const error = catchError(() => parseIni(`zk=a:1\n${line}\n`, "config.ini"));
    expect(error.code).toBe("CONFIG_UNREADABLE");
    expect(error.message).toStartWith(message);
    expect(error.message).not.toContain("hunter2");
  });

  test("that isn't there is one line", () => {
    const error = catchError(() => readIniFile("no-such-folder/config.ini"));
    expect([error.code, error.message]).toEqual([
      "CONFIG_UNREADABLE",
      "can't read the config file no-such-folder/config.ini: there is no such file",
    ]);
  });
});
