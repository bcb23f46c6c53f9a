#include "tests/raft_harness_internal.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- blocks --------------------------------------------------------------- */

void *harness__copy(const void *bytes, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);
    assert(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void *harness__grow(void *block, size_t size)
{
    void *new = realloc(block, size);
    assert(new != NULL);
    return new;
}

static void release(const void *block)
{
    free((void *)(uintptr_t)block);
}

static struct raft_entry copy_entry(const struct raft_entry *entry)
{
    struct raft_entry copy = *entry;
    assert((entry->size == 0) == (entry->data == NULL));
    copy.data =
        entry->size == 0 ? NULL : harness__copy(entry->data, entry->size);
    return copy;
}

struct raft_entry *harness__copy_entries(const struct raft_entry *entries,
                                         uint64_t n_entries)
{
    struct raft_entry *copy =
        malloc(((size_t)n_entries + (size_t)1) * sizeof *copy);
    assert(copy != NULL);
    for (uint64_t i = 0; i < n_entries; i++)
        copy[i] = copy_entry(&entries[i]);
    return copy;
}

void harness__free_entries(const struct raft_entry *entries, uint64_t n_entries)
{
    for (uint64_t i = 0; i < n_entries; i++)
        release(entries[i].data);
    release(entries);
}

struct raft_snapshot harness__copy_snapshot(const struct raft_snapshot *from)
{
    struct raft_snapshot copy = *from;
    copy.meta = harness__copy(from->meta, from->meta_size);
    copy.image = harness__copy(from->image, from->image_size);
    return copy;
}

void harness__free_snapshot(const struct raft_snapshot *snapshot)
{
    release(snapshot->meta);
    release(snapshot->image);
}

/* --- the log -------------------------------------------------------------- */

static void log_append(struct harness_log *log, const struct raft_entry *entry,
                       uint64_t write_id)
{
    if (log->count == log->capacity) {
        log->capacity = 2 * log->capacity + 16;
        log->entries = harness__grow(log->entries, (size_t)log->capacity *
                                                       sizeof *log->entries);
        log->write_ids = harness__grow(
            log->write_ids, (size_t)log->capacity * sizeof *log->write_ids);
    }
    log->entries[log->count] = copy_entry(entry);
    log->write_ids[log->count] = write_id;
    log->count++;
}

static void log_truncate(struct harness_log *log, uint64_t count)
{
    while (log->count > count)
        release(log->entries[--log->count].data);
}

static void log_drop(struct harness_log *log, uint64_t n)
{
    assert(n <= log->count);
    if (n == 0)
        return;
    log->base = (struct raft_position){log->entries[n - 1].term,
                                       log->first_index + n - 1};
    for (uint64_t i = 0; i < n; i++)
        release(log->entries[i].data);
    log->count -= n;
    log->first_index += n;
    memmove(log->entries, log->entries + n,
            (size_t)log->count * sizeof *log->entries);
    memmove(log->write_ids, log->write_ids + n,
            (size_t)log->count * sizeof *log->write_ids);
}

/* An emptied log goes on after the snapshot. */
static void log_restart(struct harness_disk *disk)
{
    disk->log.base = disk->snapshot.position;
    disk->log.first_index = disk->snapshot.position.index + 1;
}

/* --- the disk ------------------------------------------------------------- */

void harness__disk_free(struct harness_disk *disk)
{
    harness__free_snapshot(&disk->snapshot);
    log_truncate(&disk->log, 0);
    free(disk->log.entries);
    free(disk->log.write_ids);
    *disk = (struct harness_disk){.snapshot = {.meta_size = 0}};
}

void harness__disk_put_snapshot(struct harness_disk *disk,
                                const struct raft_snapshot *snapshot)
{
    struct raft_snapshot old = disk->snapshot;
    disk->snapshot = harness__copy_snapshot(snapshot);
    harness__free_snapshot(&old);
    if (disk->log.count == 0)
        log_restart(disk);
}

void harness__disk_put_entries(struct harness_disk *disk, uint64_t first_index,
                               const struct raft_entry *entries, uint64_t n)
{
    log_truncate(&disk->log, 0);
    log_restart(disk);
    if (n > 0 && first_index != disk->log.first_index) {
        disk->log.first_index = first_index;
        disk->log.base = (struct raft_position){0, first_index - 1};
    }
    for (uint64_t i = 0; i < n; i++)
        log_append(&disk->log, &entries[i], 0);
}

void harness__disk_load(struct harness_disk *to,
                        const struct harness_disk *from)
{
    harness__disk_free(to);
    to->hard_state = from->hard_state;
    harness__disk_put_snapshot(to, &from->snapshot);
    harness__disk_put_entries(to, from->log.first_index, from->log.entries,
                              from->log.count);
}

static void truncate_from(struct harness_disk *disk,
                          const struct raft_write *write)
{
    struct harness_log *log = &disk->log;
    assert(write->truncate_from <= log->first_index + log->count);
    assert(log->count == 0 || write->truncate_from >= log->first_index);
    if (write->truncate_from > log->first_index) {
        log_truncate(log, write->truncate_from - log->first_index);
        return;
    }
    log_truncate(log, 0);
    log_restart(disk);
    if (write->has_snapshot)
        log->base_write = write->id;
}

uint64_t harness__disk_write(struct harness_disk *disk,
                             const struct raft_write *write, uint64_t n_parts)
{
    struct harness_log *log = &disk->log;
    uint64_t done = 0;
    if (write->has_hard_state && done < n_parts) {
        disk->hard_state = write->hard_state;
        done++;
    }
    if (write->has_snapshot && done < n_parts) {
        harness__disk_put_snapshot(disk, &write->snapshot);
        disk->snapshot_write = write->id;
        if (log->count == 0)
            log->base_write = write->id;
        done++;
    }
    if (write->truncate_from > 0 && done < n_parts) {
        truncate_from(disk, write);
        done++;
    }
    if (write->drop_before > 0 && done < n_parts) {
        if (write->drop_before > log->first_index)
            log_drop(log, write->drop_before - log->first_index);
        done++;
    }
    for (uint32_t i = 0; i < write->n_entries && done < n_parts; i++, done++) {
        assert(write->first_index + i == log->first_index + log->count);
        log_append(log, &write->entries[i], write->id);
    }
    return done;
}

/* --- looking -------------------------------------------------------------- */

struct raft_position harness__disk_last(const struct harness_disk *disk)
{
    const struct harness_log *log = &disk->log;
    if (log->count == 0)
        return log->base;
    return (struct raft_position){log->entries[log->count - 1].term,
                                  log->first_index + log->count - 1};
}

const struct raft_entry *harness__disk_entry(const struct harness_disk *disk,
                                             uint64_t index)
{
    const struct harness_log *log = &disk->log;
    if (index < log->first_index || index - log->first_index >= log->count)
        return NULL;
    return &log->entries[index - log->first_index];
}

uint64_t harness__disk_term(const struct harness_disk *disk, uint64_t index)
{
    const struct raft_entry *entry = harness__disk_entry(disk, index);
    if (entry != NULL)
        return entry->term;
    if (index == disk->snapshot.position.index)
        return disk->snapshot.position.term;
    return index == disk->log.base.index ? disk->log.base.term : 0;
}

bool harness__disk_is_void(const struct harness_disk *disk)
{
    struct raft_position place = disk->snapshot.position;
    const struct raft_entry *there = harness__disk_entry(disk, place.index);
    if (disk->log.count == 0)
        return false;
    return harness__disk_last(disk).index < place.index ||
           (there != NULL && there->term != place.term);
}

uint64_t harness__disk_needs(const struct harness_disk *disk, uint64_t index)
{
    const struct harness_log *log = &disk->log;
    if (harness__disk_entry(disk, index) != NULL)
        return log->write_ids[index - log->first_index];
    return log->base_write;
}

/* --- snapshots' metas ----------------------------------------------------- */

enum { HEAD_SIZE = 40, SESSION_SIZE = 24 };

static uint64_t get(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static void put(uint8_t *bytes, uint64_t value)
{
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

size_t harness_meta(struct raft_position position,
                    struct raft_position configuration,
                    const struct raft_member *members, uint32_t n_members,
                    uint8_t *bytes)
{
    size_t size = HEAD_SIZE + n_members * RAFT_MEMBER_SIZE;
    put(bytes, position.term);
    put(bytes + 8, position.index);
    put(bytes + 16, configuration.term);
    put(bytes + 24, configuration.index);
    put(bytes + 32, n_members);
    raft_configuration_encode(members, n_members, bytes + HEAD_SIZE);
    put(bytes + size, 0); /* no sessions */
    return size + 8;
}

uint8_t *harness_travel_form(const struct raft_snapshot *snapshot, bool witness,
                             size_t *size)
{
    size_t image_size = witness ? 0 : snapshot->image_size;
    *size = 8 + snapshot->meta_size + image_size;
    uint8_t *bytes = malloc(*size);
    assert(bytes != NULL);
    put(bytes, snapshot->meta_size);
    if (snapshot->meta_size > 0)
        memcpy(bytes + 8, snapshot->meta, snapshot->meta_size);
    if (image_size > 0)
        memcpy(bytes + 8 + snapshot->meta_size, snapshot->image, image_size);
    return bytes;
}

struct raft_position harness__meta_position(const uint8_t *meta)
{
    return (struct raft_position){get(meta, 8), get(meta + 8, 8)};
}

struct harness_session *harness__meta_sessions(const uint8_t *meta, size_t size,
                                               size_t *n)
{
    *n = 0;
    if (size == 0)
        return harness__copy(NULL, 0);
    assert(size >= HEAD_SIZE + 8);
    const uint8_t *at =
        meta + HEAD_SIZE + (size_t)get(meta + 32, 8) * RAFT_MEMBER_SIZE;
    *n = (size_t)get(at, 4);
    assert(at + 8 + *n * SESSION_SIZE == meta + size);
    struct harness_session *sessions = malloc((*n + 1) * sizeof *sessions);
    assert(sessions != NULL);
    for (size_t i = 0; i < *n; i++) {
        const uint8_t *session = at + 8 + i * SESSION_SIZE;
        sessions[i] = (struct harness_session){
            get(session, 8), get(session + 8, 8), get(session + 16, 8)};
    }
    return sessions;
}

struct raft_position harness__disk_members(const struct harness_disk *disk,
                                           uint64_t index,
                                           struct raft_member *members,
                                           uint32_t *n)
{
    const struct raft_snapshot *snapshot = &disk->snapshot;
    bool sound;
    for (; index > snapshot->position.index; index--) {
        const struct raft_entry *entry = harness__disk_entry(disk, index);
        if (entry == NULL || entry->kind != RAFT_ENTRY_CONFIGURATION)
            continue;
        sound = raft_configuration_decode(entry->data, entry->size, members, n);
        assert(sound);
        return (struct raft_position){entry->term, index};
    }
    sound = raft_meta_members(snapshot->meta, snapshot->meta_size, members, n);
    assert(sound);
    if (snapshot->meta_size == 0)
        return (struct raft_position){0, 0};
    return harness__meta_position(snapshot->meta + 16);
}
