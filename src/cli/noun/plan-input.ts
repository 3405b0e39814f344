/**
 * The file of `codis plan import`: from its name, or `-` for stdin, to what is asked of a plan. The form is checked
 * here, so that a slip costs no measurement of servers; the dashboard judges the rest.
 */
import { createReadStream } from "node:fs";
import type { V1PlanRequest } from "../../api/v1-operation-schema.ts";
import { CodisError, messageOf, systemCodeOf } from "../../base/error.ts";
import {
  PLAN_FILE_BYTES_MAX,
  type PlanFileReading,
  readPlanFile,
} from "../../model/operation/plan-file.ts";

/** See the file head. Rejects with USAGE for a file that can't be read or is no plan. */
export async function readPlanRequest(path: string): Promise<V1PlanRequest> {
  const name = path === "-" ? "stdin" : path;
  const reading = readPlanFile(await readText(path, name));
  if (reading.kind !== "plan") {
    throw new CodisError("USAGE", `${name} is no plan: ${describeFault(reading)}`);
  }
  return reading.request;
}

function describeFault(reading: Exclude<PlanFileReading, { readonly kind: "plan" }>): string {
  switch (reading.kind) {
    case "not-json":
      return "expected JSON, as codis plan show ID --json prints it";
    case "no-moves":
      return "expected a list moves of 1 to 4096 slots";
    case "bad-move":
      return `moves[${reading.index}]: expected slot_id, to_group_id and perhaps from_group_id, as numbers`;
    case "bad-rule":
      return "expected big_key to be move, last or refuse";
  }
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await collect(path === "-" ? process.stdin : createReadStream(path), name);
  } catch (thrown) {
    if (thrown instanceof CodisError) {
      throw thrown;
    }
    const why = systemCodeOf(thrown) === "ENOENT" ? "there is no such file" : messageOf(thrown);
    throw new CodisError("USAGE", `${name} can't be read: ${why}`, { cause: thrown });
  }
}

async function collect(input: NodeJS.ReadableStream, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > PLAN_FILE_BYTES_MAX) {
      throw new CodisError("USAGE", `${name} is larger than ${PLAN_FILE_BYTES_MAX} bytes: no plan`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
