/**
 * Texts of what is asked before something is done with groups and servers: English, Chinese.
 */

/** See the head of the file. */
export const text = {
  "groups.create.lead": [
    "A group with a master and a replica. Nothing uses it until it is given slots.",
    "一个主节点加一个从节点的组。在分配槽位之前不会被使用。",
  ],
  "groups.create.id": ["Id of the group", "组编号"],
  "groups.create.idTaken": ["There is a group {id} already.", "组 {id} 已存在。"],
  "groups.create.idForm": ["A whole number from 1 to 9999.", "1 到 9999 的整数。"],
  "groups.create.master": ["Master, host:port", "主节点，host:port"],
  "groups.create.replica": ["Replica, host:port (may be empty)", "从节点，host:port（可为空）"],
  "groups.create.datacenter": ["Data centre (may be empty)", "数据中心（可为空）"],
  "groups.create.addrForm": ["Expected host:port.", "应为 host:port。"],
  "groups.create.sameAddr": ["Master and replica are the same.", "主从地址相同。"],
  "groups.create.start": ["Create group {id}", "创建组 {id}"],
  "groups.create.again": ["Try again", "重试"],
  "groups.create.steps": ["Steps", "步骤"],
  "groups.create.step.group": ["Make group {id}", "创建组 {id}"],
  "groups.create.step.master": ["Add {addr} as master", "添加 {addr} 为主节点"],
  "groups.create.step.replica": ["Add {addr} as replica", "添加 {addr} 为从节点"],
  "groups.create.state.waiting": ["to do", "待执行"],
  "groups.create.state.running": ["under way", "执行中"],
  "groups.create.state.done": ["done", "完成"],
  "groups.create.state.failed": ["failed", "失败"],
  "groups.create.ready": [
    "Group {id} is ready and holds no slots yet. A rebalance plan shows what would move " +
      "to it; nothing moves before you start the plan.",
    "组 {id} 已就绪，但还没有槽位。再平衡计划会显示将迁移的内容；在您启动计划之前不会迁移。",
  ],
  "groups.create.toGroup": ["Open group {id}", "打开组 {id}"],

  "groups.add.title": ["Add a server to group {id}", "向组 {id} 添加服务器"],
  "groups.add.effectMaster": [
    "It is checked (reachable, password, version, no foreign keys) and becomes the master of group {id}.",
    "将检查该服务器（可达、密码、版本、没有其他键），然后成为组 {id} 的主节点。",
  ],
  "groups.add.effectReplica": [
    "It is checked (reachable, password, version, no keys of its own), becomes a replica " +
      "of {master} and copies its data.",
    "将检查该服务器（可达、密码、版本、没有自己的键），然后成为 {master} 的从节点并复制数据。",
  ],
  "groups.add.effectIdle": [
    "It is checked and listed in group {id}, and doesn't follow the master until you press Sync.",
    "将检查该服务器并列入组 {id}，在按“同步”之前不跟随主节点。",
  ],
  "groups.add.addr": ["Address, host:port", "地址，host:port"],
  "groups.add.follow": ["Make it follow the master at once", "立即跟随主节点"],
  "groups.add.adopt": [
    "Take it with the keys that it holds (only while all slots are offline)",
    "连同已有的键一起接受（仅当所有槽位离线时）",
  ],
  "groups.add.discard": [
    "It may hold keys of its own: they are lost",
    "它可能有自己的键：这些键会丢失",
  ],
  "groups.add.missing": [
    "Type an address, like 10.0.0.1:6379.",
    "请输入地址，例如 10.0.0.1:6379。",
  ],
  "groups.add.confirm": ["Add {addr}", "添加 {addr}"],
  "groups.add.done": ["{addr} is in group {id}.", "{addr} 已加入组 {id}。"],

  "groups.promote.title": ["Promote {addr}?", "将 {addr} 提升为主节点？"],
  "groups.promote.effect": [
    "{to} becomes the master of group {id}; {from} becomes its replica. No acknowledged write is lost.",
    "{to} 将成为组 {id} 的主节点，{from} 成为它的从节点。已应答的写入不会丢失。",
  ],
  "groups.promote.clients": [
    "Clients stay connected. Requests for this group wait {pause}, then go on; nobody " +
      "gets an error. What isn't done in time is undone, and the old master serves on.",
    "客户端保持连接。对该组的请求会等待 {pause} 后继续，不会报错。未能及时完成则撤销，旧主节点继续服务。",
  ],
  "groups.promote.pauseUnknown": ["for some milliseconds", "若干毫秒"],
  "groups.promote.checklist": ["Checklist", "检查清单"],
  "groups.promote.problems": ["In the way", "阻碍"],
  "groups.promote.warnings": ["To know", "注意"],
  "groups.promote.blocked": [
    "Something is in the way, see the checklist.",
    "存在阻碍，见检查清单。",
  ],
  "groups.promote.checking": ["The servers are being asked.", "正在询问服务器。"],
  "groups.promote.splitTitle": [
    "The sentinels don't agree with what is stored",
    "哨兵与存储的信息不一致",
  ],
  "groups.promote.split": [
    "No majority of the sentinels agrees on a master of this group. They may change the " +
      "master while you do. Type the address to go on.",
    "没有多数哨兵就该组的主节点达成一致。它们可能在您操作时切换主节点。输入地址以继续。",
  ],
  "groups.promote.other": [
    "A majority of the sentinels takes another server than {from} for the master. They " +
      "may change it back. Type the address to go on.",
    "多数哨兵认为主节点不是 {from}。它们可能会切换回去。输入地址以继续。",
  ],
  "groups.promote.confirm": ["Promote {addr}", "提升 {addr}"],
  "groups.promote.done": [
    "{addr} is the master of group {id}; writes waited {pause}.",
    "{addr} 现为组 {id} 的主节点；写入等待了 {pause}。",
  ],
  "groups.check.good": ["ok", "正常"],
  "groups.check.note": ["note", "注意"],
  "groups.check.bad": ["problem", "问题"],
  "groups.check.lag.none": [
    "The replica has all data of the master.",
    "从节点拥有主节点的全部数据。",
  ],
  "groups.check.lag.small": [
    "The replica is {bytes} behind and catches up within the pause.",
    "从节点落后 {bytes}，可在暂停期间追上。",
  ],
  "groups.check.lag.large": [
    "The replica is {bytes} behind; the pause may be too short for that.",
    "从节点落后 {bytes}，暂停时间可能不够。",
  ],
  "groups.check.lag.unknown": [
    "Nobody knows how far the replica is behind.",
    "无法得知从节点落后多少。",
  ],
  "groups.check.version.same": ["Both run version {from}.", "两者版本均为 {from}。"],
  "groups.check.version.newer": [
    "The replica is newer: {to} instead of {from}.",
    "从节点版本较新：{to}，主节点为 {from}。",
  ],
  "groups.check.version.older": [
    "The replica is older: {to} instead of {from}; the old master may not be able to follow it back.",
    "从节点版本较旧：{to}，主节点为 {from}；旧主节点可能无法跟随它。",
  ],
  "groups.check.version.unknown": ["A version isn't known.", "版本未知。"],
  "groups.check.keys.same": ["Both hold {from} keys.", "两者均有 {from} 个键。"],
  "groups.check.keys.differ": [
    "The master holds {from} keys, the replica {to}.",
    "主节点有 {from} 个键，从节点有 {to} 个。",
  ],
  "groups.check.keys.unknown": ["The number of keys isn't known.", "键数未知。"],
  "groups.check.pause.short": ["Writes are expected to wait {ms}.", "预计写入等待 {ms}。"],
  "groups.check.pause.long": [
    "Writes are expected to wait {ms}, which clients notice.",
    "预计写入等待 {ms}，客户端会察觉。",
  ],
  "groups.check.pause.unknown": ["How long writes wait can't be said.", "无法预计写入等待时间。"],
  "groups.check.others.none": ["No other replica has to follow.", "没有其他从节点需要跟随。"],
  "groups.check.others.some": ["These will follow it: {addrs}.", "以下从节点将跟随它：{addrs}。"],
  "groups.check.slots.none": ["No slot of the group is moving.", "该组没有槽位在迁移。"],
  "groups.check.slots.moving": [
    "Moving slots: {count}. They rest meanwhile.",
    "正在迁移的槽位：{count}，期间将暂停。",
  ],
  "groups.check.sentinels.watched": [
    "Sentinels watch the group and are told before and after.",
    "哨兵监视该组，切换前后都会通知它们。",
  ],
  "groups.check.sentinels.unwatched": ["No sentinel watches the group.", "没有哨兵监视该组。"],
  "groups.check.agree.agree": [
    "A majority of the sentinels agrees that {addr} is the master.",
    "多数哨兵一致认为 {addr} 是主节点。",
  ],
  "groups.check.agree.other": [
    "A majority of the sentinels doesn't take {addr} for the master.",
    "多数哨兵不认为 {addr} 是主节点。",
  ],
  "groups.check.agree.split": [
    "No majority of the sentinels agrees that {addr} is the master.",
    "没有多数哨兵一致认为 {addr} 是主节点。",
  ],

  "groups.sync.title": ["Make {addr} a replica of the master?", "使 {addr} 成为主节点的从节点？"],
  "groups.sync.effect": [
    "{addr} follows {master} and copies its data. What {addr} has and {master} hasn't is lost.",
    "{addr} 将跟随 {master} 并复制其数据。{addr} 独有的数据会丢失。",
  ],
  "groups.sync.confirm": ["Sync {addr}", "同步 {addr}"],
  "groups.sync.done": ["The order for {addr} is given.", "已下达 {addr} 的同步命令。"],
  "groups.cancelSync.title": ["Cancel the sync of {addr}?", "取消 {addr} 的同步？"],
  "groups.cancelSync.effect": [
    "The order is taken back as long as it hasn't begun.",
    "在开始之前撤回该命令。",
  ],
  "groups.cancelSync.done": ["The order for {addr} is taken back.", "已撤回 {addr} 的同步命令。"],

  "groups.reads.titleOn": ["Allow reads from {addr}?", "允许从 {addr} 读取？"],
  "groups.reads.titleOff": ["Forbid reads from {addr}?", "禁止从 {addr} 读取？"],
  "groups.reads.effectOn": [
    "Proxies send reads to it while it is a replica. What is read there may be some milliseconds old.",
    "作为从节点时，代理会把读请求发给它。读到的数据可能有几毫秒的延迟。",
  ],
  "groups.reads.effectOff": [
    "Proxies read from it no longer while it is a replica.",
    "作为从节点时，代理不再从它读取。",
  ],
  "groups.reads.done": ["Replica reads of {addr}: {state}.", "{addr} 的读从节点：{state}。"],
  "groups.readsAll.titleOn": ["Allow reads from all replicas?", "允许读所有从节点？"],
  "groups.readsAll.titleOff": ["Forbid reads from all replicas?", "禁止读所有从节点？"],
  "groups.readsAll.effectOn": [
    "Proxies send reads of all groups to replicas. What is read there may be some " +
      "milliseconds old. Afterwards it can be set for each server.",
    "代理会把所有组的读请求发给从节点，读到的数据可能有几毫秒的延迟。之后可逐台设置。",
  ],
  "groups.readsAll.effectOff": [
    "All reads go to the masters. Afterwards it can be set for each server.",
    "所有读请求都发给主节点。之后可逐台设置。",
  ],
  "groups.readsAll.done": [
    "Replica reads of all servers: {state}.",
    "所有服务器的读从节点：{state}。",
  ],

  "groups.resync.title": ["Re-publish group {id}?", "重新发布组 {id}？"],
  "groups.resync.effect": [
    "The slots of the group, its master and its replicas are sent to all proxies again. " +
      "Nothing is moved or lost.",
    "将该组的槽位和主从信息重新发送给所有代理，不会迁移或丢失数据。",
  ],
  "groups.resync.done": ["Proxies that took it: {count}.", "已接收的代理：{count}。"],
  "groups.resync.failed": [
    "Proxies that took it: {count}. Failed: {failed}.",
    "已接收的代理：{count}。失败：{failed}。",
  ],

  "groups.repair.title": ["Repair group {id}?", "修复组 {id}？"],
  "groups.repair.titleAll": ["Repair all groups?", "修复所有组？"],
  "groups.repair.effect": [
    "Servers are made what is stored: the master, and replicas of it. What a wrong " +
      "master has and the stored one hasn't is lost.",
    "使服务器与存储的一致：主节点及其从节点。错误的主节点独有的数据会丢失。",
  ],
  "groups.repair.plan": ["What will be done", "将执行的操作"],
  "groups.repair.nothing": ["There is nothing that a repair could mend.", "没有可修复的内容。"],
  "groups.repair.refused": ["What can't be mended", "无法修复的内容"],
  "groups.repair.done": ["Repaired: {count}.", "已修复：{count}。"],
  "groups.repair.partly": [
    "Repaired: {count}. Failed: {failed}.",
    "已修复：{count}。失败：{failed}。",
  ],

  "groups.removeServer.title": ["Remove {addr} from group {id}?", "从组 {id} 移除 {addr}？"],
  "groups.removeServer.effect": [
    "The server is taken out of the group; its data stay on it and it keeps running. The " +
      "group then has {left} replicas.",
    "该服务器将从组移除，其数据保留且继续运行。之后组有 {left} 个从节点。",
  ],
  "groups.removeServer.effectMaster": [
    "The master is taken out of the group; its data stay on it. The group is empty then.",
    "主节点将从组移除，其数据保留。之后组为空。",
  ],
  "groups.removeServer.confirm": ["Remove {addr}", "移除 {addr}"],
  "groups.removeServer.done": ["{addr} is out of group {id}.", "{addr} 已移出组 {id}。"],
  "groups.removeGroup.title": ["Remove group {id}?", "移除组 {id}？"],
  "groups.removeGroup.effect": [
    "The empty group is forgotten. No data is touched.",
    "移除该空组，不影响任何数据。",
  ],
  "groups.removeGroup.confirm": ["Remove group {id}", "移除组 {id}"],
  "groups.removeGroup.done": ["Group {id} is removed.", "组 {id} 已移除。"],
} as const;
