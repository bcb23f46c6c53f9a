/* What libraft asks of a disk and a network. Nothing here waits: writes and
 * messages go into the step's answer, and callbacks are called when the
 * simulator says that a write is durable, or when libraft has returned. */
#include <stdlib.h>
#include <string.h>

#include "tools/nodes/libraft.h"

static struct libraft *self_of(struct raft_io *io)
{
    return io->impl;
}

/* --- the disk ------------------------------------------------------------- */

static void await(struct libraft *self, struct pending pending)
{
    self->pending = sim_answers_grow(self->pending, &self->pending_capacity,
                                     self->n_pending, sizeof *self->pending);
    self->pending[self->n_pending++] = pending;
}

static int io_load(struct raft_io *io, raft_term *term, raft_id *voted_for,
                   struct raft_snapshot **snapshot, raft_index *start_index,
                   struct raft_entry *entries[], size_t *n_entries)
{
    struct libraft *self = self_of(io);
    const struct stored *stored = &self->snapshot;
    *term = self->hard_state.term;
    *voted_for = self->hard_state.vote;
    *entries = self->n_entries == 0 ? NULL : self->entries;
    *n_entries = self->n_entries;
    *start_index = self->n_entries > 0 ? self->answers.first_index
                                       : stored->position.index + 1;
    self->entries = NULL;
    *snapshot = NULL;
    if (stored->position.index == 0) {
        return 0;
    }
    struct raft_snapshot *loaded = raft_calloc(1, sizeof *loaded);
    loaded->index = stored->position.index;
    loaded->term = stored->position.term;
    if (!wire_get_meta(stored->meta.at, stored->meta.size, loaded)) {
        return RAFT_CORRUPT;
    }
    loaded->n_bufs = 1;
    loaded->bufs = raft_malloc(sizeof *loaded->bufs);
    loaded->bufs[0].len = stored->image.size;
    loaded->bufs[0].base = raft_malloc(stored->image.size + 1);
    if (stored->image.size > 0) {
        memcpy(loaded->bufs[0].base, stored->image.at, stored->image.size);
    }
    *snapshot = loaded;
    return 0;
}

static int io_set_term(struct raft_io *io, raft_term term)
{
    struct libraft *self = self_of(io);
    self->hard_state = (struct sim_hard_state){.term = term};
    sim_answers_hard_state(&self->answers, term, SIM_NONE);
    return 0;
}

static int io_set_vote(struct raft_io *io, raft_id server_id)
{
    struct libraft *self = self_of(io);
    self->hard_state.vote = (uint32_t)server_id;
    sim_answers_hard_state(&self->answers, self->hard_state.term,
                           self->hard_state.vote);
    return 0;
}

static int io_append(struct raft_io *io, struct raft_io_append *req,
                     const struct raft_entry entries[], unsigned n,
                     raft_io_append_cb cb)
{
    struct libraft *self = self_of(io);
    for (unsigned i = 0; i < n; i++) {
        sim_answers_append(
            &self->answers,
            &(struct sim_entry){.term = entries[i].term,
                                .data = entries[i].buf.base,
                                .size = (uint32_t)entries[i].buf.len,
                                .kind = libraft_kind(entries[i].type)});
    }
    req->cb = cb;
    await(self,
          (struct pending){.write_id = self->answers.write.id, .append = req});
    return 0;
}

static int io_truncate(struct raft_io *io, raft_index index)
{
    sim_answers_truncate(&self_of(io)->answers, index);
    return 0;
}

/* With nothing behind it, it takes the place of the whole log; else it is of
 * what the log has, of which old entries go. */
static int io_snapshot_put(struct raft_io *io, unsigned trailing,
                           struct raft_io_snapshot_put *req,
                           const struct raft_snapshot *snapshot,
                           raft_io_snapshot_put_cb cb)
{
    struct libraft *self = self_of(io);
    struct stored *next = &self->next_snapshot;
    bytes_free(&next->meta);
    bytes_free(&next->image);
    next->position =
        (struct sim_position){.term = snapshot->term, .index = snapshot->index};
    wire_put_meta(snapshot, &next->meta);
    for (unsigned i = 0; i < snapshot->n_bufs; i++) {
        bytes_put(&next->image, snapshot->bufs[i].base, snapshot->bufs[i].len);
    }
    sim_answers_snapshot(&self->answers,
                         &(struct sim_snapshot){.position = next->position,
                                                .meta = next->meta.at,
                                                .meta_size = next->meta.size,
                                                .image = next->image.at,
                                                .image_size = next->image.size},
                         trailing == 0 ? 0
                         : snapshot->index > trailing
                             ? snapshot->index - trailing + 1
                             : 1);
    req->cb = cb;
    await(self,
          (struct pending){.write_id = self->answers.write.id, .put = req});
    return 0;
}

static void finish_put(struct libraft *self, struct raft_io_snapshot_put *put)
{
    bytes_free(&self->snapshot.meta);
    bytes_free(&self->snapshot.image);
    self->snapshot = self->next_snapshot;
    self->next_snapshot = (struct stored){.position = {0, 0}};
    put->cb(put, 0);
}

void libraft_io_written(struct libraft *self, uint64_t write_id)
{
    while (self->n_pending > 0 && self->pending[0].write_id <= write_id) {
        struct pending pending = self->pending[0];
        self->n_pending--;
        memmove(self->pending, self->pending + 1,
                self->n_pending * sizeof *self->pending);
        if (pending.append != NULL) {
            pending.append->cb(pending.append, 0);
        } else {
            finish_put(self, pending.put);
        }
    }
}

/* --- what is due at once -------------------------------------------------- */

static void schedule(struct libraft *self, struct due due)
{
    self->dues = sim_answers_grow(self->dues, &self->dues_capacity,
                                  self->n_dues, sizeof *self->dues);
    self->dues[self->n_dues++] = due;
}

static int io_snapshot_get(struct raft_io *io, struct raft_io_snapshot_get *req,
                           raft_io_snapshot_get_cb cb)
{
    req->cb = cb;
    schedule(self_of(io), (struct due){.get = req});
    return 0;
}

static void finish_get(struct libraft *self, struct raft_io_snapshot_get *get)
{
    struct raft_snapshot *snapshot = NULL;
    raft_term term;
    raft_id vote;
    raft_index start;
    struct raft_entry *entries = NULL;
    size_t n = 0;
    struct raft_entry *kept = self->entries;
    size_t n_kept = self->n_entries;
    self->n_entries = 0;
    int status =
        io_load(&self->io, &term, &vote, &snapshot, &start, &entries, &n);
    self->entries = kept;
    self->n_entries = n_kept;
    get->cb(get, snapshot,
            status == 0 && snapshot == NULL ? RAFT_NOTFOUND : status);
}

void libraft_io_settle(struct libraft *self)
{
    for (size_t i = 0; i < self->n_dues; i++) {
        struct due due = self->dues[i];
        if (due.send != NULL) {
            if (due.send->cb != NULL) { /* a transfer does not ask for it */
                due.send->cb(due.send, 0);
            }
        } else {
            finish_get(self, due.get);
        }
    }
    self->n_dues = 0;
}

/* --- the network ---------------------------------------------------------- */

/* To server 0 as well, if libraft answers a leader that it knows no more: that
 * breaks the contract and ends the run. Its own back end would not survive it.
 * A candidate takes the pointer to its votes for that leader, who is 0 here: a
 * run has to repeat. */
static int io_send(struct raft_io *io, struct raft_io_send *req,
                   const struct raft_message *message, raft_io_send_cb cb)
{
    struct libraft *self = self_of(io);
    struct bytes bytes = {NULL, 0, 0};
    raft_id to = message->server_id;
    wire_encode(message, &bytes);
    sim_answers_send(&self->answers,
                     to > SIM_MAX_NODES ? SIM_NONE : (uint32_t)to, bytes.at,
                     bytes.size);
    bytes_free(&bytes);
    req->cb = cb;
    schedule(self, (struct due){.send = req});
    return 0;
}

/* --- clock and luck ------------------------------------------------------- */

static int io_start(struct raft_io *io, unsigned msecs, raft_io_tick_cb tick,
                    raft_io_recv_cb recv)
{
    struct libraft *self = self_of(io);
    self->tick = tick;
    self->recv = recv;
    self->tick_us = (uint64_t)msecs * 1000;
    return 0;
}

static raft_time io_time(struct raft_io *io)
{
    return self_of(io)->now_us / 1000;
}

/* A number from `min` to `max`, both included. (xorshift*, G. Marsaglia and
 * S. Vigna.) */
static int io_random(struct raft_io *io, int min, int max)
{
    struct libraft *self = self_of(io);
    uint64_t x = self->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    self->random = x;
    uint64_t number = (x * UINT64_C(0x2545F4914F6CDD1D)) >> 33;
    return min + (int)(number % (uint64_t)(max - min + 1));
}

/* --- what is never asked for ---------------------------------------------- */

static int io_init(struct raft_io *io, raft_id id, const char *address)
{
    (void)io;
    (void)id;
    (void)address;
    return 0;
}

static void io_close(struct raft_io *io, raft_io_close_cb cb)
{
    if (cb != NULL) {
        cb(io);
    }
}

static int io_bootstrap(struct raft_io *io,
                        const struct raft_configuration *conf)
{
    (void)io;
    (void)conf;
    return RAFT_CANTBOOTSTRAP;
}

void libraft_io_init(struct libraft *self)
{
    self->io = (struct raft_io){
        .version = 1,
        .impl = self,
        .init = io_init,
        .close = io_close,
        .load = io_load,
        .start = io_start,
        .bootstrap = io_bootstrap,
        .recover = io_bootstrap,
        .set_term = io_set_term,
        .set_vote = io_set_vote,
        .send = io_send,
        .append = io_append,
        .truncate = io_truncate,
        .snapshot_put = io_snapshot_put,
        .snapshot_get = io_snapshot_get,
        .time = io_time,
        .random = io_random,
    };
}
