/**
 * The contract suite on the memory coordinator. A "process" is a connection there: killed and frozen by
 * the hooks that tests of other rooms use as well.
 */
import { CodisError } from "../../src/base/error.ts";
import { createMemoryStore, type MemoryStore } from "../../src/coordinator/memory/memory-store.ts";
import { type ClientEvent, CommandRunner } from "./client-command.ts";
import type { CoordinatorClient } from "./coordinator-fixture.ts";
import { describeCoordinator } from "./coordinator-suite.ts";

const store = createMemoryStore();

describeCoordinator("memory", {
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  open: (overrides) => Promise.resolve(store.open(overrides)),
  startClient: () => Promise.resolve(openClient(store)),
  crash: {
    killServer: async () => store.setDown(true),
    startServer: async () => store.setDown(false),
  },
  hang: undefined,
});

function openClient(own: MemoryStore): CoordinatorClient {
  const coordinator = own.open();
  const events: ClientEvent[] = [];
  const runner = new CommandRunner(coordinator, (event) => events.push(event));
  let awake = Promise.withResolvers<void>();
  awake.resolve();
  return {
    async run(command) {
      await awake.promise;
      if (coordinator.isDead()) {
        throw new CodisError("INTERNAL", "the client was killed");
      }
      return runner.run(command);
    },
    events: () => events,
    kill: async () => coordinator.kill(),
    pause() {
      awake = Promise.withResolvers<void>();
      coordinator.freeze();
    },
    resume() {
      coordinator.thaw();
      awake.resolve();
    },
    async end() {
      await coordinator.close();
      return 0;
    },
  };
}
