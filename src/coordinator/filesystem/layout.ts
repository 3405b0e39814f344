/**
 * Where things lie below the root folder. `data`, `temp` and `data.lck` are those of Codis 3.2, which may
 * use the same folder; `codis-ext` is ours, and it never looks there.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** Only the user of the programs reads what is stored, as with the original. */
export const FILE_MODE = 0o600;
const FOLDER_MODE = 0o755;

/** Paths below one root folder. */
export class FolderLayout {
  readonly root: string;
  /** Nodes: the file of `/codis3/demo/topom` is `data/codis3/demo/topom`. */
  readonly data: string;
  /** New files before they are renamed into `data`. */
  readonly temp: string;
  /** Locked with flock by each operation that changes something. */
  readonly dataLock: string;
  /** One file for each process that owns something or writes, locked as long as it lives. */
  readonly alive: string;
  /** Who owns a node that ends with its process: the record of `/a/b` is `owner/a/b`. */
  readonly owner: string;

  constructor(root: string) {
    this.root = root;
    this.data = join(root, "data");
    this.temp = join(root, "temp");
    this.dataLock = join(root, "data.lck");
    this.alive = join(root, "codis-ext", "alive");
    this.owner = join(root, "codis-ext", "owner");
  }

  /** The file, or folder, of a node. */
  fileOf(path: string): string {
    return join(this.data, path);
  }

  /** The record of who owns a node, or the folder of those of its children. */
  recordOf(path: string): string {
    return join(this.owner, path);
  }

  /** Makes the folders that everything else needs. Throws system errors. */
  makeFolders(): void {
    for (const folder of [this.data, this.temp, this.alive, this.owner]) {
      mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    }
  }
}
