/*
 * The words and numbers that a source and a target of the asynchronous migration exchange, as codis-server
 * speaks them. async-restore.c and async-login.c answer them, the source sends them.
 *
 *   SLOTSRESTORE-ASYNC-AUTH password
 *   SLOTSRESTORE-ASYNC-SELECT db
 *   SLOTSRESTORE-ASYNC delete key
 *   SLOTSRESTORE-ASYNC string key ttl value          the bytes of a string
 *   SLOTSRESTORE-ASYNC object key ttl payload        what DUMP gives
 *   SLOTSRESTORE-ASYNC list   key ttl hint element [element ...]
 *   SLOTSRESTORE-ASYNC hash   key ttl hint field value [field value ...]
 *   SLOTSRESTORE-ASYNC dict   key ttl hint member [member ...]                 a set
 *   SLOTSRESTORE-ASYNC zset   key ttl hint member score [member score ...]     scores: WIRE_SCORE_BYTES
 *   SLOTSRESTORE-ASYNC expire key ttl
 *
 * Ours, which codis-server doesn't know. What a target knows is asked by SLOTSRESTORE-ASYNC-FORMS: its text is
 * WIRE_FORM_WORDS or more; codis-server answers that it is an unknown command, and the connection stays open.
 *
 *   SLOTSRESTORE-ASYNC-AUTH2 user password
 *   SLOTSRESTORE-ASYNC stream key ttl hint [id pairs field value [field value ...] ...]
 *   SLOTSRESTORE-ASYNC stream-id key ttl last-id entries-added max-deleted-id        after all entries
 *   SLOTSRESTORE-ASYNC stream-group key ttl group last-id entries-read               entries-read -1: not known
 *   SLOTSRESTORE-ASYNC stream-pending key ttl group consumer [id delivered-ms deliveries ...]
 *
 * ttl: milliseconds from now, 0: none. hint: the number of elements at the end; elements, not bulks.
 * A chunk makes the key if it isn't there. When the frame before on the same connection was a chunk of the
 * same key, the key must be as that left it; else the answer is an error and the source begins again.
 *
 * Each is answered, in order, by an array of three bulk strings: WIRE_ACK, code, text. Code "0" is success,
 * any other closes the connection after the answer. The text of success is for humans ("OK"; "1" or "0" of
 * delete; "1" of string, object and expire; the number of elements after a chunk). A server that refuses the
 * command itself (out of memory, a replica, no right to it) answers an error of its own.
 */
#ifndef CODIS_ASYNC_WIRE_H
#define CODIS_ASYNC_WIRE_H

#define WIRE_RESTORE "SLOTSRESTORE-ASYNC"
#define WIRE_AUTH "SLOTSRESTORE-ASYNC-AUTH"
#define WIRE_AUTH_USER "SLOTSRESTORE-ASYNC-AUTH2"
#define WIRE_SELECT "SLOTSRESTORE-ASYNC-SELECT"
#define WIRE_FORMS "SLOTSRESTORE-ASYNC-FORMS"
#define WIRE_ACK "SLOTSRESTORE-ASYNC-ACK"

#define WIRE_DELETE "delete"
#define WIRE_EXPIRE "expire"
#define WIRE_STRING "string"
#define WIRE_OBJECT "object"
#define WIRE_LIST "list"
#define WIRE_HASH "hash"
#define WIRE_SET "dict"
#define WIRE_ZSET "zset"
#define WIRE_STREAM "stream"
#define WIRE_STREAM_ID "stream-id"
#define WIRE_STREAM_GROUP "stream-group"
#define WIRE_STREAM_PENDING "stream-pending"

/* Words parted by blanks. */
#define WIRE_FORM_WORDS "auth2 list hash dict zset stream"

enum {
    /* A score: its IEEE 754 double, raw, the lowest byte first. */
    WIRE_SCORE_BYTES = 8,
    /* Codes of an acknowledgement. */
    WIRE_ACK_OK = 0,
    WIRE_ACK_ERROR = -1,
    /* Bulks of an acknowledgement, and the longest text of one that is worth reading. */
    WIRE_ACK_PARTS = 3,
    WIRE_ACK_TEXT_BYTES = 512,
    /* While chunks of a key flow, each sets its time to live to so many timeouts of the migration. */
    WIRE_CHUNK_TTL_TIMEOUTS = 3,
    /* Pending entries of one stream-pending. */
    WIRE_PENDING_MAX = 200
};

#endif
