#define _XOPEN_SOURCE 700

#include "tools/failure.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The words of a format, with a _ for what it puts in. */
static void put_words(char *kind, const char *format)
{
    size_t size = 0;
    for (const char *at = format;
         *at != '\0' && size < FAILURE_KIND_SIZE - 1;) {
        if (*at != '%') {
            kind[size++] = *at++;
            continue;
        }
        at++;
        at += strspn(at, "-+ #0123456789.*lhzjt");
        at += *at != '\0' ? 1 : 0; /* the conversion */
        kind[size++] = '_';
    }
    kind[size] = '\0';
}

static void put_places(char *kind, const struct sim_result *result)
{
    size_t size = 0;
    for (uint32_t i = 0; i < result->n_unmet && size < FAILURE_KIND_SIZE; i++) {
        int more = snprintf(kind + size, FAILURE_KIND_SIZE - size, "%s%s",
                            i > 0 ? ", " : "", result->unmet[i].pointer);
        size += more > 0 ? (size_t)more : 0;
    }
}

void failure_of(struct failure *failure, const struct sim_result *result,
                bool differs)
{
    const char *what = "";
    *failure = (struct failure){.what = ""};
    if (differs) {
        what = "not_repeatable";
    } else if (result->verdict == SIM_VERDICT_CONTRACT) {
        what = "contract";
        put_words(failure->kind, result->contract_kind);
    } else if (result->verdict == SIM_VERDICT_STEP_LIMIT) {
        what = "step_limit";
    } else if (result->verdict == SIM_VERDICT_TIME_LIMIT) {
        what = "time_limit";
    } else if (result->verdict == SIM_VERDICT_UNEXPECTED && result->violated) {
        what = sim_property_name(result->violation.property);
        put_words(failure->kind, result->violation.kind);
    } else if (result->verdict == SIM_VERDICT_UNEXPECTED) {
        what = "expectation";
        put_places(failure->kind, result);
    }
    snprintf(failure->what, sizeof failure->what, "%s", what);
}

const char *failure_words(const struct sim_result *result)
{
    if (result->verdict == SIM_VERDICT_CONTRACT) {
        return result->contract;
    }
    if (result->violated) {
        return result->violation.text;
    }
    return result->n_unmet > 0 ? result->unmet[0].text : "";
}

const char *failure_signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},
        {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},   {SIGKILL, "SIGKILL"},
        {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},   {SIGHUP, "SIGHUP"},
        {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"}, {SIGQUIT, "SIGQUIT"},
        {SIGTRAP, "SIGTRAP"}, {SIGXCPU, "SIGXCPU"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return NULL;
}

bool failure_equal(const struct failure *a, const struct failure *b)
{
    return strcmp(a->what, b->what) == 0 &&
           (a->kind[0] == '\0' || b->kind[0] == '\0' ||
            strcmp(a->kind, b->kind) == 0);
}

/* Each place is an upper bound. */
static bool are_upper_bounds(const char *places)
{
    static const char end[] = "_at_most";
    size_t length = sizeof end - 1;
    for (const char *at = places; *at != '\0';) {
        size_t size = strcspn(at, ",");
        if (size < length || strncmp(at + size - length, end, length) != 0) {
            return false;
        }
        at += size;
        at += strspn(at, ", ");
    }
    return true;
}

const char *failure_unshrinkable(const struct failure *failure)
{
    static const char signal_death[] = "killed by SIG";
    const char *what = failure->what;
    if (what[0] == '\0') {
        return "all goes as expected; there is nothing to shrink";
    }
    if (strcmp(what, "not_repeatable") == 0) {
        return "a run that does not repeat cannot be shrunk";
    }
    if (strcmp(what, "step_limit") == 0 || strcmp(what, "time_limit") == 0) {
        return "a run that was stopped at a limit did not fail; there is "
               "nothing to shrink";
    }
    if (strcmp(what, "died") == 0 &&
        strncmp(failure->kind, signal_death, sizeof signal_death - 1) != 0) {
        return "of processes that end, only those that are killed by a signal "
               "can be shrunk";
    }
    if (strcmp(what, "expectation") == 0 && !are_upper_bounds(failure->kind)) {
        return "what a scenario expects can always be missed by doing less; "
               "only properties and upper bounds (..._at_most) can be shrunk";
    }
    return NULL;
}

const char *failure_print(const struct failure *failure, char *text)
{
    snprintf(text, FAILURE_TEXT_SIZE, "%s%s%s", failure->what,
             failure->kind[0] != '\0' ? ": " : "", failure->kind);
    return text;
}
