/* See delete-job.h. */
#include "delete-job.h"

#include <string.h>

#include "argument.h"
#include "counts.h"

/* A slice lasts so long, and the next comes a millisecond later. */
enum { SLICE_US = 300, PAUSE_MS = 1 };
/* Names that are deleted by one UNLINK. */
enum { BATCH_MAX = 64 };

typedef enum { JOB_RUNNING, JOB_DONE, JOB_REPLICA } JobState;

typedef struct Job {
    struct Job *next;
    BlockedClient *client; /* NULL: the caller can't wait, so all is done at once. */
    JobState state;
    int db;
    bool is_wanted[SLOT_COUNT];
    ScanCursor *cursor;
    String **names; /* Found, not deleted yet. */
    size_t name_count;
    size_t name_capacity;
    uint64_t left[SLOT_COUNT]; /* Taken at the end, for the answer. */
    int slot_count;
    int slots[]; /* As the caller gave them. */
} Job;

static Job *jobs;
static bool is_timer_set;

static void collect(Context *ctx, String *name, Key *key, void *data) {
    (void)key;
    Job *job = data;
    size_t length;
    const char *bytes = rm.StringPtrLen(name, &length);
    if (!job->is_wanted[slot_of_crc(key_hash(bytes, length).crc)]) {
        return;
    }
    if (job->name_count == job->name_capacity) {
        job->name_capacity = job->name_capacity == 0 ? BATCH_MAX : job->name_capacity * 2;
        job->names = rm.Realloc(job->names, job->name_capacity * sizeof(*job->names));
    }
    job->names[job->name_count++] = rm.CreateString(ctx, bytes, length);
}

static void unlink_names(Context *ctx, Job *job) {
    if (job->name_count == 0) {
        return;
    }
    CallReply *reply = rm.Call(ctx, "UNLINK", "!v", job->names, job->name_count);
    if (reply != NULL) {
        rm.FreeCallReply(reply);
    }
    for (size_t i = 0; i < job->name_count; i++) {
        rm.FreeString(ctx, job->names[i]);
    }
    job->name_count = 0;
}

/* By the counts; where those are in doubt, only the end of the pass tells. */
static bool has_keys(const Job *job) {
    const DbCounts *counts = counts_of(job->db);
    if (counts != NULL && counts->is_suspect) {
        return true;
    }
    for (int i = 0; i < job->slot_count; i++) {
        if (counts_slot(job->db, job->slots[i]) > 0) {
            return true;
        }
    }
    return false;
}

/* Works until the time is over (0: without end). */
static void run_slice(Context *ctx, Job *job, long long slice_us) {
    long long until_us = monotonic_us() + slice_us;
    bool has_more = true;
    rm.SelectDb(ctx, job->db);
    counts_settle(ctx);
    while (has_more && has_keys(job)) {
        // One bucket a call: names beyond the batch are few.
        while (has_more && job->name_count < BATCH_MAX &&
            (slice_us == 0 || monotonic_us() < until_us)) {
            has_more = rm.Scan(ctx, job->cursor, collect, job) != 0;
        }
        unlink_names(ctx, job);
        if (slice_us != 0 && monotonic_us() >= until_us) {
            break;
        }
    }
    if (!has_more || !has_keys(job)) {
        job->state = JOB_DONE;
        for (int i = 0; i < job->slot_count; i++) {
            job->left[job->slots[i]] = counts_slot(job->db, job->slots[i]);
        }
    }
}

static void free_job(Context *ctx, void *data) {
    (void)ctx;
    Job *job = data;
    rm.ScanCursorDestroy(job->cursor);
    rm.Free(job->names);
    rm.Free(job);
}

static void answer(Context *ctx, const Job *job) {
    if (job->state == JOB_REPLICA) {
        reply_error(ctx, "ERR interrupted: this server has become a replica; some keys were deleted");
        return;
    }
    rm.ReplyWithArray(ctx, job->slot_count);
    for (int i = 0; i < job->slot_count; i++) {
        rm.ReplyWithArray(ctx, 2);
        rm.ReplyWithLongLong(ctx, job->slots[i]);
        rm.ReplyWithLongLong(ctx, (long long)job->left[job->slots[i]]);
    }
}

static int answer_waiting(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
    answer(ctx, rm.GetBlockedClientPrivateData(ctx));
    return API_OK;
}

/* One slice of the first job, which then goes to the end of the line. */
static void on_timer(Context *ctx, void *data) {
    (void)data;
    is_timer_set = false;
    Job *job = jobs;
    if ((rm.GetContextFlags(ctx) & CONTEXT_REPLICA) != 0) {
        job->state = JOB_REPLICA;
    } else if (!rm.AvoidReplicaTraffic()) {
        // While writes are paused for a failover nothing may be deleted.
        run_slice(ctx, job, SLICE_US);
    }
    jobs = job->next;
    job->next = NULL;
    if (job->state == JOB_RUNNING) {
        Job **last = &jobs;
        while (*last != NULL) {
            last = &(*last)->next;
        }
        *last = job;
    } else {
        rm.UnblockClient(job->client, job);
    }
    if (jobs != NULL) {
        rm.CreateTimer(ctx, PAUSE_MS, on_timer, NULL);
        is_timer_set = true;
    }
}

int slotsdel_command(Context *ctx, String **argv, int argc) {
    if (argc < 2) {
        return rm.WrongArity(ctx);
    }
    Job *job = rm.Alloc(sizeof(Job) + (size_t)(argc - 1) * sizeof(int));
    memset(job, 0, sizeof(Job));
    job->db = rm.GetSelectedDb(ctx);
    job->slot_count = argc - 1;
    for (int i = 0; i < job->slot_count; i++) {
        if (!read_slot(ctx, argv[i + 1], &job->slots[i])) {
            rm.Free(job);
            return API_OK;
        }
        job->is_wanted[job->slots[i]] = true;
    }
    job->cursor = rm.ScanCursorCreate();
    if ((rm.GetContextFlags(ctx) & (CONTEXT_DENY_BLOCKING | CONTEXT_MULTI)) != 0) {
        run_slice(ctx, job, 0);
        answer(ctx, job);
        free_job(ctx, job);
        return API_OK;
    }
    job->client = rm.BlockClient(ctx, answer_waiting, NULL, free_job, 0);
    job->next = jobs;
    jobs = job;
    if (!is_timer_set) {
        rm.CreateTimer(ctx, 0, on_timer, NULL);
        is_timer_set = true;
    }
    return API_OK;
}

void delete_jobs_swap(int first, int second) {
    for (Job *job = jobs; job != NULL; job = job->next) {
        if (job->db == first) {
            job->db = second;
        } else if (job->db == second) {
            job->db = first;
        }
    }
}

int delete_jobs_running(void) {
    return jobs != NULL;
}
