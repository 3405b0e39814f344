/**
 * The page at `/console` until the console is there: says so, and links to what is. Nothing in it comes from a
 * caller, and it loads nothing.
 */
import type { AdminContext } from "./gate/context.ts";

/** HTML of the page. */
export function renderConsolePage({ product, legacyApi }: AdminContext): string {
  const links = [
    ...(legacyApi === "off" ? [] : [["/topom", "everything as JSON, in the form of Codis 3.2"]]),
    ["/api/v1/product", "the product"],
    ["/api/v1/health", "what is wrong, if anything is"],
    ["/api/v1/openapi.json", "all calls of the API"],
    ["/metrics", "metrics"],
  ];
  const items = links.map(([path, what]) => `<li><a href="${path}">${path}</a>: ${what}</li>`);
  const name = product.replace(/[^\w.-]/g, "");
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Codis: ${name}</title></head>
<body>
<h1>Codis: ${name}</h1>
<p>The web console comes with a later release. Until then there are the command line
(<code>codis --help</code>) and the HTTP API:</p>
<ul>
${items.join("\n")}
</ul>
</body>
</html>
`;
}
