/* See loop.h. */
#include "loop.h"

#include <fcntl.h>
#include <unistd.h>

/* Turns cost something even when there is nothing to do: they end so long after the last work. */
enum { REST_MS = 1000, SOON_MS = 1 };

static TurnFunction turn_function;
static bool is_on; /* Subscribed. */
static bool is_idle;
static bool is_timer_set;
static bool is_alarm_set;
/* A pipe with a byte in it is always ready, so while the loop looks at it, it doesn't sleep. */
static int pipe_ends[2] = {-1, -1};
static bool is_awake;

static const ServerEvent loop_event = {.id = EVENT_LOOP, .version = 1};

static void on_pipe(int fd, void *data, int mask) {
    (void)fd;
    (void)data;
    (void)mask;
}

static void stay_awake(bool is_to_be) {
    if (is_awake != is_to_be) {
        is_awake = is_to_be;
        if (is_to_be) {
            rm.EventLoopAdd(pipe_ends[0], LOOP_READABLE, on_pipe, NULL);
        } else {
            rm.EventLoopDel(pipe_ends[0], LOOP_READABLE);
        }
    }
}

/* Its turn is what matters. */
static void on_alarm(Context *ctx, void *data) {
    (void)ctx;
    (void)data;
    is_alarm_set = false;
}

static void on_timer(Context *ctx, void *data) {
    (void)data;
    is_timer_set = false;
    // Within its own call the subscription can't be ended.
    if (is_on && is_idle && rm.SubscribeToServerEvent(ctx, loop_event, NULL) == API_OK) {
        is_on = false;
    }
}

static void on_turn(Context *ctx, ServerEvent event, uint64_t sub, void *data) {
    (void)event;
    (void)data;
    if (sub != LOOP_BEFORE_SLEEP || (is_idle && is_timer_set)) {
        return;
    }
    LoopNeed need = turn_function(ctx);
    stay_awake(need == LOOP_AT_ONCE);
    if (need == LOOP_SOON && !is_alarm_set) {
        is_alarm_set = true;
        rm.CreateTimer(ctx, SOON_MS, on_alarm, NULL);
    }
    is_idle = need == LOOP_NOTHING;
    if (is_idle && !is_timer_set) {
        is_timer_set = true;
        rm.CreateTimer(ctx, REST_MS, on_timer, NULL);
    }
}

static bool open_pipe(void) {
    if (pipe_ends[0] >= 0) {
        return true;
    }
    if (pipe(pipe_ends) != 0) {
        pipe_ends[0] = pipe_ends[1] = -1;
        return false;
    }
    bool is_good = write(pipe_ends[1], "x", 1) == 1;
    for (int i = 0; i < 2; i++) {
        is_good = fcntl(pipe_ends[i], F_SETFD, FD_CLOEXEC) == 0 && is_good;
    }
    if (!is_good) {
        loop_end();
    }
    return is_good;
}

bool loop_begin(Context *ctx, TurnFunction function) {
    turn_function = function;
    is_idle = false;
    if (!open_pipe()) {
        return false;
    }
    if (!is_on && rm.SubscribeToServerEvent(ctx, loop_event, on_turn) == API_OK) {
        is_on = true;
    }
    return is_on;
}

bool loop_is_on(void) {
    return is_on || is_timer_set || is_alarm_set;
}

void loop_end(void) {
    for (int i = 0; i < 2; i++) {
        if (pipe_ends[i] >= 0) {
            close(pipe_ends[i]);
        }
        pipe_ends[i] = -1;
    }
}
