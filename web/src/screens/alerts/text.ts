/**
 * Texts of checks and alerts; the overview uses those about problems too. English, Chinese.
 */

/** See the head of the file. */
export const text = {
  "alerts.title": ["Checks and alerts", "检查与告警"],
  "alerts.lead": [
    "What the dashboard checks all the time. The ids never change, so rules and handbooks can name them.",
    "dashboard 持续执行的检查。编号永不改变，可在规则和手册中引用。",
  ],
  "alerts.sum": [
    "Checks: {bad} critical, {warn} with warnings, {ok} pass",
    "检查项：{bad} 项严重，{warn} 项警告，{ok} 项通过",
  ],
  "alerts.failing": ["Needs attention", "需要处理"],
  "alerts.none": ["Every check passes.", "所有检查均通过。"],
  "alerts.noneHint": [
    "A problem appears here within seconds, with what to do about it.",
    "出现问题后几秒内会显示在这里，并给出处理方法。",
  ],
  "alerts.subject.group": ["group {name}", "组 {name}"],
  "alerts.subject.server": ["server {name}", "服务器 {name}"],
  "alerts.subject.proxy": ["proxy {name}", "代理 {name}"],
  "alerts.subject.slots": ["slots {name}", "槽位 {name}"],
  "alerts.subject.operation": ["operation {name}", "操作 {name}"],
  "alerts.subject.library": ["library {name}", "库 {name}"],
  "alerts.subject.sentinels": ["sentinels", "哨兵"],
  "alerts.all": ["All checks", "所有检查"],
  "alerts.check": ["Check", "检查"],
  "alerts.id": ["Id", "编号"],
  "alerts.state": ["State", "状态"],
  "alerts.count": ["Problems", "问题数"],
  "alerts.doColumn": ["What to do when it fails", "未通过时的处理方法"],
  "alerts.do": ["What to do", "处理方法"],
  "alerts.severity": ["Severity", "严重程度"],
  "alerts.any": ["all", "全部"],
  "alerts.more": ["{count} more of this kind", "另有 {count} 个同类问题"],
  "alerts.state.bad": ["critical", "严重"],
  "alerts.state.warn": ["warning", "警告"],
  "alerts.state.ok": ["passes", "通过"],

  "alerts.kind.slots_offline": ["Every slot has a group", "每个槽位都属于一个组"],
  "alerts.kind.server_unreachable": ["Every server answers", "每个服务器都有响应"],
  "alerts.kind.group_empty": ["Every group has a server", "每个组都有服务器"],
  "alerts.kind.server_role": ["Servers have the roles that are stored", "服务器角色与存储一致"],
  "alerts.kind.split_brain": ["Only one master takes writes", "只有一个主节点接受写入"],
  "alerts.kind.fault": ["What the coordinator holds can be read", "协调服务中的数据可以读取"],
  "alerts.kind.failover_failed": ["Changes of masters were finished", "主节点切换已完成"],
  "alerts.kind.proxy_unprovable": ["Proxies that are gone can't write", "失联的代理无法再写入"],
  "alerts.kind.proxy_unreachable": ["Every proxy answers", "每个代理都有响应"],
  "alerts.kind.proxy_not_online": ["Every proxy is online", "每个代理都在线"],
  "alerts.kind.proxy_not_synced": [
    "Every proxy has the newest slot table",
    "每个代理都有最新的槽位表",
  ],
  "alerts.kind.group_out_of_sync": ["Proxies have the groups as stored", "代理中的组与存储一致"],
  "alerts.kind.no_replica": ["Every group has a replica", "每个组都有从节点"],
  "alerts.kind.server_link": ["Replicas are linked to their masters", "从节点与主节点的链路正常"],
  "alerts.kind.replica_lagging": ["Replicas keep up", "从节点没有滞后"],
  "alerts.kind.sync_failed": ["Orders to follow a master succeeded", "设置从节点的命令已成功"],
  "alerts.kind.operation_trouble": ["Operations make progress", "操作有进展"],
  "alerts.kind.sentinel_trouble": ["Sentinels agree with what is stored", "哨兵与存储一致"],
  "alerts.kind.sentinels_out_of_sync": [
    "Sentinels and proxies know each other",
    "哨兵与代理互相知晓",
  ],
  "alerts.kind.functions_differ": ["Masters have the same functions", "各主节点的函数库一致"],
  "alerts.kind.group_promoting": ["No promotion is half done", "没有未完成的主从切换"],
  "alerts.kind.slot_moving": ["No slot waits outside an operation", "没有操作之外的槽位等待迁移"],

  "alerts.do.slots_offline": [
    "Give the slots to a group: by a rebalance plan that fills offline slots, or on the map by Assign by force.",
    "把这些槽位分配给组：用“填补离线槽位”的再平衡计划，或在槽位图中选中后强制分配。",
  ],
  "alerts.do.server_unreachable": [
    "See whether the process and its machine are up. If a master stays away, promote a replica.",
    "检查进程和机器是否正常。若主节点无法恢复，请提升一个从节点。",
  ],
  "alerts.do.group_empty": [
    "Add a server to the group, or remove the group.",
    "为组添加服务器，或删除该组。",
  ],
  "alerts.do.server_role": [
    "Repair the group: it makes the servers what is stored.",
    "修复该组，使服务器与存储一致。",
  ],
  "alerts.do.split_brain": [
    "Cut off the server that isn't stored as master, then repair the group.",
    "隔离未被存储为主节点的服务器，然后修复组。",
  ],
  "alerts.do.fault": [
    "Correct or remove this node in the coordinator, then reload.",
    "更正或删除协调服务中的该节点，然后重新加载。",
  ],
  "alerts.do.failover_failed": [
    "Open the story: its last line says what is left to do.",
    "打开切换记录，最后一行说明还需做什么。",
  ],
  "alerts.do.proxy_unprovable": [
    "Make sure that its machine is off or cut off, then say that the proxy is gone.",
    "确认其机器已关闭或已隔离，然后声明该代理已失效。",
  ],
  "alerts.do.proxy_unreachable": [
    "Start it again, or remove it; clients use the other proxies.",
    "重新启动或删除它；客户端会使用其他代理。",
  ],
  "alerts.do.proxy_not_online": [
    "Re-send its slot table: that brings it online.",
    "重新发送槽位表，使其上线。",
  ],
  "alerts.do.proxy_not_synced": [
    "Wait a few seconds; if it stays, re-send its slot table.",
    "等待几秒；若仍未恢复，请重新发送槽位表。",
  ],
  "alerts.do.group_out_of_sync": ["Re-publish the group.", "重新发布该组。"],
  "alerts.do.no_replica": [
    "Add a replica: without one a dead master can't be replaced.",
    "添加从节点：没有从节点就无法替换失效的主节点。",
  ],
  "alerts.do.server_link": [
    "Look at the network between both servers and at the log of the replica.",
    "检查两台服务器之间的网络以及从节点的日志。",
  ],
  "alerts.do.replica_lagging": [
    "See whether the master writes more than the replica can take, and the network between them.",
    "检查主节点写入量是否超出从节点的承受能力，以及两者之间的网络。",
  ],
  "alerts.do.sync_failed": [
    "See why in the log of the server, then order the sync again.",
    "在服务器日志中查找原因，然后重新执行同步。",
  ],
  "alerts.do.operation_trouble": [
    "Open the operation: it says what it waits for.",
    "打开该操作，查看它在等待什么。",
  ],
  "alerts.do.sentinel_trouble": [
    "Compare the sentinels on the page of high availability, then configure them again.",
    "在高可用页面比较各个哨兵，然后重新配置。",
  ],
  "alerts.do.sentinels_out_of_sync": ["Configure the sentinels.", "配置哨兵。"],
  "alerts.do.functions_differ": [
    "Load the library on every master: any slot may come to any group.",
    "在每个主节点上加载该库：任何槽位都可能迁移到任何组。",
  ],
  "alerts.do.group_promoting": [
    "Wait; if it stays, see the history of the group.",
    "请等待；若仍未结束，请查看该组的历史。",
  ],
  "alerts.do.slot_moving": [
    "Let it finish, or order the move as an operation.",
    "等待其完成，或以操作的方式迁移。",
  ],
} as const;
