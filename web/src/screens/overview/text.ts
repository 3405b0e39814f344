/**
 * Texts of the overview: English, Chinese.
 */

/** See the head of the file. */
export const text = {
  "overview.title": ["Overview of {product}", "{product} 概览"],
  "overview.truth.serving": ["Serving all keys", "所有键均可访问"],
  "overview.truth.partly": ["slots without service: {count}", "无法服务的槽位：{count} 个"],
  "overview.truth.noProxy": ["No proxy is online", "没有在线的代理"],
  "overview.truth.empty": ["No slot has a group yet", "尚未给任何槽位分配组"],
  "overview.truth.unreachable": ["Some keys can't be reached", "部分键无法访问"],
  "overview.truth.servers": [
    "servers that don't answer: {count} of {total}",
    "{total} 个服务器中有 {count} 个没有响应",
  ],
  "overview.truth.proxies": [
    "proxies not online: {count} of {total}",
    "{total} 个代理中有 {count} 个不在线",
  ],
  "overview.truth.unsynced": ["groups out of sync: {count}", "未同步的组：{count}"],
  "overview.truth.failover": ["group {group} gets another master", "组 {group} 正在切换主节点"],
  "overview.truth.move": ["{id} moves slots: {percent} %", "{id} 正在迁移槽位：{percent} %"],
  "overview.truth.paused": ["{id} is paused at {percent} %", "{id} 已暂停于 {percent} %"],
  "overview.truth.problems": ["other problems: {count}", "其他问题：{count}"],
  "overview.truth.well": ["every check passes", "所有检查均通过"],
  "overview.steps": ["Before clients can be served", "提供服务之前"],
  "overview.step.group": ["Create a group with a server", "创建带有服务器的组"],
  "overview.step.slots": ["Give it the slots", "为其分配槽位"],
  "overview.step.proxy": ["Add a proxy", "添加代理"],
  "overview.figures": ["Key figures", "关键指标"],
  "overview.lastHour": ["{name}, last hour; now {value}", "{name}，最近一小时；当前 {value}"],
  "overview.changeTimes": ["{times} × yesterday", "为昨日的 {times} 倍"],
  "overview.change": ["{change} since yesterday", "较昨日 {change}"],
  "overview.partial": [
    "From {servers} of {allServers} servers and {proxies} of {allProxies} proxies.",
    "数据来自 {servers}/{allServers} 个服务器和 {proxies}/{allProxies} 个代理。",
  ],
  "overview.noHistory": ["The last hour can't be read.", "无法读取最近一小时的数据。"],
  "overview.attention": ["Needs attention", "需要处理"],
  "overview.more": ["{count} more problems", "另有 {count} 个问题"],
  "overview.slots": ["Slots", "槽位"],
  "overview.slotCounts": [
    "{online} online, {moving} moving, {offline} offline",
    "{online} 个在线，{moving} 个迁移中，{offline} 个离线",
  ],
  "overview.event.masters": ["group {group}: {from} → {to}", "组 {group}：{from} → {to}"],
  "overview.event.slots": [
    "{id}: {what}, {done} of {total} slots",
    "{id}：{what}，{total} 个槽位中的 {done} 个",
  ],
  "overview.events": ["Last events", "最近事件"],
  "overview.noEvents": ["Nothing has happened yet.", "尚无事件。"],
  "overview.noEventsHint": [
    "Failovers, operations and changes are listed here.",
    "故障切换、操作和变更会显示在这里。",
  ],
  "overview.event.failover": ["failover", "故障切换"],
  "overview.event.operation": ["operation", "操作"],
  "overview.event.audit": ["change", "变更"],
} as const;
