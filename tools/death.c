#define _XOPEN_SOURCE 700

#include "tools/death.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "tools/failure.h"

/* A signal handler has no other way to know. */
static volatile sig_atomic_t is_watched;
static const struct sim_simulation *volatile watched;
static volatile uint64_t watched_seed;

/* A node that overflows the stack leaves none for the handler. */
static char own_stack[65536];

/* printf() may not be called here. */
static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void say_number(uint64_t number, unsigned digits)
{
    char text[24];
    size_t at = sizeof text - 1;
    text[at] = '\0';
    while (at > 0 && (number > 0 || digits > 0)) {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
        digits -= digits > 0 ? 1 : 0;
    }
    say(text + at);
}

static void say_where(const struct sim_simulation *simulation)
{
    struct sim_whereabouts at = sim_simulation_whereabouts(simulation);
    say(" in step ");
    say_number(at.step, 1);
    say(" at ");
    say_number(at.time_us / 1000000u, 1);
    say(".");
    say_number(at.time_us % 1000000u, 6);
    say(" s");
    if (at.node != SIM_NONE) {
        say(", in node ");
        say_number(at.node, 1);
    }
}

/* The process ends as it would have: the signal's action is the default again.
 */
static void on_death(int number)
{
    const struct sim_simulation *simulation = watched;
    const char *name = failure_signal_name(number);
    if (is_watched) {
        say("raftsim: seed ");
        say_number(watched_seed, 1);
        say(": ");
        say(name != NULL ? name : "a signal");
        if (simulation != NULL) {
            say_where(simulation);
        }
        say(".\nTo survive that, and keep a file of it, use 'raftsim sweep' "
            "with this seed.\n");
    }
    raise(number);
}

static void listen(int number)
{
    struct sigaction action = {0}, before;
    action.sa_handler = on_death;
    action.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER);
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
        sigaction(number, &action, NULL);
    }
}

void death_watch(uint64_t seed)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    stack_t stack = {.ss_sp = own_stack, .ss_size = sizeof own_stack};
    watched = NULL;
    watched_seed = seed;
    is_watched = 1;
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        listen(signals[i]);
    }
}

void death_watch_steps(const struct sim_simulation *simulation)
{
    watched = simulation;
}

void death_unwatch(void)
{
    is_watched = 0;
    watched = NULL;
}
