/* Judges whether what clients were told can be true of one map of registers.
 *
 * The model (Herlihy and Wing, 1990): there is a register for each key, at
 * first without a value. An operation takes effect at one moment between its
 * invocation and its return, as if it were alone:
 *
 *   read             gives the value
 *   write            puts a value
 *   compare-and-set  if the value is the expected one, puts another and
 *                    succeeds; if not, fails and changes nothing
 *
 * A history is linearizable if there are such moments for all operations that
 * fit their results. An operation that was never answered may have taken effect
 * at any moment after its invocation, or never, and its result is anyone's
 * guess. Keys and values are numbers, whatever they stand for; the value 0 is
 * that the key has none.
 *
 * What came before what is the order of the calls that recorded it: equal times
 * are no doubt. The times are only for words. A client is only a name; it may
 * wait for several operations at once.
 *
 * The judge is exact: it searches all orders that could make a difference, one
 * key after the other, as Wing and Gong (1993) do, and keeps the situations
 * that it has been through, as Lowe (2017) does. The worst case is exponential,
 * hence a limit; when it is reached, the verdict says so. Histories are easy
 * when each value is written once and failed compare-and-sets tell what they
 * saw: some 100,000 operations take a tenth of a second. They are hard when few
 * values come again and again and many operations were never answered.
 */
#ifndef SIM_LINEARIZABILITY_H
#define SIM_LINEARIZABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- a history ----------------------------------------------------------- */

enum sim_history_kind {
    SIM_HISTORY_READ,
    SIM_HISTORY_WRITE,
    SIM_HISTORY_COMPARE_AND_SET,
};

/* How an operation was answered. Only for words. */
enum sim_history_way {
    SIM_WAY_LOG,        /* as an entry of the log; all but reads are */
    SIM_WAY_READ_INDEX, /* by a leader that made sure first that it leads */
    SIM_WAY_LEASE,      /* by a leader at once, trusting its lease */
    SIM_WAY_FOLLOWER,   /* by a follower that asked the leader */
    SIM_WAY_COUNT
};

/* What was asked for. */
struct sim_history_request {
    enum sim_history_kind kind;
    uint64_t key;
    uint64_t expected; /* COMPARE_AND_SET */
    uint64_t value;    /* WRITE, COMPARE_AND_SET: the new one; 0 removes it */
};

/* What was answered. For a WRITE nothing of it counts. */
struct sim_history_result {
    bool succeeded; /* COMPARE_AND_SET */
    bool saw_value; /* COMPARE_AND_SET: the answer told the value before it */
    uint64_t value; /* READ: the value; COMPARE_AND_SET: if `saw_value` */
    uint32_t node;  /* the server that answered; 0: not known. Only for words */
    enum sim_history_way way; /* if that is known */
};

enum sim_history_outcome {
    SIM_HISTORY_UNANSWERED, /* may have taken effect, or may yet, or never */
    SIM_HISTORY_RETURNED,
    SIM_HISTORY_FAILED, /* certainly never took effect */
};

struct sim_history_operation {
    uint32_t client;
    enum sim_history_outcome outcome;
    struct sim_history_request request;
    struct sim_history_result result; /* RETURNED */
    uint64_t invoked;                 /* place among all invocations and returns
                                         of the history: 1, 2, 3 ... */
    uint64_t returned;                /* the same; RETURNED */
    uint64_t invoked_us;
    uint64_t returned_us; /* RETURNED */
};

struct sim_history;

/* Without operations. */
struct sim_history *sim_history_new(void);

/* `client` asks for something, after all that was recorded before. Returns the
 * operation's number: 0, 1, 2 ... (at most 2^32 - 1 operations). */
uint32_t sim_history_invoke(struct sim_history *history, uint32_t client,
                            uint64_t time_us,
                            const struct sim_history_request *request);

/* An operation that was not answered so far has its answer. */
void sim_history_return(struct sim_history *history, uint32_t id,
                        uint64_t time_us,
                        const struct sim_history_result *result);

/* An operation that was not answered so far was refused and never took effect
 * nor will. */
void sim_history_fail(struct sim_history *history, uint32_t id);

/* An operation that was not answered so far will not be: it may have taken
 * effect, or may yet, or never. Nothing of the verdict follows from that; but
 * what may still be answered has to be waited for before what came before it
 * can be forgotten. */
void sim_history_give_up(struct sim_history *history, uint32_t id);

/* How many operations were invoked. */
size_t sim_history_count(const struct sim_history *history);

/* An operation that is kept: any that has not ended or has just ended, and
 * without sim_history_keep() all of them. Valid until the next call that
 * changes the history. */
const struct sim_history_operation *
sim_history_get(const struct sim_history *history, uint32_t id);

/* May be NULL. */
void sim_history_free(struct sim_history *history);

/* --- a long history ------------------------------------------------------ */

/* From now on, and before anything else, only about `limit` operations are
 * kept: what came before is judged as the history goes on, key by key, and
 * forgotten. The verdict, and how many operations it is about, are the same;
 * the window of a failure is found among what is kept, and starts, if it has
 * to, with the values that the key could have by then.
 *
 * More are kept of a key while one of its operations waits for its answer for
 * long; of one that too many clients write at once, all the time; and of one
 * that fails. Writes that were given up are kept until they have surely taken
 * effect, which may be never. And some operations are kept of each key. */
void sim_history_keep(struct sim_history *history, size_t limit);

/* How many operations are kept. */
size_t sim_history_kept(const struct sim_history *history);

/* The first operation that is kept and has this number or a higher one; the
 * count of all: none. */
uint32_t sim_history_next(const struct sim_history *history, uint32_t id);

/* How often something was forgotten. */
uint64_t sim_history_forgettings(const struct sim_history *history);

/* Is told values; put this struct first in one of your own. */
struct sim_history_visitor {
    void (*visit)(struct sim_history_visitor *visitor, uint64_t value);
};

/* Tells all values that a verdict may yet be about, some of them often, and
 * perhaps 0. What is not among them is of no register any more. */
void sim_history_each_value(const struct sim_history *history,
                            struct sim_history_visitor *visitor);

/* --- a verdict ----------------------------------------------------------- */

enum sim_linearizability_verdict {
    SIM_LINEARIZABLE,
    SIM_NOT_LINEARIZABLE,
    SIM_LINEARIZABILITY_UNDECIDED, /* a key reached the limit, and no other key
                                      is known to fail */
};

/* So many values that a key may have had at first are told. */
#define SIM_LINEARIZABILITY_FIRST 3u

/* The window of a failure is a small set of returned operations of one key,
 * found like this:
 *
 *   1. End: the shortest prefix of the key's history, by returns, that has no
 *      order. (Where several keys fail, the one whose prefix ends first.) An
 *      operation that is open at the end need not have happened, but if it did,
 *      it did what its later answer says.
 *   2. Start: the latest moment such that what happened from then on has no
 *      order either, whatever the value was then. What had returned by then is
 *      gone, what was open then may have happened before.
 *   3. Operations leave as long as what stays has no order. One that leaves may
 *      have happened, between its invocation and its return, or not.
 *
 * So of the operations in the window each is needed for the contradiction, and
 * all others of the key could help, in their own time, as they like. */
struct sim_linearizability {
    enum sim_linearizability_verdict verdict;
    size_t n_operations; /* judged: all but the failed ones and unanswered reads
                          */
    size_t n_keys;       /* that these are of */
    size_t n_undecided;  /* keys that reached the limit */
    uint64_t work;       /* situations that the search went through, in all */

    /* SIM_NOT_LINEARIZABLE: */
    uint64_t key;
    uint32_t *window; /* operations by invocation */
    size_t n_window;  /* 1 or more */
    bool from_start;  /* the window starts with the history, when the key had no
                         value; if not, with its first operation's invocation,
                         when the key had any value */
    bool from_cut;    /* the window starts where the key's history is kept from,
                         when the key had one of the values `first` */
    uint64_t first[SIM_LINEARIZABILITY_FIRST];
    size_t n_first;    /* of these, the first of which are told */
    bool first_unseen; /* or one that nobody asked about */
    bool smallest; /* false: the limit was reached while the window shrank; it
                      is right, but may be larger than needed */
};

/* Judges the history as far as it goes. A key is given up after `max_work`
 * situations, which take (in words of 8 bytes) a few and one more for each 64
 * of the operations that are open at once; 0 stands for no limit. Each attempt
 * to shrink the window has the same limit. The result is written to `*verdict`,
 * to be freed with sim_linearizability_free(). */
void sim_linearizability_check(const struct sim_history *history,
                               uint64_t max_work,
                               struct sim_linearizability *verdict);

/* How to tell keys and values (never the value 0) to people. Each function
 * returns a text: `text`, filled with at most `size` bytes, or another one that
 * lives as long as the words. To have more to go by, put this struct first in
 * one of your own. */
struct sim_history_words {
    const char *(*key)(const struct sim_history_words *words, uint64_t key,
                       char *text, size_t size);
    const char *(*value)(const struct sim_history_words *words, uint64_t value,
                         char *text, size_t size);
    /* Where a value came from, " (written by client 8)", with a space before
     * it; may be NULL. Said of each value once. */
    const char *(*origin)(const struct sim_history_words *words, uint64_t value,
                          char *text, size_t size);
    /* What those who see the words for the first time should know; may be
     * NULL. */
    const char *legend;
};

/* Tells one operation in one line: "key k3: client 2 wrote v7 through node 1
 * (1.002000 s to 1.010000 s)", "key k3: client 5 read v6 (written by client 8)
 * from node 3 by lease (1.020000 s to 1.021500 s)"; of one without an answer
 * "key k3: client 2 asks to write v7". The rest as with
 * sim_linearizability_describe(), but for the legend. */
const char *sim_history_describe(const struct sim_history *history, uint32_t id,
                                 const struct sim_history_words *words,
                                 char *text, size_t size);

/* Tells the window of a failure in one line: "key k3: client 2 wrote v7
 * (1.002000 s to 1.010000 s), then client 5 read v6 (1.020000 s to 1.021500 s):
 * no order of these explains what they returned". "meanwhile" instead of "then"
 * is said of an operation that was invoked before all those named before it had
 * returned. From a long window the middle is left out. If the last one is a
 * read of a value that had been written before another one was, which somebody
 * knew by then, that is said at the end: "; v6 was old by then: it was written
 * by 0.900000 s, v7 after 1.002000 s". `words` may be NULL: k and v before the
 * number. At most `size` bytes are written, 1 or more, the last a NUL. Returns
 * `text`. */
const char *
sim_linearizability_describe(const struct sim_history *history,
                             const struct sim_linearizability *verdict,
                             const struct sim_history_words *words, char *text,
                             size_t size);

/* Frees what the verdict owns. */
void sim_linearizability_free(struct sim_linearizability *verdict);

#endif
