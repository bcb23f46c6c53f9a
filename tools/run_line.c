#include "tools/run_line.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "tools/options.h"

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* Numbers above 2^53 would lose digits in cJSON; a run has fewer steps. */
static bool read_number(const cJSON *object, const char *key, uint64_t *number)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 ||
        item->valuedouble > 9007199254740992.0) {
        return false;
    }
    *number = (uint64_t)item->valuedouble;
    return true;
}

static bool read_what(const cJSON *object, const char *verdict,
                      struct run_line *line)
{
    const cJSON *violation =
        cJSON_GetObjectItemCaseSensitive(object, "violation");
    const char *what = verdict;
    if (strcmp(verdict, "unexpected") == 0) {
        what = cJSON_IsObject(violation) ? text_of(violation, "property")
                                         : "expectation";
    }
    if (what == NULL || strlen(what) >= sizeof line->what) {
        return false;
    }
    snprintf(line->what, sizeof line->what, "%s", what);
    return true;
}

/* Leaves `text` empty where there is no such string; a longer one is cut off.
 */
static void copy_text(const cJSON *object, const char *key, char *text,
                      size_t room)
{
    const char *found = text_of(object, key);
    snprintf(text, room, "%s", found != NULL ? found : "");
}

static bool read_object(const cJSON *object, struct run_line *line)
{
    const char *seed = text_of(object, "seed");
    const char *verdict = text_of(object, "verdict");
    if (seed == NULL || verdict == NULL || !options_number(seed, &line->seed) ||
        !read_number(object, "steps", &line->steps)) {
        return false;
    }
    line->good = strcmp(verdict, "as_expected") == 0;
    line->decided = strcmp(verdict, "interrupted") != 0;
    copy_text(object, "hash", line->hash, sizeof line->hash);
    copy_text(object, "problem", line->problem, sizeof line->problem);
    const cJSON *difference =
        cJSON_GetObjectItemCaseSensitive(object, "difference");
    copy_text(difference != NULL
                  ? difference
                  : cJSON_GetObjectItemCaseSensitive(object, "violation"),
              "text", line->detail, sizeof line->detail);
    return line->good || read_what(object, verdict, line);
}

bool run_line_read(const char *text, size_t size, struct run_line *line)
{
    *line = (struct run_line){0};
    if (memchr(text, '\0', size) != NULL) {
        return false;
    }
    cJSON *object = cJSON_ParseWithOpts(text, NULL, 1);
    bool good = cJSON_IsObject(object) && read_object(object, line);
    cJSON_Delete(object);
    return good;
}

static void join(const cJSON *list, char *text, size_t room)
{
    const cJSON *item;
    size_t size = 0;
    text[0] = '\0';
    cJSON_ArrayForEach(item, list)
    {
        const char *word = cJSON_GetStringValue(item);
        if (word != NULL && size < room) {
            size += (size_t)snprintf(text + size, room - size, "%s%s",
                                     size > 0 ? ", " : "", word);
        }
    }
}

bool run_line_read_figures(const char *text, struct run_line_figures *figures,
                           struct run_line_features *features)
{
    *figures = (struct run_line_figures){0};
    const struct {
        const char *key;
        uint64_t *number;
    } all[] = {
        {"observed_us", &figures->observed_us},
        {"leaders_elected", &figures->elections},
        {"commits", &figures->commits},
        {"messages_sent", &figures->messages},
        {"bytes_sent", &figures->bytes},
        {"leaderless_us", &figures->leaderless_us},
        {"recoveries", &figures->recoveries},
        {"recovery_us", &figures->recovery_us},
        {"longest_recovery_us", &figures->longest_recovery_us},
    };
    cJSON *object = cJSON_ParseWithOpts(text, NULL, 1);
    bool good = cJSON_IsObject(object);
    for (size_t i = 0; good && i < sizeof all / sizeof *all; i++) {
        good = read_number(object, all[i].key, all[i].number);
    }
    figures->violated =
        cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(object, "violation"));
    join(cJSON_GetObjectItemCaseSensitive(object, "lacks"), features->lacks,
         sizeof features->lacks);
    join(cJSON_GetObjectItemCaseSensitive(object, "is_without"),
         features->is_without, sizeof features->is_without);
    cJSON_Delete(object);
    return good;
}

/* A run that goes on beyond the end of its recording has not parted from it. */
static bool read_replay(const cJSON *item, struct run_line_replay *replay)
{
    const char *end = text_of(item, "end");
    if (end == NULL || strlen(end) >= sizeof replay->end) {
        return false;
    }
    snprintf(replay->end, sizeof replay->end, "%s", end);
    replay->parted = text_of(item, "recorded") != NULL;
    return !replay->parted ||
           read_number(item, "parted_at_step", &replay->parted_at);
}

bool run_line_read_replay(const char *text, struct run_line_replay *replay)
{
    *replay = (struct run_line_replay){.parted = false};
    cJSON *object = cJSON_ParseWithOpts(text, NULL, 1);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "replay");
    bool good = item != NULL && read_replay(item, replay);
    cJSON_Delete(object);
    return good;
}
