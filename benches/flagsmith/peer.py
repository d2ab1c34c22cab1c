"""The vendor's client beside ours: answers requests, a line of JSON each, with a line of JSON.

    peer.py DIRECTORY

    {"do": "describe", "document": "A"}                                 {"version", "segments", "of_identities", ...}
    {"do": "answers", "document": "A"}                                  by identity: {flag: [enabled, value]}
    {"do": "flag", "document": "A", "flag": "feature_0000", "calls": n} {"p50": nanoseconds}
    {"do": "all", "document": "A", "calls": n}                          {"p50": nanoseconds}
    {"do": "segments", "document": "A", "calls": n}                     {"p50": nanoseconds}
    {"do": "refresh", "document": "A", "calls": n}                      {"cpu": nanoseconds of one}

A flag is asked for as its lazy path has it, `get_identity_flags(identifier, traits).is_feature_enabled(flag)`; no network.
"""

import importlib.metadata
import json
import sys
import time
from pathlib import Path

from flagsmith import Flagsmith
from flagsmith.offline_handlers import LocalFileHandler

DIRECTORY = Path(sys.argv[1])
CLIENTS = {}


def questions(document):
    return json.loads((DIRECTORY / f"{document}.questions.json").read_text())


def client(document):
    """The client of a document, and the identities that it is asked about."""
    if document not in CLIENTS:
        handler = LocalFileHandler(str(DIRECTORY / f"{document}.json"))
        identities = [(one["identifier"], one["traits"]) for one in questions(document)["identities"]]
        CLIENTS[document] = Flagsmith(offline_mode=True, offline_handler=handler), identities
    return CLIENTS[document]


def timer_cost():
    costs = []
    for _ in range(20_001):
        start = time.perf_counter_ns()
        costs.append(time.perf_counter_ns() - start)
    return sorted(costs)[len(costs) // 2]


TIMER = timer_cost()


def p50(calls, call, identities):
    for number in range(calls // 10):
        call(*identities[number % len(identities)])
    times = []
    for number in range(calls):
        identifier, traits = identities[number % len(identities)]
        start = time.perf_counter_ns()
        call(identifier, traits)
        times.append(time.perf_counter_ns() - start)
    return {"p50": sorted(times)[calls // 2] - TIMER}


def describe(document, **_):
    """How many segments, and groups of identities, override the flags that are measured."""
    own, asked = client(document)[0], questions(document)
    index = own._segment_overrides_index
    told = {name: len(index.get(flag, {})) for name, flag in asked.items() if name != "identities"}
    told["segments"] = len(json.loads((DIRECTORY / f"{document}.json").read_text())["project"]["segments"])
    return told | {"version": importlib.metadata.version("flagsmith"), "engine": importlib.metadata.version("flagsmith-flag-engine")}


def answers(document, **_):
    own, identities = client(document)
    told = {}
    for identifier, traits in identities:
        flags = {flag.feature_name: [flag.enabled, flag.value] for flag in own.get_identity_flags(identifier, traits).all_flags()}
        # What the lazy path says, which the flags that are measured alone are compared with.
        for name, flag in questions(document).items():
            if name != "identities":
                lazy = own.get_identity_flags(identifier, traits).get_flag(flag)
                assert flags[flag] == [lazy.enabled, lazy.value], flag
        told[identifier] = flags
    return told


def flag(document, flag, calls, **_):
    own, identities = client(document)
    return p50(calls, lambda identifier, traits: own.get_identity_flags(identifier, traits).is_feature_enabled(flag), identities)


def all(document, calls, **_):
    own, identities = client(document)
    return p50(calls, lambda identifier, traits: own.get_identity_flags(identifier, traits).all_flags(), identities)


def segments(document, calls, **_):
    own, identities = client(document)
    return p50(calls, own.get_identity_segments, identities)


def refresh(document, calls, **_):
    """What a poll does when the bytes have arrived: parsing, mapping, indexing."""
    from flagsmith.mappers import map_environment_document_to_context

    own, text = client(document)[0], (DIRECTORY / f"{document}.json").read_bytes()
    start = time.thread_time_ns()
    for _ in range(calls):
        own._evaluation_context = map_environment_document_to_context(json.loads(text))
    return {"cpu": (time.thread_time_ns() - start) / calls}


DO = {"describe": describe, "answers": answers, "flag": flag, "all": all, "segments": segments, "refresh": refresh}

for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(DO[request["do"]](**request)), flush=True)
