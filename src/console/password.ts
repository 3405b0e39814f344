/**
 * Passwords of users: scrypt, with its parameters and salt beside each hash, so that they can be raised later. A hash
 * costs 32 MiB and some 100 ms on purpose; few are computed at once, so that sign-ins can't take the machine away.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { CodisError } from "../base/error.ts";

/** Parameters of new hashes. */
const COST = 32_768;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Parameters of a stored hash that are believed: a damaged one must not take the machine away. */
const COST_MAX = 1_048_576;
const BLOCK_SIZE_MAX = 32;
const PARALLELIZATION_MAX = 16;
/** Hashes computed at once, and those that wait for their turn. */
const RUNNING_MAX = 2;
const WAITING_MAX = 32;

interface Stored {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

let runningCount = 0;
const waiting: (() => void)[] = [];

/** The text that is kept of a password. Rejects with TOO_BUSY. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const parameters = { cost: COST, blockSize: BLOCK_SIZE, parallelization: PARALLELIZATION };
  const hash = await compute(password, { ...parameters, salt, hash: Buffer.alloc(HASH_BYTES) });
  const numbers = [COST, BLOCK_SIZE, PARALLELIZATION].join(":");
  return `scrypt:${numbers}:${salt.toString("base64url")}:${hash.toString("base64url")}`;
}

/**
 * Whether it is the password of this hash. Without a hash it takes as long and is false: nobody learns which users
 * there are. Rejects with TOO_BUSY.
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const parsed = stored === undefined ? undefined : parse(stored);
  const against = parsed ?? {
    cost: COST,
    blockSize: BLOCK_SIZE,
    parallelization: PARALLELIZATION,
    salt: Buffer.alloc(SALT_BYTES),
    hash: Buffer.alloc(HASH_BYTES),
  };
  const hash = await compute(password, against);
  return parsed !== undefined && timingSafeEqual(hash, parsed.hash);
}

/** Whether a text can be a stored hash. */
export function isPasswordHash(text: string): boolean {
  return parse(text) !== undefined;
}

function parse(text: string): Stored | undefined {
  const form = /^scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([\w-]{16,64}):([\w-]{43})$/.exec(text);
  const [, cost, blockSize, parallelization, salt = "", hash = ""] = form ?? [];
  const stored = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
    salt: Buffer.from(salt, "base64url"),
    hash: Buffer.from(hash, "base64url"),
  };
  const isUsable =
    form !== null &&
    isPowerOfTwo(stored.cost) &&
    stored.cost <= COST_MAX &&
    stored.blockSize >= 1 &&
    stored.blockSize <= BLOCK_SIZE_MAX &&
    stored.parallelization >= 1 &&
    stored.parallelization <= PARALLELIZATION_MAX;
  return isUsable ? stored : undefined;
}

function isPowerOfTwo(value: number): boolean {
  return value >= 2 && (value & (value - 1)) === 0;
}

async function compute(password: string, stored: Stored): Promise<Buffer> {
  await takeTurn();
  try {
    const { cost, blockSize, parallelization } = stored;
    // What scrypt needs, and as much again for the library's own count.
    const maxmem = 256 * cost * blockSize * parallelization;
    const options = { cost, blockSize, parallelization, maxmem };
    return await scryptHash(password.normalize("NFKC"), stored, options);
  } finally {
    const next = waiting.shift();
    if (next === undefined) {
      runningCount--;
    } else {
      next();
    }
  }
}

/** Resolves when a hash may be computed; the turn is given back by `compute`. */
async function takeTurn(): Promise<void> {
  if (runningCount < RUNNING_MAX) {
    runningCount++;
    return;
  }
  if (waiting.length >= WAITING_MAX) {
    throw new CodisError("TOO_BUSY", "too many sign-ins at once; try again in a moment");
  }
  await new Promise<void>((resolve) => waiting.push(resolve));
}

function scryptHash(text: string, stored: Stored, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(text, stored.salt, stored.hash.length, options, (error, key) => {
      // Bun gives undefined where Node gives null.
      if (error instanceof Error) {
        reject(error);
      } else {
        resolve(key);
      }
    });
  });
}
