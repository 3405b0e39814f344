/**
 * Where everything on the map is: proxies at the left, a trunk that stands for the slot table, a row for each
 * group with its servers. Of many groups those that are well are put together, ten to a row, and of many proxies
 * those of a data centre, until they are opened; whatever needs somebody has a row of its own. Pure; units are
 * pixels.
 */
import type { GroupNode, ProxyNode, Topology, TopologyNode } from "./topology-model.ts";

/** Several nodes in one. */
export interface Bundle {
  readonly kind: "bundle";
  /** `groups:1-10`, `proxies:dc1`: what the address keeps when it is open. */
  readonly key: string;
  readonly title: string;
  readonly of: "groups" | "proxies";
  readonly count: number;
  readonly ops: number | null;
}

/** A box on the map. */
export interface Box {
  readonly node: TopologyNode | Bundle;
  readonly x: number;
  /** Of its middle. */
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 0 proxies, 1 groups, 2 and on servers: for the arrow keys. */
  readonly column: number;
}

/** A line that leads to a box. */
export interface Link {
  /** Key of the box. */
  readonly to: string;
  readonly path: string;
  readonly ops: number | null;
}

/** See the file head. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly links: readonly Link[];
  readonly trunk: string;
  readonly isCompact: boolean;
}

/** Up to so many groups, and proxies, each has a row in any case. */
export const FEW = 12;
const BUNDLE_GROUPS = 10;

const PROXY = { x: 2, width: 178 } as const;
const TRUNK_X = 216;
const GROUP = { x: 252, width: 168 } as const;
const SERVER = { x: 450, width: 178, gap: 30 } as const;
const MARGIN = 2;
const ROOMY = { row: 56, box: 44 } as const;
const COMPACT = { row: 34, box: 26 } as const;

/** `open`: keys of bundles whose nodes have rows of their own. */
export function layOut(topology: Topology, open: ReadonlySet<string>): Layout {
  const isCompact = topology.groups.length > FEW || topology.proxies.length > FEW;
  const { row, box } = isCompact ? COMPACT : ROOMY;
  const middle = (index: number): number => MARGIN + row * index + row / 2;
  const troubled = new Set(topology.differences.map(({ about }) => about));
  const proxies = proxyRows(topology.proxies, troubled, open);
  const groups = groupRows(topology.groups, troubled, open);
  const boxes: Box[] = [];
  const links: Link[] = [];
  for (const [index, node] of proxies.entries()) {
    const y = middle(index);
    boxes.push({ node, x: PROXY.x, y, width: PROXY.width, height: box, column: 0 });
    links.push({ to: node.key, path: line(PROXY.x + PROXY.width, TRUNK_X, y), ops: node.ops });
  }
  let widest = GROUP.x + GROUP.width;
  for (const [index, node] of groups.entries()) {
    const y = middle(index);
    const width = node.kind === "bundle" ? GROUP.width + 2 * SERVER.width : GROUP.width;
    boxes.push({ node, x: GROUP.x, y, width, height: box, column: 1 });
    links.push({ to: node.key, path: line(TRUNK_X, GROUP.x, y), ops: node.ops });
    let end = GROUP.x + width;
    for (const [place, server] of (node.kind === "group" ? node.servers : []).entries()) {
      const x = SERVER.x + place * (SERVER.width + SERVER.gap);
      boxes.push({ node: server, x, y, width: SERVER.width, height: box, column: 2 + place });
      links.push({ to: server.key, path: line(end, x, y), ops: server.ops });
      end = x + SERVER.width;
    }
    widest = Math.max(widest, end);
  }
  const rows = Math.max(proxies.length, groups.length, 1);
  return {
    width: widest + MARGIN,
    height: row * rows + 2 * MARGIN,
    boxes,
    links,
    trunk: `M${TRUNK_X} ${middle(0)}V${middle(rows - 1)}`,
    isCompact,
  };
}

function proxyRows(
  proxies: readonly ProxyNode[],
  troubled: ReadonlySet<string>,
  open: ReadonlySet<string>,
): readonly (ProxyNode | Bundle)[] {
  if (proxies.length <= FEW) {
    return proxies;
  }
  const centres = [...new Set(proxies.map(({ datacenter }) => datacenter))].sort();
  return centres.flatMap((centre) => {
    const own = proxies.filter(({ datacenter }) => datacenter === centre);
    return bundle("proxies", `proxies:${centre}`, centre, own, troubled, open);
  });
}

function groupRows(
  groups: readonly GroupNode[],
  troubled: ReadonlySet<string>,
  open: ReadonlySet<string>,
): readonly (GroupNode | Bundle)[] {
  if (groups.length <= FEW) {
    return groups;
  }
  const parts = Math.ceil(groups.length / BUNDLE_GROUPS);
  return Array.from({ length: parts }, (_, part) =>
    groups.slice(part * BUNDLE_GROUPS, (part + 1) * BUNDLE_GROUPS),
  ).flatMap((own) => {
    const title = `${own[0]?.title ?? ""}–${own.at(-1)?.title ?? ""}`;
    const key = `groups:${own[0]?.title ?? ""}-${own.at(-1)?.title ?? ""}`;
    return bundle("groups", key, title, own, troubled, open);
  });
}

/** One node for those that are well, then the others; or all of them when it is open. */
function bundle<Node extends ProxyNode | GroupNode>(
  of: Bundle["of"],
  key: string,
  title: string,
  nodes: readonly Node[],
  troubled: ReadonlySet<string>,
  open: ReadonlySet<string>,
): readonly (Node | Bundle)[] {
  const isWell = (node: Node): boolean =>
    node.tone === "ok" &&
    !troubled.has(node.key) &&
    (node.kind === "proxy" || node.servers.every((each) => isQuiet(each, troubled)));
  const well = nodes.filter(isWell);
  const others = nodes.filter((node) => !isWell(node));
  if (open.has(key) || well.length <= 1) {
    return nodes;
  }
  const known = well.flatMap(({ ops }) => (ops === null ? [] : [ops]));
  const ops = known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
  return [{ kind: "bundle", key, title, of, count: well.length, ops }, ...others];
}

function isQuiet(node: TopologyNode, troubled: ReadonlySet<string>): boolean {
  return node.tone === "ok" && !troubled.has(node.key);
}

function line(from: number, to: number, y: number): string {
  return `M${from} ${y}H${to}`;
}

/** A bow below two boxes, from one to the other. */
export function bowBetween(from: Box, to: Box): string {
  const start = `${from.x + from.width / 2} ${from.y + from.height / 2}`;
  const end = `${to.x + to.width / 2} ${to.y + to.height / 2}`;
  const low = Math.max(from.y, to.y) + from.height / 2 + 14;
  const control = (box: Box): string => `${box.x + box.width / 2} ${low}`;
  return `M${start}C${control(from)} ${control(to)} ${end}`;
}

const THINNEST = 1.5;
const THICKEST = 7;

/** Width of a line by its share of the busiest; the root, so that quiet ones are still told apart. */
export function strokeOf(ops: number | null, busiest: number): number {
  const share = ops === null || busiest <= 0 ? 0 : Math.sqrt(Math.min(1, ops / busiest));
  return Math.round((THINNEST + share * (THICKEST - THINNEST)) * 10) / 10;
}

/** The key of the box that an arrow key leads to; undefined: there is none. */
export function neighbourOf(
  boxes: readonly Box[],
  key: string,
  arrow: "up" | "down" | "left" | "right",
): string | undefined {
  const at = boxes.find((box) => box.node.key === key);
  if (at === undefined) {
    return boxes[0]?.node.key;
  }
  const step = arrow === "up" || arrow === "left" ? -1 : 1;
  const isAside = arrow === "left" || arrow === "right";
  const found = boxes
    .filter((box) =>
      isAside
        ? box.column === at.column + step
        : box.column === at.column && (box.y - at.y) * step > 0,
    )
    .sort((one, other) => Math.abs(one.y - at.y) - Math.abs(other.y - at.y));
  return found[0]?.node.key;
}
