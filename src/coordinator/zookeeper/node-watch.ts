/**
 * A watch of a node and its children. ZooKeeper's own watches tell once, of one node, and end with the
 * connection; this sets them again after each event, and all of them after a reconnect, and only then calls
 * back: a change before is covered by that call, one after has an event of its own.
 *
 * A node is watched for being made, written and removed (exists), its children for coming and going
 * (getChildren), and each child for being written (getData, which leaves nothing for a child that is gone).
 */
import { messageOf } from "../../base/error.ts";
import type { Watch } from "../coordinator.ts";
import type { NodeStore } from "./node-store.ts";

const RETRY_FIRST_MS = 200;
const RETRY_MS_MAX = 5_000;

/** Set as soon as there is a connection. */
export class NodeWatch implements Watch {
  readonly #path: string;
  readonly #store: NodeStore;
  readonly #onChange: () => void;
  readonly #tell: (line: string) => void;
  readonly #onClosed: (watch: NodeWatch) => void;
  /** Children with a watch in place. */
  readonly #children = new Set<string>();
  /** Children whose watch has told and isn't set again yet. */
  #toldChildren = new Set<string>();
  #isSelfDue = true;
  #isWorking = false;
  #isClosed = false;
  #retryMs = RETRY_FIRST_MS;
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(
    path: string,
    env: {
      readonly store: NodeStore;
      readonly onChange: () => void;
      readonly tell: (line: string) => void;
      readonly onClosed: (watch: NodeWatch) => void;
    },
  ) {
    this.#path = path;
    this.#store = env.store;
    this.#onChange = env.onChange;
    this.#tell = env.tell;
    this.#onClosed = env.onClosed;
  }

  /** A new connection: nothing is in place. */
  renew(): void {
    this.#children.clear();
    this.#toldChildren.clear();
    this.#isSelfDue = true;
    this.#work();
  }

  /** Something happened to the node with this path. */
  hear(path: string): void {
    if (path === this.#path) {
      this.#isSelfDue = true;
      this.#work();
    } else if (path.startsWith(`${this.#path}/`)) {
      const name = path.slice(this.#path.length + 1);
      if (this.#children.delete(name)) {
        this.#toldChildren.add(name);
        this.#work();
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    this.#onClosed(this);
  }

  #work(): void {
    if (this.#isWorking || this.#isClosed || !this.#store.session.isConnected) {
      return;
    }
    clearTimeout(this.#retryTimer);
    this.#isWorking = true;
    this.#set().then(
      () => {
        this.#isWorking = false;
        this.#retryMs = RETRY_FIRST_MS;
        this.#call();
        if (this.#isDue()) {
          this.#work();
        }
      },
      (thrown: unknown) => {
        this.#isWorking = false;
        this.#isSelfDue = true;
        if (!this.#isClosed) {
          this.#tell(`can't watch ${this.#path}: ${messageOf(thrown)}; trying again`);
          this.#retryTimer = setTimeout(() => this.#work(), this.#retryMs);
          this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
        }
      },
    );
  }

  #isDue(): boolean {
    return this.#isSelfDue || this.#toldChildren.size > 0;
  }

  /** Sets what isn't in place. */
  async #set(): Promise<void> {
    const told = this.#toldChildren;
    this.#toldChildren = new Set();
    if (this.#isSelfDue) {
      this.#isSelfDue = false;
      const [, names] = await Promise.all([
        this.#store.watchNode(this.#path),
        this.#store.watchChildren(this.#path),
      ]);
      for (const name of names) {
        if (!this.#children.has(name)) {
          told.add(name);
        }
      }
    }
    await Promise.all([...told].map((name) => this.#setChild(name)));
  }

  async #setChild(name: string): Promise<void> {
    // Before the answer: the event may come right behind it.
    this.#children.add(name);
    const isThere = await this.#store.watchText(`${this.#path}/${name}`);
    if (!isThere) {
      this.#children.delete(name);
    }
  }

  #call(): void {
    if (!this.#isClosed) {
      // What the callback throws is its own affair, and ends the process as any defect does.
      queueMicrotask(() => {
        if (!this.#isClosed) {
          this.#onChange();
        }
      });
    }
  }
}
