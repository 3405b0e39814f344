/**
 * Texts of the screen of proxies: English, Chinese.
 */

/** See the head of the file. */
export const text = {
  "proxies.title": ["Proxies", "代理"],
  "proxies.lead": [
    "What applications connect to. Each holds a copy of the slot table.",
    "应用程序连接的入口，每个代理保存一份槽位表。",
  ],
  "proxies.one": ["Proxy {addr}", "代理 {addr}"],
  "proxies.back": ["All proxies", "全部代理"],
  "proxies.caption": ["Proxies", "代理列表"],
  "proxies.none": ["There is no proxy yet.", "还没有代理。"],
  "proxies.noneHint": [
    "Start one (codis proxy --config=FILE) and add it by the address of its admin port.",
    "先启动一个（codis proxy --config=FILE），再用它的管理端口地址添加。",
  ],
  "proxies.gone": ["There is no proxy {token} any more.", "已不存在代理 {token}。"],

  "proxies.addr": ["Address", "地址"],
  "proxies.state": ["State", "状态"],
  "proxies.table": ["Slot table", "槽位表"],
  "proxies.uptime": ["Uptime", "运行时间"],
  "proxies.datacenter": ["Data centre", "数据中心"],
  "proxies.dc": ["DC", "机房"],
  "proxies.sessions": ["Sessions", "会话"],
  "proxies.ops": ["Ops/s", "每秒操作"],
  "proxies.errors": ["Errors", "错误"],
  "proxies.p99": ["p99", "p99"],
  "proxies.latency": ["p50 · p99 · p999", "p50 · p99 · p999"],
  "proxies.failedRate": ["Failed requests a second", "每秒失败请求"],
  "proxies.memory": ["Memory", "内存"],
  "proxies.cpu": ["CPU", "CPU"],
  "proxies.token": ["Token", "令牌（token）"],
  "proxies.id": ["Id", "编号"],
  "proxies.adminAddr": ["Admin address", "管理地址"],
  "proxies.host": ["Host", "主机"],
  "proxies.pid": ["Process", "进程号"],
  "proxies.protocol": ["Protocol", "协议"],
  "proxies.discovery": ["Discovery path", "服务发现路径"],
  "proxies.started": ["Started", "启动时间"],
  "proxies.seen": ["Last look", "最近检查"],
  "proxies.confirmed": ["Confirmed revision", "已确认的版本"],
  "proxies.ofRevision": ["{own} of {newest}", "{own}，最新 {newest}"],
  "proxies.total": ["Sessions opened since its start", "启动以来打开的会话"],
  "proxies.opsTotal": ["Requests since its start", "启动以来的请求"],
  "proxies.failed": ["Failed requests", "失败的请求"],
  "proxies.redisErrors": ["Error replies of Redis", "Redis 错误应答"],
  "proxies.about": ["What it is", "基本信息"],
  "proxies.figures": ["Figures", "指标"],
  "proxies.slots": ["Slots", "槽位"],

  "proxies.state.online": ["online", "在线"],
  "proxies.state.waiting": ["waiting for slots", "等待槽位表"],
  "proxies.state.closed": ["closed", "已关闭"],
  "proxies.state.timeout": ["no answer in time", "响应超时"],
  "proxies.state.error": ["error", "出错"],
  "proxies.state.unknown": ["not looked at yet", "尚未检查"],
  "proxies.state.fenced": ["gone, can't write", "已离线，无法写入"],
  "proxies.state.unprovable": ["may still write", "可能仍能写入"],

  "proxies.table.synced": ["up to date", "最新"],
  "proxies.table.pending": ["older", "较旧"],
  "proxies.table.unknown": ["doesn't tell", "未告知"],
  "proxies.table.unreachable": ["not known", "未知"],
  "proxies.tableHint.synced": [
    "It serves by the newest slot table of the dashboard.",
    "它使用 dashboard 最新的槽位表。",
  ],
  "proxies.tableHint.pending": [
    "It has an older slot table than the dashboard. Re-send the slot table if it stays so.",
    "它的槽位表比 dashboard 的旧。如果一直如此，请重新发送槽位表。",
  ],
  "proxies.tableHint.unknown": [
    "An original proxy of Codis: it doesn't tell which slot table it has.",
    "这是 Codis 原版代理，不会告知自己的槽位表版本。",
  ],
  "proxies.tableHint.unreachable": [
    "It doesn't answer, so nobody knows which slot table it has.",
    "它没有响应，无法知道它的槽位表。",
  ],
  "proxies.fence": ["Why others wait for it", "为何其他操作在等它"],
  "proxies.fence.absent": ["not answering", "没有响应"],
  "proxies.fence.fenced": ["can't write", "无法写入"],
  "proxies.fence.unprovable": ["your word is needed", "需要您确认"],
  "proxies.fence.present": ["answers", "有响应"],
  "proxies.proof.processes-gone": ["its processes are gone", "它的进程已不存在"],
  "proxies.proof.servers-cut": ["the servers have cut it off", "服务器已切断它的连接"],
  "proxies.proof.operator": ["an operator's word", "运维人员的确认"],
  "proxies.proof": ["Proof: {proof}", "依据：{proof}"],

  "proxies.stray": ["Registered, but not in this product", "已注册但不属于本产品"],
  "proxies.stray.lead": [
    "Applications that find proxies in the coordinator use them, but the dashboard doesn't tell them of slots that " +
      "move: what they do may go to the wrong server. Add each, or end it.",
    "通过协调器发现代理的应用程序会使用它们，但 dashboard 不会告知它们槽位的迁移：其操作可能发往错误的服务器。请逐个添加，或结束它。",
  ],
  "proxies.stray.one": ["stray", "游离"],
  "proxies.stray.node": ["Node", "节点"],
  "proxies.stray.add": ["To add it:", "添加："],
  "proxies.stray.end": ["To end it:", "结束："],
  "proxies.stray.old": [
    "It was registered by Codis 2 and doesn't tell its admin address.",
    "它由 Codis 2 注册，没有告知管理地址。",
  ],
  "proxies.stray.fault": ["not understood", "无法理解"],
  "proxies.add": ["Add proxy", "添加代理"],
  "proxies.add.effect": [
    "The dashboard asks the proxy who it is, gives it the slot table and brings it " +
      "online. Applications can use it at once.",
    "dashboard 会询问该代理的身份，发送槽位表并使其上线，应用程序可立即使用。",
  ],
  "proxies.add.addr": ["Admin address, host:port", "管理地址，host:port"],
  "proxies.add.addrHint": [
    "The admin port (default 11080), not the port of applications.",
    "管理端口（默认 11080），不是应用程序连接的端口。",
  ],
  "proxies.add.update": [
    "Take it also when it is registered already (it has a new address or token)",
    "即使已注册也接受（它的地址或令牌已更改）",
  ],
  "proxies.add.missing": [
    "Type an address, like 10.0.0.1:11080.",
    "请输入地址，例如 10.0.0.1:11080。",
  ],
  "proxies.add.done": ["Proxy {addr} is online.", "代理 {addr} 已上线。"],

  "proxies.resend": ["Re-send slot table", "重新发送槽位表"],
  "proxies.resend.title": ["Re-send the slot table to {addr}?", "向 {addr} 重新发送槽位表？"],
  "proxies.resend.effect": [
    "All slots, masters and replicas are sent to the proxy again, and it is brought " +
      "online. Clients stay connected; nothing is lost.",
    "将全部槽位、主从信息重新发送给该代理，并使其上线。客户端保持连接，不会丢失数据。",
  ],
  "proxies.resend.done": ["{addr} has the slot table.", "{addr} 已收到槽位表。"],

  "proxies.remove": ["Remove", "移除"],
  "proxies.remove.title": ["Remove proxy {addr}?", "移除代理 {addr}？"],
  "proxies.remove.effect": [
    "The proxy is shut down and forgotten. Its {sessions} sessions end; clients have to " +
      "connect to another proxy.",
    "该代理将被关闭并移除。它的 {sessions} 个会话会断开，客户端需要连接其他代理。",
  ],
  "proxies.remove.last": [
    "It is the only proxy that is online: afterwards applications can't reach the product.",
    "这是唯一在线的代理：移除后应用程序将无法访问该产品。",
  ],
  "proxies.remove.done": ["Proxy {addr} is removed.", "代理 {addr} 已移除。"],
  "proxies.remove.confirm": ["Remove {addr}", "移除 {addr}"],

  "proxies.force": ["Force remove", "强制移除"],
  "proxies.force.title": ["Force remove proxy {addr}?", "强制移除代理 {addr}？"],
  "proxies.force.effect": [
    "The proxy is forgotten also when it can't be told to shut down. If it still runs, " +
      "it serves its clients by an old slot table, and moves of slots can't wait for it " +
      "any more.",
    "即使无法通知它关闭，也将其移除。如果它仍在运行，会继续按旧槽位表服务客户端，槽位迁移也无法再等待它。",
  ],
  "proxies.force.confirm": ["Force remove {addr}", "强制移除 {addr}"],

  "proxies.goneWord": ["It is gone", "确认已离线"],
  "proxies.goneWord.title": ["Give your word that {addr} is gone?", "确认 {addr} 已离线？"],
  "proxies.goneWord.effect": [
    "You say that this proxy can't write any more: its machine is off, or cut off from " +
      "the Redis servers, and stays so. Moves and promotions then go on without it.",
    "您确认该代理已无法写入：它的机器已关机，或已与 Redis 服务器断开并将保持如此。之后迁移和主从切换将不再等待它。",
  ],
  "proxies.goneWord.risk": [
    "If it does write, its clients write to servers that don't own the slots any more: " +
      "these writes are lost, though they were acknowledged. When it comes back it refuses " +
      "clients until it is filled again.",
    "如果它仍在写入，其客户端会写到不再拥有槽位的服务器：这些写入虽已应答但会丢失。它恢复后在重新填充之前会拒绝客户端。",
  ],
  "proxies.goneWord.tick": [
    "Its machine is off, or cut off from all Redis servers",
    "它的机器已关机，或已与所有 Redis 服务器断开",
  ],
  "proxies.goneWord.tickFirst": ["Tick the box first.", "请先勾选。"],
  "proxies.goneWord.confirm": ["{addr} is gone", "{addr} 已离线"],
  "proxies.goneWord.done": ["Nothing waits for {addr} any more.", "已不再等待 {addr}。"],
  "proxies.goneWord.off": [
    "Only for a proxy that doesn't answer and about which nothing can be proven.",
    "仅用于没有响应且无法证明其状态的代理。",
  ],
} as const;
