/**
 * Commands that redis-server 7.0 doesn't know: those of later Redis releases and Codis's own. Written by
 * hand from the documentation of Redis and from the source of codis-server, and merged into the table by
 * its generator. A command whose key positions aren't certain is left out: it is handled as unknown and
 * its key position learnt from the server.
 *
 * One line a command: name, arity, flags, keys, group, and tips if Redis has any. `-` is an empty field.
 * Commands of modules (vector sets) have no arity for Redis; ours only promises that the key is there,
 * so that the module tells what is wrong. The same for commands whose arity changed before their release.
 * Keys: `-` none; `first:last:step` a range; `#at` a numkeys argument, `#at/step` with `step` arguments
 * for each key.
 */

/** Commands by the release that brought them. */
export const SUPPLEMENT: Readonly<Record<string, string>> = {
  "7.2.0": `
    waitaof            4 noscript,blocking                   -       generic     all_shards agg_min
    client|setinfo     4 loading,noscript,stale              -       connection  all_nodes all_succeeded
    client|no-touch    3 loading,noscript,stale              -       connection
    cluster|myshardid  2 loading,stale                       -       cluster
  `,
  "7.4.0": `
    hexpire           -6 denyoom,fast,write                  1:1:1   hash
    hexpireat         -6 denyoom,fast,write                  1:1:1   hash
    hexpiretime       -5 fast,readonly                       1:1:1   hash
    hpersist          -5 fast,write                          1:1:1   hash
    hpexpire          -6 denyoom,fast,write                  1:1:1   hash
    hpexpireat        -6 denyoom,fast,write                  1:1:1   hash
    hpexpiretime      -5 fast,readonly                       1:1:1   hash
    hpttl             -5 fast,readonly                       1:1:1   hash
    httl              -5 fast,readonly                       1:1:1   hash
  `,
  "8.0.0": `
    hgetdel           -5 fast,write                          1:1:1   hash
    hgetex            -5 fast,write                          1:1:1   hash
    hsetex            -6 denyoom,fast,write                  1:1:1   hash
    vadd              -2 denyoom,module,write                1:1:1   vector_set
    vcard             -2 fast,module,readonly                1:1:1   vector_set
    vdim              -2 fast,module,readonly                1:1:1   vector_set
    vemb              -2 fast,module,readonly                1:1:1   vector_set
    vgetattr          -2 fast,module,readonly                1:1:1   vector_set
    vinfo             -2 fast,module,readonly                1:1:1   vector_set
    vlinks            -2 fast,module,readonly                1:1:1   vector_set
    vrandmember       -2 module,readonly                     1:1:1   vector_set
    vrem              -2 module,write                        1:1:1   vector_set
    vsetattr          -2 fast,module,write                   1:1:1   vector_set
    vsim              -2 module,readonly                     1:1:1   vector_set
  `,
  "8.2.0": `
    vismember         -2 fast,module,readonly                1:1:1   vector_set
    xackdel           -6 fast,write                          1:1:1   stream
    xdelex            -5 fast,write                          1:1:1   stream
    cluster|slot-stats -4 loading,stale                      -       cluster     all_shards
  `,
  "8.4.0": `
    delex             -2 fast,write                          1:1:1   string
    digest             2 fast,readonly                       1:1:1   string
    msetex            -4 denyoom,movablekeys,write           #1/2    string      multi_shard all_succeeded
    vrange            -2 module,readonly                     1:1:1   vector_set
    trimslots         -5 write                               -       server
    cluster|migration -3 admin,noscript,stale                -       cluster
  `,
  "8.6.0": `
    xcfgset           -2 fast,write                          1:1:1   stream
    hotkeys           -2 admin,noscript                      -       server
    hotkeys|get        2 admin,noscript                      -       server
    hotkeys|reset      2 admin,noscript                      -       server
    hotkeys|start     -2 admin,noscript                      -       server
    hotkeys|stop       2 admin,noscript                      -       server
  `,
  "8.8.0": `
    arcount            2 fast,readonly                       1:1:1   array
    ardel             -3 fast,write                          1:1:1   array
    ardelrange        -4 write                               1:1:1   array
    arget              3 fast,readonly                       1:1:1   array
    argetrange         4 readonly                            1:1:1   array
    argrep            -6 readonly                            1:1:1   array
    arinfo            -2 readonly                            1:1:1   array
    arinsert          -3 denyoom,fast,write                  1:1:1   array
    arlastitems       -3 readonly                            1:1:1   array
    arlen              2 fast,readonly                       1:1:1   array
    armget            -3 fast,readonly                       1:1:1   array
    armset            -4 denyoom,fast,write                  1:1:1   array
    arnext             2 fast,readonly                       1:1:1   array
    arop              -5 readonly                            1:1:1   array
    arring            -4 denyoom,write                       1:1:1   array
    arscan            -4 readonly                            1:1:1   array
    arseek             3 fast,write                          1:1:1   array
    arset             -4 denyoom,fast,write                  1:1:1   array
    increx            -2 denyoom,fast,write                  1:1:1   string
    xnack             -7 fast,write                          1:1:1   stream
  `,
  "8.10.0": `
    lmovem            -5 denyoom,write                       1:2:1   list
    blmovem           -6 blocking,denyoom,write              1:2:1   list
    sunioncard        -3 movablekeys,readonly                #1      set
    sdiffcard         -3 movablekeys,readonly                #1      set
    himport           -2 -                                   -       hash
    himport|prepare   -4 denyoom                             -       hash        all_shards
    himport|set       -5 denyoom,write                       2:2:1   hash
    himport|discard    3 -                                   -       hash
    himport|discardall 2 -                                   -       hash
    backup            -2 admin                               -       server
  `,
  // Sent by clients on connect, for Redis Enterprise and Valkey; no Redis of these versions needs them.
  "8.0.2": `
    client|maint_notifications -3 loading,noscript,stale     -       connection
    client|capa       -3 loading,noscript,stale              -       connection
  `,
  // Names of HTTP requests; Redis closes the connection.
  "3.2.7": `
    post              -1 loading,readonly,stale              -       server
    host:             -1 loading,readonly,stale              -       server
  `,
  codis: `
    slotsinfo          2 readonly                            -       codis
    slotsscan         -3 readonly                            -       codis
    slotsmapping      -1 readonly                            -       codis
    slotshashkey      -1 readonly                            -       codis
    slotsdel          -2 write                               -       codis
    slotscheck         1 readonly                            -       codis
    slotsrestore      -4 denyoom,write                       1:-1:3  codis
    slotsmgrtone       5 write                               -       codis
    slotsmgrtslot      5 write                               -       codis
    slotsmgrttagone    5 write                               -       codis
    slotsmgrttagslot   5 write                               -       codis
    slotsmgrtone-async     -7 write                          -       codis
    slotsmgrtslot-async     8 write                          -       codis
    slotsmgrttagone-async  -7 write                          -       codis
    slotsmgrttagslot-async  8 write                          -       codis
    slotsmgrtone-async-dump    -4 readonly                   -       codis
    slotsmgrttagone-async-dump -4 readonly                   -       codis
    slotsmgrt-async-fence   1 readonly                       -       codis
    slotsmgrt-async-cancel  1 readonly                       -       codis
    slotsmgrt-async-status  1 readonly                       -       codis
    slotsmgrt-exec-wrapper -3 write                          -       codis
    slotsrestore-async     -2 denyoom,write                  -       codis
    slotsrestore-async-auth 2 denyoom,write                  -       codis
    slotsrestore-async-ack  3 write                          -       codis
    slotsrestore-async-select 2 write                        -       codis
  `,
};
