/**
 * From a long history that ends in a wrong answer to a short one: first the steps that share a key with
 * the last one, then one step after the other is left out while the answer stays wrong. Steps run alone
 * here, so a defect of pipelining keeps its whole history.
 */
import { RespConnection } from "../../support/resp-connection.ts";
import { emptyBoth, type Failure, runAlone, type Step } from "./driver.ts";
import { describeRequest } from "./request.ts";
import { type PairPorts, SessionPair } from "./session-pair.ts";

const REPLAYS_MAX = 120;
const STEPS_SHOWN = 12;

/** The failure with its shortest known history, as text. */
export async function describeFailure(failure: Failure, ports: PairPorts): Promise<string> {
  const steps = await shrink(failure, ports);
  const lines = (steps ?? failure.history.slice(-STEPS_SHOWN)).map(
    ({ request, proto, db }) => `  [RESP${proto} db ${db}] ${describeRequest(request.argv)}`,
  );
  return [
    `${failure.command}: ${failure.complaint}`,
    steps === undefined ? "not repeated by single requests; the last ones were:" : "repeated by:",
    ...lines,
    `  proxy: ${shown(failure.ours)}`,
    `  redis: ${shown(failure.theirs)}`,
  ].join("\n");
}

async function shrink(failure: Failure, ports: PairPorts): Promise<readonly Step[] | undefined> {
  let replays = 0;
  const isWrong = async (steps: readonly Step[]): Promise<boolean> => {
    replays++;
    return replay(steps, ports);
  };
  const last = failure.history.at(-1);
  if (last === undefined) return undefined;
  const words = new Set(last.request.argv.slice(1).map(String));
  const related = failure.history.filter(
    (step) =>
      step === last ||
      step.request.command.startsWith("config|") ||
      step.request.argv.slice(1).some((word) => `${word}`.length > 3 && words.has(`${word}`)),
  );
  const candidates = [[last], related, failure.history];
  let steps: readonly Step[] | undefined;
  for (const candidate of candidates) {
    if (await isWrong(candidate)) {
      steps = candidate;
      break;
    }
  }
  if (steps === undefined) return undefined;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < steps.length - 1 && replays < REPLAYS_MAX; ) {
      const fewer: readonly Step[] = steps.toSpliced(at, Math.min(size, steps.length - 1 - at));
      if (await isWrong(fewer)) steps = fewer;
      else at += size;
    }
  }
  return steps;
}

/** Whether the last step is answered wrongly again. */
async function replay(steps: readonly Step[], ports: PairPorts): Promise<boolean> {
  const pair = await SessionPair.open(ports);
  const oracle = await RespConnection.open(ports.bare);
  try {
    await emptyBoth(pair);
    let complaint: string | undefined;
    for (const { request, proto, db } of steps) {
      await pair.enter(proto, db);
      complaint = await runAlone(oracle, pair, request);
    }
    return complaint !== undefined;
  } finally {
    pair.close();
    oracle.destroy();
  }
}

function shown(reply: Buffer): string {
  const text = JSON.stringify(reply.toString("latin1"));
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
