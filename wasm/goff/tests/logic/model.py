"""Answers of the executable model for cases on standard input, a line of JSON each.

    model.py <folder of the model> < cases.jsonl > answers.jsonl

A case is {"query": text, "context": {...}, "enrichment": {...}}.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True

import flow
import jsonlogic


def integer(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return flow.floats(value)
    number = float(value)
    return int(number) if number == int(number) and -(2**63) <= number < 2**63 else number


def attributes(context, enrichment):
    seen = {name: integer(value) for name, value in context.items()}
    seen.update(flow.floats(enrichment))
    key = context.get("targetingKey")
    seen["anonymous"] = seen.get("anonymous") is True
    seen["key"] = seen["targetingKey"] = key if isinstance(key, str) else ""
    return seen


def answer(case):
    query = case["query"]
    try:
        valid = flow.query_valid(query)
        matches, error = jsonlogic.run(query, attributes(case["context"], case["enrichment"]))
    except Exception as exception:
        return {"crash": repr(exception)}
    return {"valid": valid, "matches": matches, "error": error}


sys.setrecursionlimit(5000)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
