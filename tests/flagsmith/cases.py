"""Generates questions, and answers them with the vendor's own engine and client.

    cases.py contexts SEED COUNT < /dev/null     evaluation contexts, a line each: {"context", "result"}
    cases.py documents SEED COUNT MODEL          documents with questions: {"environment", "identifier", "traits", "result"}

Where the engine raises, the reference's model answers, in which a condition that raises does not match; "raised" says so.
MODEL is the path of reference/models/flagsmith.py.
"""

import importlib.util
import json
import random
import sys
import uuid
import warnings

from flag_engine.engine import get_evaluation_result
from flagsmith.mappers import map_context_and_identity_data_to_context, map_environment_document_to_context

warnings.simplefilter("ignore")
sys.setrecursionlimit(20000)

TRAITS = ["plan", "age", "version", "email", "n", "tags", "", "$.identity.key", "ünï", "a.b"]
TEXTS = [
    "pro", "free", "a@example.com", "b@test.org", "007", "7", "-0", "1.5", "1.50", "1.0", "", "True", "False", "false", "None", "[1, 2]", "1e3", "+1", " 1", "é", "😀", "x\n",
    "1.2.3", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3+b7", "2.0.0", "v1.2.3", "01.2.3", "9007199254740993", "9007199254740992", "123456789012345678901234567890",
]
NUMBERS = [0, 1, 7, -1, 2**53 + 1, 10**20, 1.5, 1.0, -0.0, 0.1, 1e16, 1e-5, 3, 5, -5, 4]
SCALARS = TEXTS + NUMBERS + [True, False, None]
OPERATORS = [
    "EQUAL", "NOT_EQUAL", "GREATER_THAN", "GREATER_THAN_INCLUSIVE", "LESS_THAN", "LESS_THAN_INCLUSIVE", "CONTAINS", "NOT_CONTAINS", "REGEX", "IN", "PERCENTAGE_SPLIT", "MODULO", "IS_SET", "IS_NOT_SET",
]
OPERANDS = {
    "REGEX": ["pro|free", "^f", ".*@example\\.com$", "7", "\\d+", "[a-z]+$", "(?i)PRO", "True", "", "(?!pro)", "(a)\\1", "(", "\\p{L}", "x$", "[^@]+@[^@]+", "1\\.5", "a{,3}"],
    "IN": ["pro,free", "pro, free", "", "7,1.5", "[\"pro\",7]", "[1.5,null,true]", "[a,b]", "[]", "1,2,3", "[1e2, 1.10, -0, NaN]", " [1]", "True,False", "007", "user-1,user-3", "[[1, 2]]"],
    "PERCENTAGE_SPLIT": ["0", "10", "50", "50.5", "100", "1e2", " 30 ", "nan", "inf", "x", "", "-1"],
    "MODULO": ["2|0", "2|1", "3|1", "1.5|0", "-3|-2", "0|0", "2", "a|b", "2|0|0", "inf|5", "", "7|0"],
}
COMPARED = TEXTS + ["1.2.3:semver", "1.2.3-alpha:semver", "alpha:semver", "alpha.1:semver", "b7:semver", ":semver", "2.0.0:semver", "x:semver", "1_000", "٣", "１", "1e3", "nan", "inf", "0x10", "pr"]
PATHS = [
    "$.identity.identifier", "$.identity.key", "$.environment.name", "$.environment.key", "$.identity.traits.plan", "$.identity.traits['age']", "$['identity']", "$.identity", "$.nothing", "$.",
    "$.identity.traits[?@ == 'pro']", "$..identifier", "$.identity.traits.*", "$.features.f0.value", "$.features['f1'].enabled", "$.features[?@.enabled].name", "$.segments.*.name", "$.a[", "$.identity.traits.tags[0]",
    "$.features[?@.enabled<2].name", "$.identity..age", "$.features.*.priority", "$.f(", "$.a[?nofunction(@)]", "$.features.f0.metadata.id", "$.identity.traits.length", "$.flags", "$.flags.*", "$.flags[?@.enabled].name",
]


def flag_path(r, names):
    name = r.choice(names + ["missing"])
    member = r.choice(["enabled", "enabled", "value", "variant", "reason", "name", "metadata.id"])
    return r.choice([f"$.flags.{name}.{member}", f"$.flags['{name}'].{member}"])


def operand(r, operator):
    pool = OPERANDS.get(operator, COMPARED)
    if r.random() < 0.04:
        return r.choice([None, 5, 0, 1.9, True, False, [1, "pro"], ["pro", None]])
    if r.random() < 0.2:
        pool = COMPARED
    return r.choice(pool)


def condition(r, names, prop, paths):
    operator = r.choice(OPERATORS) if r.random() < 0.99 else r.choice(["UNKNOWN", "equal", ""])
    x = r.random()
    if x < paths:
        property_ = flag_path(r, names) if r.random() < 0.6 else r.choice(PATHS)
    elif operator == "PERCENTAGE_SPLIT" and x < 0.8:
        property_ = ""
    else:
        property_ = r.choice(TRAITS)
    value = operand(r, operator)
    if property_.startswith("$.flags") and operator in ("EQUAL", "NOT_EQUAL") and r.random() < 0.7:
        value = r.choice(["true", "false", "on", "7", "control"])
    return {prop: property_, "operator": operator, "value": value}


def rule(r, names, prop, paths, depth=0):
    out = {"type": r.choice(["ALL", "ALL", "ANY", "ANY", "NONE"]) if r.random() < 0.995 else "SOME"}
    out["conditions"] = [condition(r, names, prop, paths) for _ in range(r.choice([0, 1, 1, 1, 2, 3]))]
    out["rules"] = [rule(r, names, prop, paths, depth + 1) for _ in range(r.choice([0, 0, 0, 1, 2]) if depth < 3 else 0)]
    return out


def rules(r, names, prop, paths):
    return [rule(r, names, prop, paths) for _ in range(r.choice([0, 1, 1, 1, 1, 2]))]


def value(r):
    return r.choice(["on", "v1", "7", "007", "1.50", "", 7, 0, -3, 10**20, True, False, None, "{\"a\": 1}", "é\"\n"])


def weight(r):
    return r.choice([30, 30.0, 20, 50, 54.54, 0, 100, 10.5, 100.0])


def context(r, paths):
    names = [f"f{n}" for n in range(r.choice([1, 2, 3, 5]))]

    def feature(name, override):
        out = {"key": str(r.randrange(1000)), "name": name, "enabled": r.random() < 0.6, "value": value(r)}
        if r.random() < 0.7:
            out["metadata"] = {"id": r.randrange(100)} if r.random() < 0.9 else {}
        if r.random() < 0.3:
            out["variants"] = [
                {"value": value(r), "weight": weight(r), "priority": r.choice([1, 2, 3, 2**100, 7.5])} | ({"key": r.choice(["a", "b"])} if r.random() < 0.6 else {}) for _ in range(r.choice([0, 1, 2, 3]))
            ]
        if override and r.random() < 0.7:
            out["priority"] = r.choice([1, 2, 3, 1.5, 0, -1, 10**20])
        return out

    segments = {}
    for n in range(r.choice([0, 1, 2, 3, 6])):
        key = str(n + 1)
        segments[key] = {"key": key, "name": f"s{n}", "rules": rules(r, names, "property", paths), "overrides": [feature(r.choice(names + ["gone"]), True) for _ in range(r.choice([0, 1, 1, 2, 3]))]}
        if r.random() < 0.7:
            segments[key]["metadata"] = {"id": n} if r.random() < 0.9 else {}
    out = {"environment": {"key": r.choice(["env", "e1"]), "name": r.choice(["Production", "pro", "7"])}}
    out["features"] = {name: feature(name, False) for name in names}
    out["segments"] = segments
    if r.random() < 0.93:
        identity = {"identifier": identifier(r)}
        traits_ = traits(r)
        if r.random() < 0.9:
            identity["traits"] = traits_
        if r.random() < 0.3:
            identity["key"] = r.choice(["7", "key-1", "", "1.5"])
        out["identity"] = identity
    return out


def identifier(r):
    return r.choice(["user-1", "user-2", "user-3", "vip", "007", "7", "1.5", "-0", "é", f"user-{r.randrange(10**6)}"])


def traits(r, envelopes=False):
    out = {}
    for name in r.sample(TRAITS, r.randrange(len(TRAITS))):
        v = r.choice(SCALARS) if r.random() < 0.95 else r.choice([[1, 2], ["a'b", None, 1.0], []])
        out[name] = {"value": v, "transient": True} if envelopes and r.random() < 0.1 else v
    return out


OVERRIDE_VALUES = ["x", "yy", 7, 12, True, None, "5"]


def document(r, paths):
    names = [f"f{n}" for n in range(r.choice([1, 2, 3, 5]))]
    ids = {name: n + 1 for n, name in enumerate(names + ["gone"])}

    def state(name, override):
        out = {"feature": {"id": ids[name], "name": name, "type": "STANDARD"}, "enabled": r.random() < 0.6, "feature_state_value": value(r), "featurestate_uuid": str(uuid.UUID(int=r.getrandbits(128)))}
        if r.random() < 0.8:
            out["django_id"] = r.choice([r.randrange(1, 1000), 0, None])
        if r.random() < 0.3:
            out["multivariate_feature_state_values"] = [
                {
                    "id": r.choice([r.randrange(1, 50), None, 0]),
                    "mv_fs_value_uuid": str(uuid.UUID(int=r.getrandbits(128))),
                    "percentage_allocation": weight(r),
                    "multivariate_feature_option": {"value": value(r)} | ({"key": r.choice(["a", "b", None])} if r.random() < 0.6 else {}),
                }
                for _ in range(r.choice([0, 1, 2, 3]))
            ]
        if override:
            out["feature_segment"] = r.choice([{"priority": r.choice([0, 1, 2, 3])}, {"priority": r.choice([0, 1, 2, 3])}, None, {}])
        return out

    segments = [
        {"id": n + 1, "name": f"s{n}", "rules": rules(r, names, "property_", paths), "feature_states": [state(r.choice(names + ["gone"]), True) for _ in range(r.choice([0, 1, 1, 2, 3]))]}
        for n in range(r.choice([0, 1, 2, 3, 6]))
    ]
    overrides = []
    for _ in range(r.choice([0, 0, 1, 3])):
        features = [{"feature": {"id": ids[name], "name": name}, "enabled": r.random() < 0.5, "feature_state_value": r.choice(OVERRIDE_VALUES)} for name in r.sample(names, r.randrange(len(names) + 1))]
        overrides.append({"identifier": identifier(r), "identity_features": features})
    return {
        "id": 1,
        "api_key": r.choice(["env", "e1"]),
        "name": r.choice(["Production", "pro", "7"]),
        "project": {"id": 1, "name": "P", "organisation": {"id": 1, "name": "O"}, "segments": segments},
        "feature_states": [state(name, False) for name in names],
        "identity_overrides": overrides,
        "updated_at": "2024-04-18T08:16:20.678868+00:00",
    }


def load_model(path):
    spec = importlib.util.spec_from_file_location("model", path)
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    return model


def answered(context, model):
    """The engine's answer, and whether it raised and the model's stands in its place."""
    try:
        return get_evaluation_result(context), False
    except Exception:
        return model.Evaluation(context).run(), True


def main():
    kind, seed, count, model = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), load_model(sys.argv[4])
    r = random.Random(seed)
    write = lambda line: sys.stdout.write(json.dumps(line) + "\n")
    while count > 0:
        paths = r.choice([0.0, 0.1, 0.3, 0.6])
        if kind == "contexts":
            question = context(r, paths)
            result, raised = answered(question, model)
            write({"context": question, "result": result, "raised": raised})
            count -= 1
            continue
        environment = document(r, paths)
        mapped = map_environment_document_to_context(environment)
        for _ in range(min(count, r.choice([1, 2, 4]))):
            name, own = (identifier(r), traits(r, True)) if r.random() < 0.9 else (None, {})
            if name is None:
                question = {key: value for key, value in mapped.items() if key != "segments"}
            else:
                question = map_context_and_identity_data_to_context(mapped, name, own)
            result, raised = answered(question, model)
            result["segments"] = [{"id": s["metadata"]["id"], "name": s["name"]} for s in result["segments"] if s["metadata"]["source"] == "api"]
            write({"environment": environment, "identifier": name, "traits": own, "result": result, "raised": raised})
            count -= 1


if __name__ == "__main__":
    main()
