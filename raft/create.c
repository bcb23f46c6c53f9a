/* A node is created from what is durable, whatever a crash left of it, and
 * freed. */
#include <string.h>

#include "raft/internal.h"

/* Which session was closed for one is found out anew. */
static struct raft_entry without_finding(const struct raft_entry *entry)
{
    struct raft_entry copy = *entry;
    copy.verdict = RAFT_FRESH;
    if (copy.kind == RAFT_ENTRY_SESSION) {
        copy.session = 0;
    }
    return copy;
}

static bool is_sound(const struct raft_entry *entry)
{
    struct raft_entry copy = without_finding(entry);
    return raft_entry_is_sound(&copy);
}

static bool entries_in_image_are_sound(const struct raft_image *image)
{
    uint64_t most = RAFT__MAX_COUNTER;
    if (image->n_entries == 0) {
        return true;
    }
    if (image->first_index < 1 || image->first_index > most ||
        image->n_entries > most ||
        image->first_index > image->snapshot.position.index + 1) {
        return false;
    }
    uint64_t term = 1; /* no entry is of term 0 */
    for (uint64_t i = 0; i < image->n_entries; i++) {
        const struct raft_entry *entry = &image->entries[i];
        if (entry->term < term || !is_sound(entry)) {
            return false;
        }
        term = entry->term;
    }
    return term <= image->hard_state.current_term;
}

static bool image_is_sound(const struct raft_image *image)
{
    struct raft__meta meta;
    const struct raft_snapshot *snapshot = &image->snapshot;
    bool has_vote = image->hard_state.voted_for != RAFT_NONE;
    return image->hard_state.current_term < RAFT__MAX_COUNTER &&
           image->hard_state.voted_for <= RAFT_MAX_ID &&
           (!has_vote || image->hard_state.current_term > 0) &&
           raft__meta_decode(snapshot->meta, snapshot->meta_size, &meta) &&
           raft_position_compare(meta.position, snapshot->position) == 0 &&
           snapshot->position.term <= image->hard_state.current_term &&
           entries_in_image_are_sound(image);
}

static bool copy_snapshot(struct raft *raft,
                          const struct raft_snapshot *snapshot)
{
    struct raft__meta meta;
    const size_t most = SIZE_MAX / 4;
    if (snapshot->meta_size == 0) {
        return raft__reserve_peers(raft, 1);
    }
    if (snapshot->meta_size > most || snapshot->image_size > most ||
        !raft__meta_decode(snapshot->meta, snapshot->meta_size, &meta)) {
        return false;
    }
    raft->snapshot =
        raft__blob_new(raft, RAFT__BLOB_HEAD_SIZE + snapshot->meta_size +
                                 snapshot->image_size);
    uint32_t n = (uint32_t)(meta.members_size / RAFT_MEMBER_SIZE);
    if (raft->snapshot == NULL || !raft__reserve_peers(raft, n + 1) ||
        !raft__sessions_reserve(&raft->sessions, meta.n_sessions)) {
        return false;
    }
    raft__blob_fill(raft->snapshot, snapshot);
    raft__sessions_decode(&raft->sessions, meta.sessions);
    return true;
}

/* Whether the image's log agrees with its snapshot; one that does not is void:
 * it was to be truncated. */
static bool log_counts(const struct raft_image *image)
{
    uint64_t index = image->snapshot.position.index;
    uint64_t last = image->first_index + image->n_entries - 1;
    if (image->n_entries == 0 || last < index) {
        return false;
    }
    return index < image->first_index ||
           image->entries[index - image->first_index].term ==
               image->snapshot.position.term;
}

static bool copy_entry(struct raft *raft, const struct raft_entry *entry)
{
    size_t members = entry->size / RAFT_MEMBER_SIZE;
    bool configures = entry->kind == RAFT_ENTRY_CONFIGURATION;
    if (!raft__log_reserve(&raft->log, 1, entry->size) ||
        (configures && !raft__reserve_peers(raft, (uint32_t)members))) {
        return false;
    }
    struct raft_entry copy = without_finding(entry);
    raft__log_append(&raft->log, &copy);
    uint64_t index = raft__log_last_index(&raft->log);
    raft->holds_omitted = raft->holds_omitted || entry->omitted;
    if (index <= raft__snapshot_position(raft).index) {
        return true;
    }
    raft->unapplied_sessions += entry->kind == RAFT_ENTRY_SESSION ? 1 : 0;
    if (configures) {
        if (!raft__grow(
                raft, &raft->configurations, &raft->configurations_capacity,
                raft->n_configurations + 1, sizeof *raft->configurations)) {
            return false;
        }
        raft->configurations[raft->n_configurations] = index;
        raft->n_configurations++;
    }
    return true;
}

/* Where the log begins before the snapshot, the term before its first entry is
 * not known: that entry serves as the base. */
static bool copy_log(struct raft *raft, const struct raft_image *image)
{
    uint64_t first = image->first_index;
    uint64_t skip = 0;
    raft__log_reset(&raft->log, raft__snapshot_position(raft));
    raft->stored_from = raft__snapshot_position(raft).index + 1;
    if (!log_counts(image)) {
        raft->void_log_from = image->n_entries > 0 ? first : 0;
    } else {
        raft->stored_from = first;
        if (first <= raft__snapshot_position(raft).index) {
            raft__log_reset(&raft->log, (struct raft_position){
                                            image->entries[0].term, first});
            skip = 1;
        }
        for (uint64_t i = skip; i < image->n_entries; i++) {
            if (!copy_entry(raft, &image->entries[i])) {
                return false;
            }
        }
    }
    raft->durable_index = raft__log_last_index(&raft->log);
    raft->commit_index = raft__snapshot_position(raft).index;
    raft__configure_from_snapshot(raft);
    return true;
}

enum raft_status raft_new(const struct raft_config *config,
                          const struct raft_image *image,
                          struct raft_allocator *allocator, struct raft **out)
{
    *out = NULL;
    if (raft_config_error(config) != NULL) {
        return RAFT_BAD_CONFIG;
    }
    if (!image_is_sound(image)) {
        return RAFT_BAD_IMAGE;
    }
    struct raft *raft = allocator->resize(allocator, NULL, 0, sizeof *raft);
    if (raft == NULL) {
        return RAFT_NO_MEMORY;
    }
    memset(raft, 0, sizeof *raft);
    raft->allocator = allocator;
    raft->config = *config;
    raft->random_state = config->random_seed;
    raft->reads.last_id = raft__random_between(raft, 0, RAFT__MAX_COUNTER);
    raft->sequence = raft->reads.last_id;
    raft->reads.ready_index = UINT64_MAX;
    raft->reads.until_us = UINT64_MAX;
    raft->hard_state = image->hard_state;
    raft->role = RAFT_FOLLOWER;
    raft->self = RAFT__NO_SELF;
    raft__log_init(&raft->log, allocator);
    raft__sessions_init(&raft->sessions, allocator);
    if (!copy_snapshot(raft, &image->snapshot) || !copy_log(raft, image)) {
        raft_free(raft);
        return RAFT_NO_MEMORY;
    }
    *out = raft;
    return RAFT_OK;
}

static void free_peers(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft__stop_installing(raft, &raft->peers[i]);
    }
    raft__release_peers(raft);
}

void raft_free(struct raft *raft)
{
    if (raft == NULL) {
        return;
    }
    struct raft__outbox *outbox = &raft->outbox;
    free_peers(raft);
    raft__release(raft, outbox->items,
                  outbox->capacity * sizeof *outbox->items);
    raft__release(raft, outbox->offsets,
                  outbox->capacity * sizeof *outbox->offsets);
    raft__release(raft, outbox->bytes, outbox->bytes_capacity);
    raft__release(raft, raft->configurations,
                  raft->configurations_capacity * sizeof *raft->configurations);
    raft__release(raft, raft->reads.items,
                  raft->reads.capacity * sizeof *raft->reads.items);
    raft__release(raft, raft->pending,
                  raft->pending_capacity * sizeof *raft->pending);
    raft__blob_release(raft, raft->snapshot);
    raft__blob_release(raft, raft->incoming);
    raft__blob_release(raft, raft->fresh);
    raft__blob_release(raft, raft->spare);
    raft__sessions_close(&raft->sessions);
    raft__log_close(&raft->log);
    raft->allocator->resize(raft->allocator, raft, sizeof *raft, 0);
}
