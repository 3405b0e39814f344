/** The import rules really report what they forbid; each case is a small source tree. */
import { describe, expect, test } from "bun:test";
import {
  findImports,
  findViolations,
  STAGES,
  stageIndexOf,
} from "../../../scripts/import-rules.ts";

function check(files: Readonly<Record<string, string>>): readonly string[] {
  const texts = new Map(Object.entries(files));
  return findViolations({ texts, packages: new Set(["pino", "@scope/name"]) });
}

const session = "src/proxy/session/session.ts";
const backend = "src/proxy/backend/backend.ts";
const base = "src/base/assert.ts";

describe("import rules", () => {
  test("a later stage and a leaf may be imported", () => {
    const text =
      'import { a } from "../backend/backend.ts";\nimport { b } from "../../base/assert.ts";\n';
    expect(check({ [session]: text, [backend]: "", [base]: "" })).toEqual([]);
  });

  test("an import back is reported with file and line, a type's as well", () => {
    const text = '// A comment.\nimport type { S } from "../session/session.ts";\n';
    expect(check({ [session]: "", [backend]: text })).toEqual([
      `${backend}:2: imports back: src/proxy/session comes before src/proxy/backend: ${session}`,
    ]);
  });

  test("an import over several lines, a re-export and a dynamic import are seen", () => {
    const target = '"../session/session.ts"';
    for (const text of [
      `import {\n  a,\n  b,\n} from ${target};\n`,
      `export { a } from ${target};\n`,
      `export * from ${target};\n`,
      `export type { T } from ${target};\n`,
      `import ${target};\n`,
      `const m = await import(${target});\n`,
    ]) {
      expect(check({ [session]: "", [backend]: text })).toHaveLength(1);
    }
  });

  test("a text that only looks like an import is none", () => {
    expect(findImports('const hint = "import x from y";\n// import "a";\n * import "b"\n')).toEqual(
      [],
    );
    expect(findImports('export const name = "from";\nexport const other = "x";\n')).toEqual([]);
  });

  test("a leaf imports from base only", () => {
    const files = {
      "src/resp/a.ts": 'import { b } from "../command/b.ts";\n',
      "src/command/b.ts": "",
    };
    expect(check(files)[0]).toContain("src/resp is a leaf");
  });

  test("planes never import one another", () => {
    const files = {
      "src/up/a.ts": 'import { b } from "../proxy/config.ts";\n',
      "src/proxy/config.ts": "",
    };
    expect(check(files)[0]).toContain("planes");
  });

  test("a file in no stage, a missing file and code outside src are reported", () => {
    expect(check({ "src/other/a.ts": "" })[0]).toContain("belongs to no stage");
    expect(check({ [base]: 'import "./gone.ts";\n' })[0]).toContain("no file src/base/gone.ts");
    const files = { [base]: 'import "../../test/a.ts";\n', "test/a.ts": "" };
    expect(check(files)[0]).toContain("src imports from src only");
  });

  test("packages must be dependencies, and the runtime's modules are for src/net", () => {
    expect(check({ [base]: 'import a from "pino";\nimport b from "@scope/name/sub";\n' })).toEqual(
      [],
    );
    expect(check({ [base]: 'import a from "redis";\n' })[0]).toContain("dependencies");
    expect(check({ [base]: 'import { a } from "bun:ffi";\n' })[0]).toContain("only src/net");
    expect(check({ "src/net/a.ts": 'import type { Socket } from "bun";\n' })).toEqual([]);
  });

  test("a circle at run time is reported, a circle through types is not", () => {
    const to = (name: string, type = ""): string => `import${type} { x } from "./${name}.ts";\n`;
    const a = "src/base/a.ts";
    const b = "src/base/b.ts";
    expect(check({ [a]: to("b"), [b]: to("a") })).toEqual([
      `${a}:1: circle of imports: ${a} -> ${b} -> ${a}`,
    ]);
    expect(check({ [a]: to("b"), [b]: to("a", " type") })).toEqual([]);
  });

  test("a file belongs to the stage with the longest path", () => {
    expect(STAGES[stageIndexOf("src/proxy/main.ts")]?.path).toBe("src/proxy");
    expect(STAGES[stageIndexOf("src/proxy/config.ts")]?.path).toBe("src/proxy/config.ts");
    expect(STAGES[stageIndexOf("src/proxy/config/key.ts")]?.path).toBe("src/proxy/config");
  });
});
