/**
 * The two questions to an address before its proxy becomes one of the product: who is it, and does it take
 * orders of this product's dashboard? Failures have Codis's texts.
 */
import { type CallVersion, ProxyClient } from "../../api/proxy-client.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import { decodeProxyModel, type ProxyModel } from "../../model/proxy-model.ts";
import { ANSWER_BYTES_MAX, ERROR_CHARS_MAX } from "./timing.ts";

/** On whose behalf the questions are asked. */
export interface AdmissionParts {
  readonly productName: string;
  readonly productAuth: string;
  /** Of the product; a proxy with another number of slots is refused. */
  readonly slotCount: number | undefined;
  readonly timeoutMs: number;
  readonly onOutdated: () => void;
}

/**
 * Reads the model of the proxy with this admin address. Throws `PROXY_CALL_FAILED`; `ADDRESS_INVALID` for a
 * text that isn't an address.
 */
export async function fetchModel(addr: string, parts: AdmissionParts): Promise<ProxyModel> {
  const client = new ProxyClient({ ...parts, addr, answerBytesMax: ANSWER_BYTES_MAX });
  try {
    return decodeProxyModel(client.parse(await client.exchange("model")), `model of ${addr}`);
  } catch (cause) {
    if (isCodisError(cause, "ADDRESS_INVALID")) {
      throw cause;
    }
    const isNoProxy =
      isCodisError(cause, "REMOTE_UNREACHABLE") && cause.context["isTimedOut"] !== true;
    const hint = isNoProxy ? "; is this the admin address of a proxy that runs?" : "";
    throw failure(addr, "fetch model", messageOf(cause) + hint, cause);
  }
}

/**
 * Checks that the proxy belongs to the product and has its password, at the address that its model names:
 * the one that it will be called by. `addr` is the address that it was found at. Throws
 * `PROXY_CALL_FAILED`.
 */
export async function checkXauth(
  addr: string,
  model: ProxyModel,
  version: CallVersion,
  parts: AdmissionParts,
): Promise<void> {
  const { productName, adminAddr, token } = model;
  if (productName !== parts.productName) {
    const problem = `it belongs to product ${productName}, this is ${parts.productName}`;
    throw failure(addr, "check xauth", problem);
  }
  const client = new ProxyClient({
    ...parts,
    addr: adminAddr,
    token,
    answerBytesMax: ANSWER_BYTES_MAX,
  });
  try {
    await client.exchange("xping", { version });
  } catch (cause) {
    if (isCodisError(cause, "PUSH_OUTDATED")) {
      parts.onOutdated();
    }
    throw failure(addr, "check xauth", messageOf(cause), cause);
  }
}

function failure(addr: string, what: string, problem: string, cause?: unknown): CodisError {
  const message = `proxy@${addr} ${what} failed: ${problem}`.slice(0, ERROR_CHARS_MAX);
  return new CodisError("PROXY_CALL_FAILED", message, { cause });
}
