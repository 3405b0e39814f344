/**
 * Reads the JUnit report that `bun test` writes: how many tests passed, and the names of those that
 * failed or were skipped. Only the attributes the runner needs; the form is that of Bun's own writer.
 */
import { existsSync, readFileSync } from "node:fs";

/** Tests of one file. */
export interface Report {
  readonly passed: number;
  /** Names of failed and of skipped tests. */
  readonly failed: readonly string[];
}

/** undefined when there is no report: the process ended before it could write one. */
export function readReport(path: string): Report | undefined {
  return existsSync(path) ? parseReport(readFileSync(path, "utf8")) : undefined;
}

/** Counts the `testcase` elements. */
export function parseReport(xml: string): Report {
  const cases = [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
  const failed: string[] = [];
  for (const [, attributes = "", body = ""] of cases) {
    const name = decodeEntities(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "?");
    if (body.includes("<skipped")) {
      failed.push(`${name} (skipped)`);
    } else if (body.includes("<failure") || body.includes("<error")) {
      failed.push(name);
    }
  }
  return { passed: cases.length - failed.length, failed };
}

function decodeEntities(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
