/**
 * The overview of a dashboard as recorded from Codis 3.2.2 (`GET /topom`), with fewer fields of INFO and the
 * slots left out, which are 1024 times the same.
 */

/** The lock of that dashboard, as its file has it. */
export const RECORDED_LOCK = `{
    "token": "bb8505b89ee9ec8283a4fb17c473c797",
    "start_time": "2026-11-21 07:01:13.083640638 +0000 UTC m=+0.033565304",
    "admin_addr": "127.0.0.1:28080",
    "product_name": "demo",
    "pid": 3600,
    "pwd": "/opt/codis",
    "sys": "Linux host1 5.10.0 x86_64 GNU/Linux"
}`;

/** Everything after `compile`, whose value is this program's own. */
export const RECORDED_OVERVIEW = `    "config": {
        "coordinator_name": "filesystem",
        "coordinator_addr": "/var/lib/codis",
        "coordinator_auth": "",
        "admin_addr": "127.0.0.1:28080",
        "product_name": "demo",
        "migration_method": "semi-async",
        "migration_parallel_slots": 100,
        "migration_async_maxbulks": 200,
        "migration_async_maxbytes": "32mb",
        "migration_async_numkeys": 500,
        "migration_timeout": "30s",
        "sentinel_client_timeout": "10s",
        "sentinel_quorum": 2,
        "sentinel_parallel_syncs": 1,
        "sentinel_down_after": "30s",
        "sentinel_failover_timeout": "5m",
        "sentinel_notification_script": "",
        "sentinel_client_reconfig_script": ""
    },
    "model": {
        "token": "bb8505b89ee9ec8283a4fb17c473c797",
        "start_time": "2026-11-21 07:01:13.083640638 +0000 UTC m=+0.033565304",
        "admin_addr": "127.0.0.1:28080",
        "product_name": "demo",
        "pid": 3600,
        "pwd": "/opt/codis",
        "sys": "Linux host1 5.10.0 x86_64 GNU/Linux"
    },
    "stats": {
        "closed": false,
        "slots": [
SLOTS
        ],
        "group": {
            "models": [
                {
                    "id": 1,
                    "servers": [
                        {
                            "server": "127.0.0.1:27211",
                            "datacenter": "",
                            "action": {},
                            "replica_group": false
                        }
                    ],
                    "promoting": {},
                    "out_of_sync": true
                },
                {
                    "id": 2,
                    "servers": [
                        {
                            "server": "127.0.0.1:27212",
                            "datacenter": "",
                            "action": {},
                            "replica_group": false
                        }
                    ],
                    "promoting": {},
                    "out_of_sync": false
                }
            ],
            "stats": {
                "127.0.0.1:27211": {
                    "stats": {
                        "aof_enabled": "0",
                        "config_file": "",
                        "db0": "keys=2,expires=1,avg_ttl=896344",
                        "maxmemory": "0",
                        "mem_fragmentation_ratio": "2.05"
                    },
                    "unixtime": 1795244630
                },
                "127.0.0.1:27212": {
                    "stats": {
                        "db0": "keys=4,expires=0,avg_ttl=0"
                    },
                    "unixtime": 1795244630
                }
            }
        },
        "proxy": {
            "models": [
                {
                    "id": 1,
                    "token": "b5084f4b6af9f62fc60ec891a9b187f5",
                    "start_time": "2026-11-21 07:01:13.117059478 +0000 UTC m=+0.059995724",
                    "admin_addr": "127.0.0.1:21081",
                    "proto_type": "tcp4",
                    "proxy_addr": "127.0.0.1:21900",
                    "product_name": "demo",
                    "pid": 3602,
                    "pwd": "/opt/codis",
                    "sys": "Linux host1 5.10.0 x86_64 GNU/Linux",
                    "hostname": "host1",
                    "datacenter": ""
                }
            ],
            "stats": {
                "b5084f4b6af9f62fc60ec891a9b187f5": {
                    "stats": {
                        "online": true,
                        "closed": false,
                        "sentinels": {},
                        "ops": {
                            "total": 1021,
                            "fails": 0,
                            "redis": {
                                "errors": 2
                            },
                            "qps": 0
                        },
                        "sessions": {
                            "total": 89,
                            "alive": 0
                        },
                        "rusage": {
                            "now": "2026-11-21 07:03:50.213912931 +0000 UTC m=+157.156849177",
                            "cpu": 0.019985046928082797,
                            "mem": 229838848,
                            "raw": {
                                "utime": 880000000,
                                "stime": 700000000,
                                "cutime": 0,
                                "cstime": 0,
                                "num_threads": 7,
                                "vm_size": 1722134528,
                                "vm_rss": 229838848
                            }
                        },
                        "backend": {
                            "primary_only": false
                        }
                    },
                    "unixtime": 1795244630
                }
            }
        },
        "slot_action": {
            "interval": 0,
            "disabled": false,
            "progress": {
                "status": ""
            },
            "executor": 0
        },
        "sentinels": {
            "model": {
                "out_of_sync": false
            },
            "stats": {},
            "masters": {}
        }
    }
}`.replace(
  "SLOTS",
  Array.from(
    { length: 1024 },
    (_, id) => `            {
                "id": ${id},
                "group_id": ${id < 512 ? 1 : 2},
                "action": {}
            }`,
  ).join(",\n"),
);
