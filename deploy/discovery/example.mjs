/**
 * An application that finds the proxies of a product by itself and counts visits, once a second, until it is
 * told to end. See docs/discovery.md.
 *
 *   npm run build:client                      in the folder of codis
 *   npm install CODIS/dist/client ioredis     in the folder of the application
 *   node example.mjs zookeeper 127.0.0.1:2181 codis-demo
 *
 * CODIS_AUTH in the environment is the proxies' session_auth, if they have one.
 */
import { createDiscovery, ioredisAdapter } from "codis-discovery";
import { Redis } from "ioredis";

const [kind, addr, product] = process.argv.slice(2);
if (product === undefined) {
  process.stderr.write("usage: node example.mjs zookeeper|etcd HOST:PORT PRODUCT\n");
  process.exit(64);
}

const discovery = await createDiscovery({
  coordinator: { kind, addr },
  product,
  adapter: ioredisAdapter((options) => new Redis({ ...options, password: process.env.CODIS_AUTH })),
  onEvent: (event) => process.stderr.write(`${JSON.stringify(event)}\n`),
});

let isEnding = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    isEnding = true;
  });
}

while (!isEnding) {
  try {
    // Made again by itself as long as nothing was sent; an INCR that may have been carried out is not.
    const visits = await discovery.run((client) => client.incr("visits"));
    // A read may be made twice, so no proxy that dies can make it fail.
    const name = await discovery.run((client) => client.get("name"), { isIdempotent: true });
    process.stdout.write(`visit ${visits} of ${name ?? "nobody"}\n`);
  } catch (error) {
    process.stderr.write(`this visit may or may not have been counted: ${error.message}\n`);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
await discovery.close();
