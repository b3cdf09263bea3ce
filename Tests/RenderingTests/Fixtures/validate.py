"""Validates reports against the published schema.

usage: validate.py SCHEMA REPORT...

Each report must be valid, hold nothing that the schema does not name, and become invalid when any member that the
schema requires is taken away: a schema that accepts everything would pass the first test alone.
"""

import copy
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator


def closed(schema):
    """The schema, refusing members that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if isinstance(result.get("properties"), dict) and "type" in result:
        result["additionalProperties"] = False
    return result


def members(value, path=()):
    """The path of every member of every object."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(value, dict):
            yield path + (key,)
        yield from members(item, path + (key,))


def without(report, path):
    changed = copy.deepcopy(report)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return changed


def main():
    schema = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(closed(schema))
    faults = []
    removed = 0
    for name in sys.argv[2:]:
        report = json.loads(Path(name).read_text(encoding="utf-8"))
        faults += [f"{name}: {error.json_path}: {error.message}" for error in validator.iter_errors(report)]
        for path in members(report):
            removed += 1
            if validator.is_valid(without(report, path)):
                faults.append(f"{name}: still valid without {'.'.join(map(str, path))}")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(sys.argv) - 2} reports are valid, and none of {removed} with a member less")


if __name__ == "__main__":
    main()
