"""Evaluates one rule of three conditions with Pennon and with its peers, called from Python.

    peers.py LIBRARY RELAY

LIBRARY is libpennon.so, RELAY the relay proxy that tests/relay/build.sh builds. Each engine gets the same rule (plan, age and
country), a context of ten attributes beside the key, and the same count of evaluations; rounds of all engines take turns, and the
median round counts. Calls go through Python for all of them: Pennon's through ctypes, the slowest way into C that Python has.
"""

import ctypes
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 15
EVALUATIONS = 2000

ATTRIBUTES = {
    "email": "john.doe@example.com",
    "plan": "pro",
    "age": 31,
    "country": "IT",
    "version": "2.3.4",
    "agent": "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/120.0",
    "id": "id-0250",
    "company": "acme",
    "size": 120,
    "beta": True,
}
KEY = "d45e303a-38c2-11ed-a261-000000000001"

GOFF = {
    "flag": {
        "variations": {"on": True, "off": False},
        "targeting": [
            {"query": 'plan eq "pro" and age gt 18 and country in ["DE","FR","IT"]', "variation": "on"}
        ],
        "defaultRule": {"variation": "off"},
    }
}


def pennon(library, **options_of_ours):
    """Pennon through ctypes: with a context made for each evaluation, and with one that is kept."""
    lib = ctypes.CDLL(library)
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    lib.pennon_options_from_json.argtypes = [text, size, ctypes.POINTER(pointer), ctypes.POINTER(pointer)]
    lib.pennon_client_create.argtypes = [pointer, ctypes.POINTER(pointer), ctypes.POINTER(pointer)]
    lib.pennon_context_from_json.argtypes = [text, size, ctypes.POINTER(pointer), ctypes.POINTER(pointer)]
    lib.pennon_context_free.argtypes = [pointer]
    lib.pennon_context_free.restype = None
    lib.pennon_client_get_bool.argtypes = [pointer, text, size, pointer, ctypes.c_int32]
    lib.pennon_client_get_bool.restype = ctypes.c_bool
    options, client = pointer(), pointer()
    document = json.dumps({"service": "goff", "ruleset": GOFF, **options_of_ours}).encode()
    assert lib.pennon_options_from_json(document, len(document), ctypes.byref(options), None) == 0
    assert lib.pennon_client_create(options, ctypes.byref(client), None) == 0

    def context():
        made = pointer()
        encoded = json.dumps({"targetingKey": KEY, **ATTRIBUTES}).encode()
        assert lib.pennon_context_from_json(encoded, len(encoded), ctypes.byref(made), None) == 0
        return made

    kept = context()

    def reused():
        return lib.pennon_client_get_bool(client, b"flag", 4, kept, 0)

    def made_each_time():
        made = context()
        value = lib.pennon_client_get_bool(client, b"flag", 4, made, 0)
        lib.pennon_context_free(made)
        return value

    return reused, made_each_time


def vendor_module():
    """The module that GO Feature Flag's provider brings."""
    import gofeatureflag_python_provider

    folder = os.path.join(os.path.dirname(gofeatureflag_python_provider.__file__), "wasm")
    return next(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".wasi"))


def goff(relay):
    """GO Feature Flag's own provider, with its WebAssembly module, behind OpenFeature; its flags come from a relay."""
    from gofeatureflag_python_provider.options import GoFeatureFlagOptions
    from gofeatureflag_python_provider.provider import GoFeatureFlagProvider
    from openfeature import api
    from openfeature.evaluation_context import EvaluationContext

    folder = tempfile.mkdtemp()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags, config = os.path.join(folder, "flags.json"), os.path.join(folder, "proxy.json")
    with open(flags, "w") as file:
        json.dump(GOFF, file)
    with open(config, "w") as file:
        json.dump(
            {
                "server": {"mode": "http", "host": "127.0.0.1", "port": port},
                "pollingInterval": 60000,
                "hideBanner": True,
                "retriever": {"kind": "file", "path": flags},
            },
            file,
        )
    process = subprocess.Popen([relay, "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            break
        except OSError:
            time.sleep(0.05)
    options = GoFeatureFlagOptions(endpoint=f"http://127.0.0.1:{port}", disable_data_collection=True)
    api.set_provider_and_wait(GoFeatureFlagProvider(options=options))
    client = api.get_client()
    context = EvaluationContext(KEY, ATTRIBUTES)
    return (lambda: client.get_boolean_value("flag", False, context)), process


def eppo():
    """Eppo's SDK: Rust behind pyo3."""
    import eppo_client
    from eppo_client import AssignmentLogger, ClientConfig, Configuration

    conditions = [
        {"attribute": "plan", "operator": "ONE_OF", "value": ["pro"]},
        {"attribute": "age", "operator": "GT", "value": 18},
        {"attribute": "country", "operator": "ONE_OF", "value": ["DE", "FR", "IT"]},
    ]
    flag = {
        "key": "flag",
        "enabled": True,
        "variationType": "BOOLEAN",
        "variations": {"on": {"key": "on", "value": True}},
        "allocations": [
            {
                "key": "rule",
                "rules": [{"conditions": conditions}],
                "splits": [{"variationKey": "on", "shards": []}],
                "doLog": False,
            }
        ],
        "totalShards": 10000,
    }
    document = {
        "format": "SERVER",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "environment": {"name": "Test"},
        "flags": {"flag": flag},
    }
    client = eppo_client.init(
        ClientConfig(
            api_key="none",
            base_url="http://127.0.0.1:1",
            assignment_logger=AssignmentLogger(),
            poll_interval_seconds=None,
            initial_configuration=Configuration(flags_configuration=json.dumps(document).encode()),
        )
    )
    return lambda: client.get_boolean_assignment("flag", KEY, ATTRIBUTES, False)


def statsig():
    """Statsig's core: Rust behind pyo3, its specs from a data store, without network and logging."""
    from statsig_python_core import DataStore, DataStoreResponse, Statsig, StatsigOptions, StatsigUser

    def condition(operator, field, target):
        return {
            "type": "user_field",
            "operator": operator,
            "field": field,
            "targetValue": target,
            "additionalValues": {},
            "isDeviceBased": False,
            "idType": "userID",
        }

    gate = {
        "type": "feature_gate",
        "entity": "feature_gate",
        "salt": "salt",
        "enabled": True,
        "defaultValue": False,
        "idType": "userID",
        "version": 1,
        "rules": [
            {
                "name": "rule",
                "id": "rule",
                "salt": "salt",
                "passPercentage": 100,
                "conditions": ["plan", "age", "country"],
                "returnValue": True,
                "idType": "userID",
            }
        ],
    }
    specs = {
        "has_updates": True,
        "time": 1,
        "company_id": "none",
        "feature_gates": {"flag": gate},
        "dynamic_configs": {},
        "layer_configs": {},
        "layers": {},
        "experiment_to_layer": {},
        "condition_map": {
            "plan": condition("any", "plan", ["pro"]),
            "age": condition("gt", "age", 18),
            "country": condition("any", "country", ["DE", "FR", "IT"]),
        },
    }

    class Store(DataStore):
        def get(self, key):
            return DataStoreResponse(result=json.dumps(specs), time=1)

    options = StatsigOptions()
    options.data_store = Store()
    options.disable_network = True
    options.disable_all_logging = True
    engine = Statsig("secret-none", options)
    engine.initialize().wait()
    user = StatsigUser(user_id=KEY, custom=ATTRIBUTES)
    return lambda: engine.check_gate(user, "flag")


def yggdrasil():
    """Unleash's engine: Rust behind ctypes."""
    from yggdrasil_engine.engine import UnleashEngine

    constraints = [
        {"contextName": "plan", "operator": "IN", "values": ["pro"]},
        {"contextName": "age", "operator": "NUM_GT", "value": "18"},
        {"contextName": "country", "operator": "IN", "values": ["DE", "FR", "IT"]},
    ]
    strategy = {"name": "default", "parameters": {}, "constraints": constraints}
    feature = {"name": "flag", "type": "release", "enabled": True, "strategies": [strategy]}
    engine = UnleashEngine()
    engine.take_state(json.dumps({"version": 2, "features": [feature]}))
    context = {"userId": KEY, "properties": {name: str(value) for name, value in ATTRIBUTES.items()}}
    return lambda: engine.is_enabled("flag", context).is_enabled


def microseconds(evaluate, count):
    start = time.perf_counter()
    for _ in range(count):
        evaluate()
    return (time.perf_counter() - start) / count * 1e6


def main():
    library, relay = sys.argv[1:]
    reused, made = pennon(library)
    engines = {"pennon, context kept": reused, "pennon, context made each time": made}
    engines["goff's module in pennon's pool"], _ = pennon(library, module_path=vendor_module())
    peers = {"eppo-server-sdk": eppo, "statsig-python-core": statsig, "yggdrasil-engine": yggdrasil}
    process = None
    try:
        engines["gofeatureflag-python-provider"], process = goff(relay)
        for name, make in peers.items():
            engines[name] = make()
        for name, evaluate in engines.items():
            assert evaluate() is True, f"{name} does not evaluate the rule"
        times = {name: [] for name in engines}
        for _ in range(ROUNDS):
            for name, evaluate in engines.items():
                times[name].append(microseconds(evaluate, EVALUATIONS))
        ours = statistics.median(times["pennon, context kept"])
        for name, rounds in times.items():
            median = statistics.median(rounds)
            print(f"{name:<34} {median:9.2f} us  {median / ours:7.1f}x")
    finally:
        if process:
            process.kill()
    os._exit(0)  # Some peers' threads do not end.


main()
