/**
 * Texts of the help page: keys, words, and where the API is described.
 */

/** English, Chinese. */
export const text = {
  "help.title": ["Help", "帮助"],
  "help.words": ["Words", "术语"],
  "help.api": ["API", "API"],
  "help.apiLead": [
    "Everything here can be done by the API and by the command line. The API is described in this document:",
    "这里的所有操作都可以通过 API 和命令行完成。API 的说明见以下文档：",
  ],
  "help.apiOf": ["OpenAPI document of {product}", "{product} 的 OpenAPI 文档"],
  "help.callsOf": ["its calls", "调用列表"],
  "help.calls": ["Calls of {product}", "{product} 的 API 调用"],
  "help.call": ["Call", "调用"],
  "help.callDoes": ["What it does", "作用"],
  "help.product": ["Product", "产品"],
  "help.productIs": [
    "Everything that works together under one name: proxies, groups, and the dashboard that leads them.",
    "在同一个名称下协同工作的全部组件：代理、组，以及管理它们的 dashboard。",
  ],
  "help.slot": ["Slot", "槽位"],
  "help.slotIs": [
    "One of 1024 parts of the key space. A key belongs to the slot that its hash (or that of its {tag}) names.",
    "键空间的 1024 个部分之一。键的哈希（或其 {tag} 的哈希）决定它属于哪个槽位。",
  ],
  "help.group": ["Group", "组"],
  "help.groupIs": [
    "A master and its replicas. Each slot belongs to one group.",
    "一个主节点及其从节点。每个槽位属于一个组。",
  ],
  "help.proxy": ["Proxy", "代理"],
  "help.proxyIs": [
    "What clients connect to. It sends each command to the group of its key.",
    "客户端连接的对象。它把每条命令发送到键所属的组。",
  ],
  "help.resend": ["Re-send slot table", "重发槽位表"],
  "help.resendIs": [
    "Gives a proxy all slots again. Nothing else changes. On the command line: codis proxy reinit.",
    "把全部槽位再次发送给代理，不改变其他内容。命令行：codis proxy reinit。",
  ],
  "help.republish": ["Re-publish group", "重新发布组"],
  "help.republishIs": [
    "Gives all proxies the slots of one group again. On the command line: codis group resync.",
    "把一个组的槽位再次发送给所有代理。命令行：codis group resync。",
  ],
  "help.sentinels": ["Configure sentinels", "配置哨兵"],
  "help.sentinelsIs": [
    "Tells the sentinels which masters to watch. On the command line: codis sentinel resync.",
    "告诉哨兵要监视哪些主节点。命令行：codis sentinel resync。",
  ],
  "help.plan": ["Plan", "计划"],
  "help.planIs": [
    "Which slots would move where, and what that costs. Nothing moves before it is started.",
    "哪些槽位将迁移到哪里，以及代价如何。启动之前不会迁移任何数据。",
  ],
  "help.operation": ["Operation", "操作"],
  "help.operationIs": [
    "A plan at work. It can be paused, slowed down, and cancelled, and it goes on after a restart.",
    "正在执行的计划。可以暂停、限速和取消，重启后会继续。",
  ],
} as const;
