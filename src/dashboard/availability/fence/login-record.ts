/**
 * What the coordinator keeps of the login of a proxy's process: one node for each proxy,
 * `/codis-ext/{product}/login/{token}`. The password itself is known to the proxy alone; servers and the next leader
 * need its digest only.
 */

import { ANY } from "../../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../../model/coordinator-path.ts";
import { parseJsonNode, RecordReader } from "../../../model/json-record.ts";
import { isProxyToken } from "../../../model/proxy-model.ts";
import type { ProductStorage } from "../../control.ts";

/** With which user one process of a proxy logs in. */
export interface LoginRecord {
  readonly token: string;
  /** `processOf` of the proxy's process. */
  readonly process: string;
  /** Empty: none of its own, it uses the product's password. */
  readonly user: string;
  /** SHA-256 of the password in hex digits; empty without a user. */
  readonly hash: string;
  /** Why it has none, one clause; empty when it has one. */
  readonly reason: string;
}

const HASH = /^([0-9a-f]{64})?$/;

/** All of the product. Rejects with the coordinator's codes, `MODEL_INVALID` for garbage. */
export async function readLogins(
  storage: ProductStorage,
  product: string,
): Promise<readonly LoginRecord[]> {
  const nodes = await storage.readChildren(coordinatorPath.logins(product));
  return nodes.map(({ path, data }) => {
    const fields = new RecordReader(parseJsonNode(data, path), path);
    return {
      token: fields.textLike("token", isProxyToken, "the token of a proxy"),
      process: fields.text("process"),
      user: fields.text("user"),
      hash: fields.textLike("hash", (text) => HASH.test(text), "64 hex digits"),
      reason: fields.text("reason"),
    };
  });
}

/** Durable when it resolves. */
export async function writeLogin(
  storage: ProductStorage,
  product: string,
  record: LoginRecord,
): Promise<void> {
  const { token, process, user, hash, reason } = record;
  const data = JSON.stringify({ token, process, user, hash, reason });
  await storage.write([{ path: coordinatorPath.login(product, token), data, expected: ANY }]);
}

/** Gone when it resolves; that there is none is fine. */
export async function deleteLogin(
  storage: ProductStorage,
  product: string,
  token: string,
): Promise<void> {
  const path = coordinatorPath.login(product, token);
  await storage.write([{ path, data: undefined, expected: ANY }]);
}
