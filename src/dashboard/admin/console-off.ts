/**
 * The page in place of the console when it is switched off: says so, and links to what is there. Nothing in it comes
 * from a caller, and it loads nothing.
 */
import type { FastifyReply } from "fastify";
import { sendShortPage } from "../../console/console-page.ts";
import type { AdminContext } from "./gate/context.ts";

/** Sends the page, with status 200. */
export function sendConsoleOff(reply: FastifyReply, context: AdminContext): FastifyReply {
  const links = [
    ...(context.legacyApi === "off"
      ? []
      : [["topom", "everything as JSON, in the form of Codis 3.2"]]),
    ["api/v1/product", "the product"],
    ["api/v1/health", "what is wrong, if anything is"],
    ["api/v1/openapi.json", "all calls of the API"],
    ["metrics", "metrics"],
  ];
  const items = links.map(
    ([path, what]) => `<li><a href="${context.basePath}${path}">/${path}</a>: ${what}</li>`,
  );
  const name = context.product.replace(/[^\w.-]/g, "");
  return sendShortPage(
    reply,
    200,
    `Codis: ${name}`,
    `<p>The web console is switched off here (<code>console = false</code>). There are the command line
(<code>codis --help</code>) and the HTTP API:</p>
<ul>
${items.join("\n")}
</ul>`,
  );
}
