/* Tests of async-session.c. */
#ifndef CODIS_ASYNC_SESSION_TEST_H
#define CODIS_ASYNC_SESSION_TEST_H

/* Puts its own functions for strings and memory into `rm` and leaves them there. */
void test_sessions(void);

#endif
