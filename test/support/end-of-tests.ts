/**
 * Loaded before each test file (`bunfig.toml`): `bun test` ends without the event `exit`, so nothing that
 * support files end or remove then would be. After the last test, also one that failed, the event is sent.
 */
import { afterAll } from "bun:test";

afterAll(() => {
  process.emit("exit", 0);
});
