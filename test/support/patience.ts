/**
 * How long the connections of tests to servers wait. Those of the product give up after a second or two, and are tried
 * again; a test that only wants to know something asks once, and must not fail because the machine stood still.
 */

/** For `RedisClient.connect` and all that takes its options: longer than any stall of a machine, and still bounded. */
export const PATIENT = { connectTimeoutMs: 20_000, callTimeoutMs: 20_000 } as const;
