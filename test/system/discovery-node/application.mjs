/**
 * An application on Node with the built discovery client: reads and counts up through the proxies until stdin
 * ends, and tells in one JSON line for each event what it sees.
 *
 *   node application.mjs DISCOVERY_JS LIBRARY LIBRARY_FILE COORDINATOR_KIND COORDINATOR_ADDR PATH
 */
import { pathToFileURL } from "node:url";

const [discoveryFile, libraryName, libraryFile, kind, addr, path] = process.argv.slice(2);
const { createDiscovery, ioredisAdapter, nodeRedisAdapter } = await import(
  pathToFileURL(discoveryFile).href
);
const library = await import(pathToFileURL(libraryFile).href);

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const adapter =
  libraryName === "ioredis"
    ? ioredisAdapter((options) => new library.Redis({ ...options }))
    : nodeRedisAdapter((options) => library.createClient({ ...options }));

const discovery = await createDiscovery({
  coordinator: { kind, addr },
  product: "demo",
  path,
  adapter,
  onEvent: tell,
});

let isEnding = false;
process.stdin.on("end", () => {
  isEnding = true;
});
process.stdin.resume();

const counts = { reads: 0, increments: 0, lost: 0 };
while (!isEnding) {
  await discovery.run((client) => client.get("counter"), { isIdempotent: true });
  counts.reads += 1;
  try {
    await discovery.run((client) => client.incr("counter"));
    counts.increments += 1;
  } catch (error) {
    counts.lost += 1;
    tell({ kind: "failed", message: error.message });
  }
  if (counts.reads % 50 === 0) tell({ kind: "progress", ...counts });
  await new Promise((resolve) => setTimeout(resolve, 2));
}
await discovery.close();
tell({ kind: "end", node: process.version, ...counts });
