#include "tools/sweep_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/artifact.h"
#include "tools/atomic_file.h"
#include "tools/input.h"

static bool is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static bool is_kept_failure(const char *path)
{
    struct stat file;
    struct artifact_text text;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode)) {
        return false;
    }
    char *bytes = artifact_input(path, &text.size);
    text.bytes = bytes;
    bool is = bytes != NULL && artifact_is_one(&text);
    free(bytes);
    return is;
}

static bool check(const char *option, const char *path, const char *const *read,
                  uint32_t n_read)
{
    if (path == NULL || is_stdout(path)) {
        return true;
    }
    for (uint32_t i = 0; i < n_read; i++) {
        if (input_is_same_file(path, read[i])) {
            fprintf(stderr, "raftsim: --%s %s would overwrite what is read\n",
                    option, path);
            return false;
        }
    }
    if (is_kept_failure(path)) {
        fprintf(stderr,
                "raftsim: --%s %s would overwrite a failure that was kept\n",
                option, path);
        return false;
    }
    return atomic_file_probe(path);
}

bool sweep_files_check(const struct sweep_files *files, const char *const *read,
                       uint32_t n_read)
{
    if (files->json != NULL && files->junit != NULL &&
        (strcmp(files->json, files->junit) == 0 ||
         input_is_same_file(files->json, files->junit))) {
        fprintf(stderr, "raftsim: --json and --junit both want %s\n",
                is_stdout(files->json) ? "standard output" : files->json);
        return false;
    }
    return check("json", files->json, read, n_read) &&
           check("junit", files->junit, read, n_read);
}

FILE *sweep_files_out(const struct sweep_files *files)
{
    return is_stdout(files->json) || is_stdout(files->junit) ? stderr : stdout;
}

/* Frees the text. */
static bool write_text(const char *path, char *text)
{
    bool good = true;
    if (is_stdout(path)) {
        good = fputs(text, stdout) >= 0;
    } else {
        good = atomic_file_write(path, text, strlen(text));
    }
    free(text);
    return good;
}

bool sweep_files_write(const struct sweep_files *files,
                       const struct sweep_report *report)
{
    bool good = true;
    if (files->json != NULL) {
        good = write_text(files->json, sweep_report_json(report));
    }
    if (files->junit != NULL) {
        good = write_text(files->junit, sweep_report_junit(report)) && good;
    }
    return sweep_tell_github(report, sweep_files_out(files)) && good;
}
