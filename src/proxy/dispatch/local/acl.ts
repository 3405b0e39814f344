/**
 * ACL as far as it is true of a proxy with one user: WHOAMI, USERS, GENPASS. What reads or changes rules
 * is refused by the command table; ACL CAT is in `command-info.ts`.
 */
import { randomBytes } from "node:crypto";
import type { Argv, ClientState } from "../context.ts";
import { integerOf } from "./argument.ts";
import { USER_NAME } from "./login.ts";
import { encodeReply, errorReply, NOT_AN_INTEGER_REPLY } from "./reply.ts";

const GENPASS_BITS_DEFAULT = 256;
const GENPASS_BITS_MAX = 4096;
const GENPASS_ARITY_REPLY = errorReply(
  "ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.",
);

const GENPASS_RANGE_REPLY = errorReply(
  "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number " +
    `up to ${GENPASS_BITS_MAX}`,
);

/** ACL WHOAMI. */
export function whoAmI(client: ClientState): Buffer {
  return encodeReply(USER_NAME, client.proto);
}

/** ACL USERS. */
export function users(client: ClientState): Buffer {
  return encodeReply([USER_NAME], client.proto);
}

/** ACL GENPASS [bits]: random hexadecimal digits, four bits each. */
export function generatePassword(client: ClientState, argv: Argv): Buffer {
  if (argv.length > 3) {
    return GENPASS_ARITY_REPLY;
  }
  const bits = argv.length === 3 ? integerOf(argv[2]) : GENPASS_BITS_DEFAULT;
  if (bits === undefined) {
    return NOT_AN_INTEGER_REPLY;
  }
  if (bits < 1 || bits > GENPASS_BITS_MAX) {
    return GENPASS_RANGE_REPLY;
  }
  const digitCount = Math.ceil(bits / 4);
  const text = randomBytes(Math.ceil(digitCount / 2)).toString("hex");
  return encodeReply(text.slice(0, digitCount), client.proto);
}
