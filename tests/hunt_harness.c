#include "tests/hunt_harness.h"

static const char prelude[] =
    "mkdir m b\n"
    "cat >worker <<'END'\n"
    "good() { echo "
    "'{\"seed\":\"1\",\"verdict\":\"as_expected\",\"steps\":10}'; }\n"
    "bad() { printf '{\"seed\":\"1\",\"verdict\":\"unexpected\",\"steps\":5,"
    "\"violation\":{\"property\":\"%s\"}}\\n' \"$1\"; }\n"
    "other() { printf '{\"seed\":\"1\",\"verdict\":\"%s\",\"steps\":5,"
    "\"violation\":null}\\n' \"$1\"; }\n"
    "without() { case $ARGS in *\"/nemeses/$1,\"*) true ;; *) false ;;"
    " esac; }\n"
    "first_start() { case $ARGS in *=1000000000000*) true ;; *) false ;;"
    " esac; }\n"
    "END\n"
    "mutant() {\n"
    "    printf 'name: %s\\nhappened: here\\ndefect: It errs.\\nexpected: "
    "%s\\n\\n' \"$1\" \"$2\" >\"m/$1.patch\"\n"
    "    { echo '#!/bin/sh'; echo \". '$dir/worker'\";\n"
    "      echo \"ARGS=\\$(echo \\\"\\$*\\\" | sed 's/ -- /, -- /')\"; cat;\n"
    "    } >\"b/raftsim-$1\"; chmod +x \"b/raftsim-$1\"\n"
    "}\n"
    "cat >s.json <<'END'\n"
    "{\"description\": \"x\", \"duration\": \"1s\", \"nemeses\": [\n"
    "{\"every\": \"300ms\", \"crash\": \"a node\", \"for\": \"50ms\"},\n"
    "{\"every\": \"300ms\", \"isolate\": \"leader\", \"for\": \"50ms\"},\n"
    "{\"every\": \"300ms\", \"pause\": \"leader\", \"chance\": \"0%\"}]}\n"
    "END\n"
    "echo '{\"description\": \"y\", \"duration\": \"1s\"}' >t.json\n"
    "hunt() {\n"
    "    $RAFTSIM hunt --mutants m --build b --scenario s.json -j 2 --starts 2 "
    "--budget 300ms \"$@\"\n"
    "}\n";

void hunt_run_line(const char *line, struct shell_outcome *outcome)
{
    shell_run(prelude, line, outcome);
}

void hunt_expect_all(const struct shell_expectation *list, size_t count)
{
    shell_expect_all(prelude, list, count);
}
