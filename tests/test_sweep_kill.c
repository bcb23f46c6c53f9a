/* A sweep that is killed loses no failure that it told: each has left a file,
 * whole, before. */
#define _POSIX_C_SOURCE 200809L

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/prng.h"

#define KILLS 50u
#define MAX_TEXT 65536u

static void enter_new_folder(void)
{
    static char folder[] = "/tmp/raftsim-kill-XXXXXX";
    static const char scenario[] =
        "{\"description\": \"y\", \"duration\": \"1s\", \"expect\":"
        " {\"commits_at_least\": 50}}\n";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    FILE *file = fopen("some.json", "w");
    cr_assert_not_null(file);
    fputs(scenario, file);
    fclose(file);
}

/* A sweep of its own folder for failures. It may be killed before it opens its
 * output: then there is none of an earlier one. */
static pid_t sweep(const char *out, const char *failures)
{
    unlink(out);
    pid_t pid = fork();
    cr_assert_neq(pid, -1);
    if (pid == 0) {
        int file = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int nothing = open("/dev/null", O_WRONLY);
        dup2(file, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
        execl(getenv("RAFTSIM"), getenv("RAFTSIM"), "sweep", "some.json",
              "--seeds", "1..100000000", "-j", "3", "--failures", failures,
              (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void wait_ms(uint64_t ms)
{
    struct timespec delay = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&delay, NULL);
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

/* How long the first failure takes here. */
static uint64_t first_failure_ms(void)
{
    struct stat file;
    uint64_t ms = 1;
    pid_t pid = sweep("out", "failures");
    while (stat("out", &file) != 0 || file.st_size == 0) {
        wait_ms(1);
        ms++;
        cr_assert_lt(ms, 60000);
    }
    end(pid);
    return ms;
}

static size_t read_file(const char *path, char text[MAX_TEXT])
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    size_t size = fread(text, 1, MAX_TEXT - 1, file);
    text[size] = '\0';
    fclose(file);
    return size;
}

/* Each whole line of the output names a failure; how many. */
static unsigned expect_files(const char *out, const char *failures)
{
    static char text[MAX_TEXT], artifact[MAX_TEXT];
    unsigned count = 0;
    if (read_file(out, text) == 0) {
        return 0;
    }
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL;
         line = end + 1) {
        unsigned long seed = 0;
        char path[64];
        *end = '\0';
        cr_expect_eq(sscanf(line, "some.json, seed %lu:", &seed), 1, "%s",
                     line);
        snprintf(path, sizeof path, "%s/some-%lu.json", failures, seed);
        cr_expect_gt(read_file(path, artifact), 0, "lost: %s", line);
        count++;
    }
    return count;
}

/* What lies there under a name that counts is whole. */
static void expect_whole(const char *failures)
{
    static char text[MAX_TEXT];
    DIR *folder = opendir(failures);
    if (folder == NULL) {
        return; /* killed before the first */
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[512];
        size_t size = strlen(entry->d_name);
        if (size < 5 || strcmp(entry->d_name + size - 5, ".json") != 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%.300s", failures, entry->d_name);
        read_file(path, text);
        cJSON *object = cJSON_Parse(text);
        cr_expect(cJSON_IsObject(object), "%s is not whole", path);
        cr_expect_not_null(cJSON_GetObjectItem(object, "seed"));
        cJSON_Delete(object);
    }
    closedir(folder);
}

/* At random moments, from its first on until some dozen failures were told. */
Test(sweep_kill, loses_no_failure)
{
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_CLIENT, 0, 0);
    unsigned told = 0;
    enter_new_folder();
    uint64_t longest_ms = 8 * first_failure_ms();
    for (unsigned i = 0; i < KILLS; i++) {
        char failures[32];
        snprintf(failures, sizeof failures, "failures-%u", i);
        pid_t pid = sweep("out", failures);
        wait_ms(sim_prng_below(&prng, longest_ms));
        end(pid);
        told += expect_files("out", failures);
        expect_whole(failures);
    }
    cr_expect_gt(told, 10);
    cr_expect_eq(system("rm -r \"$PWD\""), 0);
}
