#!/usr/bin/env python3
"""Says what scenarios/schema/scenario.schema.json says of scenario files.

    check_schema.py FILE...   prints "accept FILE" or "reject FILE: why"; exits
                              with 0 if all are accepted, else 1
    check_schema.py --tree    checks the files of the tree against what they
                              are there for: scenarios/ and
                              tests/good_scenarios are accepted,
                              tests/bad_scenarios is rejected, and what stands
                              in its beyond_schema, which no schema can refuse,
                              is accepted. tests/test_scenario.c holds the
                              loader to the same files.

Exits with 2 on wrong usage, and with 77 (skipped) without python3-jsonschema.
The root of the tree is $RAFTSIM_SOURCE, or where this file's folder lies.
"""

import json
import os
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: the package python3-jsonschema is not installed")
    sys.exit(77)

ROOT = pathlib.Path(
    os.environ.get("RAFTSIM_SOURCE", pathlib.Path(__file__).parents[1])
)
FEWEST_BAD = 60


class NotJson(Exception):
    pass


def refuse_constant(name):
    raise NotJson(f"{name} is not JSON")


def check_text(text):
    """No NUL, and no half of a surrogate pair, which is no character."""
    if "\0" in text:
        raise NotJson("a NUL in a string")
    text.encode("utf-8")


def check_strings(value):
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, list):
        for item in value:
            check_strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            check_strings(item)


def load(path):
    """The file's value, if it is JSON by the letter of RFC 8259."""
    text = path.read_bytes().decode("utf-8")
    value = json.loads(text, parse_constant=refuse_constant)
    check_strings(value)
    return value


def new_validator():
    schema = load(ROOT / "scenarios" / "schema" / "scenario.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def why_rejected(validator, path):
    """None if the file is accepted."""
    try:
        value = load(path)
    except (ValueError, RecursionError, NotJson) as error:
        return str(error)
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if error is None:
        return None
    pointer = "".join(f"/{step}" for step in error.absolute_path)
    return f"{pointer}: {error.message}".replace("\n", " ")[:200]


def say(path, reason):
    print(f"accept {path}" if reason is None else f"reject {path}: {reason}")


def check_files(validator, paths):
    rejected = 0
    for path in paths:
        reason = why_rejected(validator, path)
        say(path, reason)
        rejected += reason is not None
    return 1 if rejected else 0


def check_folder(validator, folder, accepted):
    """The numbers of files, and of those with the wrong verdict."""
    paths = sorted((ROOT / folder).glob("*.json"))
    wrong = 0
    for path in paths:
        reason = why_rejected(validator, path)
        if (reason is None) != accepted:
            say(path, reason)
            wrong += 1
    print(
        f"{folder}: {len(paths)} files, {wrong} of them not "
        f"{'accepted' if accepted else 'rejected'}"
    )
    return len(paths), wrong


def check_tree(validator):
    _, wrong = check_folder(validator, "scenarios", True)
    good, also_wrong = check_folder(validator, "tests/good_scenarios", True)
    wrong += also_wrong
    bad, also_wrong = check_folder(validator, "tests/bad_scenarios", False)
    wrong += also_wrong
    wrong += check_folder(
        validator, "tests/bad_scenarios/beyond_schema", True
    )[1]
    if good == 0 or bad < FEWEST_BAD:
        print(f"too few files: {good} good, {bad} of {FEWEST_BAD} bad")
        return 1
    return 1 if wrong else 0


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    validator = new_validator()
    if arguments == ["--tree"]:
        return check_tree(validator)
    return check_files(validator, [pathlib.Path(a) for a in arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
