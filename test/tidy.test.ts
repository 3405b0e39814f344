/**
 * Rules that neither the compiler nor the linter knows. Each test lists every place that breaks its rule
 * as `file:line`, so one run shows all there is to do. Lists of exceptions may only get shorter.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { STAGES } from "../scripts/import-rules.ts";
import { ROOT, readSourceTree, type SourceFile } from "./support/source-tree.ts";

/** The formatter keeps code to 100 columns; this is for the comments and texts that it leaves alone. */
const WIDTH_MAX = 120;
const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

/** Functions that are longer, with their length: none may grow, and new ones aren't added. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {};

const files = readSourceTree();
const code = files.filter((file) => /\.(tsx?|mjs|sh)$/.test(file.path) && !file.isGenerated);
const scripts = code.filter((file) => /\.tsx?$/.test(file.path));
const product = scripts.filter((file) => /^(src|web\/src)\//.test(file.path));

function textOf(path: string): string {
  return files.find((file) => file.path === path)?.text ?? "";
}

/** All lines of the files for which `isWrong` holds, as `file:line: text`. */
function findLines(
  where: readonly SourceFile[],
  isWrong: (line: string, file: SourceFile, index: number) => boolean,
): readonly string[] {
  return where.flatMap((file) =>
    file.lines.flatMap((line, index) =>
      isWrong(line, file, index) ? [`${file.path}:${index + 1}: ${line.trim().slice(0, 80)}`] : [],
    ),
  );
}

describe("text", () => {
  test("no line of code is wider than 120 columns, but for an address on the web", () => {
    expect(findLines(code, (line) => line.length > WIDTH_MAX && !/https?:\/\//.test(line))).toEqual(
      [],
    );
  });

  test("no line ends with blanks, and every file ends with one newline", () => {
    const own = files.filter((file) => !file.isGenerated);
    expect(findLines(own, (line) => /[ \t]$/.test(line))).toEqual([]);
    const wrong = own.filter((file) => file.text !== "" && !/[^\n]\n$/.test(file.text));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  test("what is left to do has the number of its issue", () => {
    const word = new RegExp(
      `\\b(${["TO", "FIX"].map((part) => part + (part === "TO" ? "DO" : "ME")).join("|")})\\b`,
    );
    expect(findLines(code, (line) => word.test(line) && !/#\d+/.test(line))).toEqual([]);
  });

  test("no path of a developer's machine is anywhere", () => {
    const path = /(^|[\s"'`(=])\/(work|home|root|Users)\/\w/;
    expect(
      findLines(files, (line, file) => path.test(line) && file.path !== "test/tidy.test.ts"),
    ).toEqual([]);
  });
});

describe("names", () => {
  test("files and folders are kebab-case", () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
    const wrong = scripts
      .map((file) => file.path)
      .filter((path) => !path.split("/").every((part) => kebab.test(part)));
    expect(wrong).toEqual([]);
  });

  test("no file has a name that says nothing", () => {
    const banned = /(^|[-/])(utils?|helpers?|common|misc|managers?|types|shared|lib)(\.ts|\/|$)/;
    expect(scripts.map((file) => file.path).filter((path) => banned.test(path))).toEqual([]);
  });
});

describe("comments", () => {
  test("every file begins with a block that says what it is", () => {
    const wrong = scripts.filter((file) => headLines(file) === 0);
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  test("the block of a source file has 3 to 12 lines of text", () => {
    const rooms = product.filter((file) => file.path.startsWith("src/"));
    const wrong = rooms.filter((file) => headLines(file) < 2 || headLines(file) > 14);
    expect(wrong.map((file) => `${file.path}: ${headLines(file)}`)).toEqual([]);
  });

  test("every export of the product says what its type can't", () => {
    const isExport =
      /^export (?:declare |abstract |async )*(?:function|class|const|let|interface|type) /;
    const isMissing = (line: string, file: SourceFile, index: number): boolean =>
      isExport.test(line) && !isDocumented(file, index);
    expect(findLines(product, isMissing)).toEqual([]);
  });
});

/** Lines of text in the block at the top; 0 when there is none. */
function headLines(file: SourceFile): number {
  const start = file.lines[0]?.startsWith("#!") === true ? 1 : 0;
  const first = file.lines[start] ?? "";
  if (!first.startsWith("/**")) {
    return 0;
  }
  const end = file.lines.findIndex((line, index) => index >= start && line.includes("*/"));
  return file.lines.slice(start, end + 1).filter((line) => /[a-z0-9]/i.test(line)).length;
}

/** A TSDoc block ends right above; overloads, and constants in a row, share the one of the first. */
function isDocumented(file: SourceFile, index: number): boolean {
  let above = index - 1;
  while (/^(?:export (?:(?:async )?function|const) .*;|\/\/ .*)$/.test(file.lines[above] ?? "")) {
    above -= 1;
  }
  return (file.lines[above] ?? "").trimEnd().endsWith("*/");
}

describe("size", () => {
  test("no file is longer than 500 lines", () => {
    const long = scripts.filter((file) => file.lines.length - 1 > FILE_LINES_MAX);
    expect(long.map((file) => `${file.path}: ${file.lines.length - 1}`)).toEqual([]);
  });

  test("no function of the product is longer than 70 lines", () => {
    const found = product.flatMap(findFunctions).filter((one) => one.lines > FUNCTION_LINES_MAX);
    const tooLong = found.filter(
      (one) => one.lines > (LONG_FUNCTIONS[one.name] ?? FUNCTION_LINES_MAX),
    );
    expect(tooLong.map((one) => `${one.name}: ${one.lines}`)).toEqual([]);
    const names = new Set(found.map((one) => one.name));
    const mended = Object.keys(LONG_FUNCTIONS).filter((name) => !names.has(name));
    expect(mended).toEqual([]);
  });
});

const FUNCTION_START = new RegExp(
  String.raw`^(\s*)(?:export |static |async |private |override )*` +
    String.raw`(?:function\*? *([\w$]+)|(?:const|let) ([\w$]+) = (?:async )?(?:\(|\w+ =>)` +
    String.raw`|(?:get |set )?(#?[\w$]+)(?:<.*>)?\()`,
);
const NO_FUNCTION = new Set([
  "if",
  "for",
  "while",
  "switch",
  "catch",
  "return",
  "describe",
  "test",
]);

/** Functions, methods and named arrow functions, as the formatter lays them out. */
function findFunctions(file: SourceFile): readonly { name: string; lines: number }[] {
  const found: { name: string; lines: number }[] = [];
  for (const [index, line] of file.lines.entries()) {
    const match = FUNCTION_START.exec(line);
    const name = match?.[2] ?? match?.[3] ?? match?.[4];
    if (match === null || name === undefined || NO_FUNCTION.has(name)) {
      continue;
    }
    const indent = match[1] ?? "";
    const body = file.lines.findIndex(
      (next, at) =>
        at >= index && (at === index || !next.startsWith(`${indent} `)) && /\{$/.test(next),
    );
    const end = file.lines.findIndex(
      (next, at) => at > index && new RegExp(`^${indent}\\}`).test(next),
    );
    if (body >= 0 && end > body && (body === index || file.lines[body]?.startsWith(`${indent})`))) {
      found.push({ name: `${file.path}#${name}`, lines: end - index + 1 });
    }
  }
  return found;
}

describe("calls", () => {
  test("the product writes with its logger; only command lines print", () => {
    expect(findLines(product, (line) => /\bconsole\.\w+\(/.test(stripText(line)))).toEqual([]);
  });

  test("only a main file ends the process", () => {
    const isMain = (file: SourceFile): boolean => /(^|\/|-)main\.ts$/.test(file.path);
    const isWrong = (line: string, file: SourceFile): boolean =>
      !isMain(file) && /\bprocess\.(exit|abort)\(/.test(stripText(line));
    expect(findLines(product, isWrong)).toEqual([]);
  });

  test("only src/net uses the runtime's own interfaces", () => {
    const isWrong = (line: string, file: SourceFile): boolean =>
      !file.path.startsWith("src/net/") && /\bBun\.\w/.test(stripText(line));
    expect(findLines(product, isWrong)).toEqual([]);
  });

  test("no error is swallowed without a word", () => {
    const isSilent = (file: SourceFile): boolean =>
      /\bcatch *(\([^)]*\))? *\{\s*\}/.test(file.text);
    expect(code.filter(isSilent).map((file) => file.path)).toEqual([]);
  });

  test("no check is switched off, and no test is left out", () => {
    const off = new RegExp(`@ts-${"ignore"}|@ts-${"nocheck"}|\\bas ${"any"}\\b|: ${"any"}\\b`);
    expect(
      findLines(scripts, (line) => off.test(stripText(line)) || /^\s*\/\/ @ts-(ig|no)/.test(line)),
    ).toEqual([]);
    const isUnexplained = (line: string): boolean => /biome-ignore(?!.*: \S+ \S+)/.test(line);
    expect(
      findLines(scripts, (line, file) => file.path !== "test/tidy.test.ts" && isUnexplained(line)),
    ).toEqual([]);
    const left = /^\s*(test|it|describe)\.(skip|only|todo)\(/;
    expect(findLines(scripts, (line) => left.test(line))).toEqual([]);
  });
});

/** The line without texts in quotes and without a comment. */
function stripText(line: string): string {
  return line
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""')
    .replace(/\/\/.*$|^\s*\/?\*.*$/, "");
}

describe("packages", () => {
  const readJson = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), "utf8"));
  const { packages } = readJson("package-lock.json") as {
    packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
  };

  test("versions are exact", () => {
    const { dependencies, devDependencies, overrides } = readJson("package.json") as Record<
      string,
      Record<string, string>
    >;
    const versions = Object.entries({ ...dependencies, ...devDependencies, ...overrides });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test("the lock file names no registry", () => {
    expect(Object.keys(packages).filter((path) => "resolved" in (packages[path] ?? {}))).toEqual(
      [],
    );
  });

  // npm leaves packages of other platforms out of the lock file when the registry at hand lacks them;
  // then `npm ci` refuses to work anywhere.
  test("the lock file has the packages of every platform", () => {
    const missing = Object.values(packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => packages[`node_modules/${name}`]?.version === undefined);
    expect(missing).toEqual([]);
  });
});

describe("documents", () => {
  test("the changelog has a part for what isn't released yet", () => {
    expect(textOf("CHANGELOG.md")).toMatch(/^## \[?Unreleased\]?$/m);
    const isWide = (line: string, file: SourceFile): boolean =>
      file.path === "CHANGELOG.md" && line.length > 120;
    expect(findLines(files, isWide)).toEqual([]);
  });

  test("both readmes have the same headings and the same blocks of code", () => {
    const english = outlineOf(textOf("README.md"));
    const chinese = outlineOf(textOf("README.zh-CN.md"));
    expect(english.levels.length).toBeGreaterThan(3);
    expect(chinese.levels).toEqual(english.levels);
    expect(chinese.blocks).toEqual(english.blocks);
  });

  test("ARCHITECTURE.md shows the stages in the order in which imports are checked", () => {
    const shown = [...textOf("ARCHITECTURE.md").matchAll(/^ *\d+\. `(src\/[^`]+)`/gm)].map(
      (m) => m[1],
    );
    expect(shown).toEqual(STAGES.map((stage) => stage.path));
  });

  test("every stage exists", () => {
    const isThere = (path: string): boolean =>
      files.some((file) => file.path === path || file.path.startsWith(`${path}/`));
    expect(STAGES.map((stage) => stage.path).filter((path) => !isThere(path))).toEqual([]);
  });

  test("a link from one document to another leads somewhere", () => {
    const broken = files
      .filter((file) => file.path.endsWith(".md"))
      .flatMap((file) =>
        [...file.text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
          .map((match) => resolveLink(file.path, match[1] ?? ""))
          .filter((path) => !existsSync(join(ROOT, path)))
          .map((path) => `${file.path}: ${path}`),
      );
    expect(broken).toEqual([]);
  });
});

function resolveLink(from: string, link: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of link.replace(/\/$/, "").split("/")) {
    if (part === "..") {
      parts.pop();
    } else if (part !== ".") {
      parts.push(part);
    }
  }
  return parts.join("/");
}

/** Heading levels in order, and the text of all blocks of code that hold commands. */
function outlineOf(text: string): { levels: readonly number[]; blocks: readonly string[] } {
  const blocks = [...text.matchAll(/^```(?:sh|toml|json)\n([\s\S]*?)^```/gm)].map(
    (m) => m[1] ?? "",
  );
  const prose = text.replace(/^```[\s\S]*?^```/gm, "");
  const levels = [...prose.matchAll(/^(#+) /gm)].map((match) => match[1]?.length ?? 0);
  return { levels, blocks };
}
