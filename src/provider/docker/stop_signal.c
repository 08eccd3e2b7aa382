/* SPDX-License-Identifier: MIT */
#include "stop_signal.h"
#include "waybill/base/error.h"

enum { SIGNAL_MAX = 64, REAL_TIME_FIRST = 34 /* the two before it are the C library's own */ };

/* Those of Linux by number; signal.h has the numbers of the machine this is built on, the engine those of its own. */
static const char *const names[] = {
    "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS",
};

/* "RTMIN", "RTMIN+3", "RTMAX-2" */
static int parse_real_time(struct slice text)
{
    bool from_last = slice_starts_nocase(text, SLICE("RTMAX"));
    uint64_t distance = 0;

    if (!from_last && !slice_starts_nocase(text, SLICE("RTMIN")))
        return 0;
    text = slice_from(text, 5);
    if (text.len && (text.ptr[0] != (from_last ? '-' : '+') ||
                     !slice_to_u64(slice_from(text, 1), SIGNAL_MAX - REAL_TIME_FIRST, &distance)))
        return 0;
    return from_last ? SIGNAL_MAX - (int)distance : REAL_TIME_FIRST + (int)distance;
}

int signal_parse(struct slice text)
{
    uint64_t number;

    if (slice_to_u64(text, SIGNAL_MAX, &number))
        return (int)number;
    if (slice_starts_nocase(text, SLICE("SIG")))
        text = slice_from(text, 3);
    for (size_t i = 1; i < WB_COUNT(names); i++) {
        if (slice_eq_nocase(text, slice_of(names[i])))
            return (int)i;
    }
    return parse_real_time(text);
}

bool signal_ends(int signal, int stop_signal)
{
    enum { INTERRUPT = 2, QUIT = 3, KILL = 9, TERMINATE = STOP_SIGNAL_DEFAULT };

    return signal &&
           (signal == INTERRUPT || signal == QUIT || signal == KILL || signal == TERMINATE || signal == stop_signal);
}
