/**
 * A product's storage on a filesystem coordinator whose disk is small and can be full: a `tmpfs` of a name space of its
 * own, in a process of its own (`unshare`; root rights aren't needed). Ends with `end()`.
 */

import { isCodisError } from "../../src/base/error.ts";
import type { ProductStorage } from "../../src/dashboard/control.ts";
import type { PlainWrite } from "../contract/client-command.ts";
import { spawnClient } from "../contract/client-process.ts";
import type { CoordinatorClient } from "../contract/coordinator-fixture.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const DISK = "size=512k";
/** From large to small, until not even the last fits. */
const FILLER_BYTES = [100_000, 10_000, 1_000, 1];

type Node = Awaited<ReturnType<ProductStorage["get"]>>;

/** See the file head. */
export class SmallDisk {
  readonly #client: CoordinatorClient;
  readonly #removeFolder: () => void;
  readonly #fillers: string[] = [];
  /** For the rooms under test. */
  readonly storage: ProductStorage;

  static async start(): Promise<SmallDisk> {
    const folder = temporaryFolder();
    const script = `mount -t tmpfs -o ${DISK} tmpfs "$0" && exec "$@"`;
    const launcher = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, folder.path];
    const target = { kind: "filesystem", addr: folder.path, auth: "" } as const;
    return new SmallDisk(await spawnClient(target, launcher), () => folder.remove());
  }

  private constructor(client: CoordinatorClient, removeFolder: () => void) {
    this.#client = client;
    this.#removeFolder = removeFolder;
    this.storage = {
      get: async (path) => {
        const node = (await client.run({ do: "get", path })) as Node | null | undefined;
        return node ?? undefined;
      },
      readChildren: (path) =>
        client.run({ do: "readChildren", path }) as ReturnType<ProductStorage["readChildren"]>,
      write: async (writes) => {
        const plain = writes.map(({ path, data, expected }) => {
          return { path, data: data ?? null, expected: String(expected) };
        });
        await this.#write(plain);
      },
    };
  }

  /** Leaves no room for anything. */
  async fill(): Promise<void> {
    for (const bytes of FILLER_BYTES) {
      let isFull = false;
      while (!isFull) {
        const path = `/filler/${this.#fillers.length}`;
        try {
          await this.#write([{ path, data: "x".repeat(bytes), expected: "any" }]);
          this.#fillers.push(path);
        } catch (thrown) {
          if (!isCodisError(thrown, "COORDINATOR_FULL")) {
            throw thrown;
          }
          isFull = true;
        }
      }
    }
  }

  /** There is room again. */
  async empty(): Promise<void> {
    const fillers = this.#fillers.splice(0);
    await this.#write(fillers.map((path) => ({ path, data: null, expected: "any" })));
  }

  async end(): Promise<void> {
    await this.#client.kill();
    this.#removeFolder();
  }

  async #write(writes: readonly PlainWrite[]): Promise<void> {
    await this.#client.run({ do: "write", isFenced: false, writes });
  }
}
