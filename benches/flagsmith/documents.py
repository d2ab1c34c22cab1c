"""Makes the environment documents that the benchmark of Flagsmith measures, always the same for one seed.

    documents.py DIRECTORY SEED

Writes `A.json` to `D.json`, and beside each `A.questions.json`: identities, and which flags are measured.
"""

import json
import random
import sys
import uuid
from pathlib import Path

COUNTRIES = ["DE", "FR", "IT", "ES", "PL", "SE", "NL", "BE", "AT", "CZ"]
PLANS = ["free", "starter", "pro", "team", "enterprise"]
IDENTITIES = 64

# By document: features, segments, overrides of a segment, segments of the most overridden flag, identity overrides.
SIZES = {"A": (438, 23, 8, 8, 40), "B": (420, 30, 6, 4, 0), "C": (2000, 200, 10, 13, 100), "D": (438, 23, 8, 8, 5000)}


def identity(r, number):
    """An identity with its eight traits."""
    traits = {
        "plan": r.choice(PLANS),
        "age": r.randrange(16, 80),
        "country": r.choice(COUNTRIES),
        "email": f"user-{number}@{r.choice(['example.com', 'example.org', 'test.net'])}",
        "version": f"{r.randrange(1, 5)}.{r.randrange(10)}.{r.randrange(10)}",
        "account": f"acc-{r.randrange(1000):04}",
        "score": round(r.uniform(0, 100), 2),
        "beta": r.random() < 0.3,
    }
    return {"identifier": f"user-{number:05}", "traits": traits}


def accounts(r, count):
    return ",".join(sorted(f"acc-{n:04}" for n in r.sample(range(1000), count)))


CONDITIONS = [
    lambda r: ("plan", "EQUAL", r.choice(PLANS)),
    lambda r: ("account", "IN", accounts(r, 70)),
    lambda r: ("", "PERCENTAGE_SPLIT", str(r.choice([10, 25, 50, 75]))),
    lambda r: ("email", "REGEX", r.choice([r".*@example\.com$", r"^user-\d*[02468]@", "@test"])),
    lambda r: ("version", r.choice(["GREATER_THAN_INCLUSIVE", "LESS_THAN"]), f"{r.randrange(1, 5)}.{r.randrange(10)}.0:semver"),
    lambda r: ("age", "MODULO", f"{r.choice([2, 3, 5])}|{r.randrange(2)}"),
    lambda r: ("$.identity.traits.country", "IN", ",".join(r.sample(COUNTRIES, 4))),
    lambda r: ("$.identity.identifier", "CONTAINS", str(r.randrange(10))),
    lambda r: ("$.environment.name", "EQUAL", "Production"),
    lambda r: ("age", r.choice(["GREATER_THAN", "LESS_THAN_INCLUSIVE"]), str(r.randrange(18, 70))),
    lambda r: ("score", "GREATER_THAN", f"{r.uniform(0, 100):.1f}"),
    lambda r: ("beta", "EQUAL", "true"),
]


def condition(made):
    property_, operator, value = made
    return {"property_": property_, "operator": operator, "value": value}


def mixed_rules(r):
    """As the vendor's dashboard makes them: one rule of all, in it rules of any or none."""
    inner = []
    for n in range(r.choice([1, 1, 2])):
        conditions = [condition(r.choice(CONDITIONS)(r)) for _ in range(r.choice([1, 1, 2]))]
        inner.append({"type": "NONE" if n and r.random() < 0.3 else "ANY", "conditions": conditions, "rules": []})
    return [{"type": "ALL", "conditions": [], "rules": inner}]


def list_rules(r):
    """One list of a thousand bytes."""
    long = accounts(r, 111)
    return [{"type": "ALL", "conditions": [], "rules": [{"type": "ANY", "conditions": [condition(("account", "IN", long))], "rules": []}]}]


def state(r, number, is_split):
    variants = [
        {
            "id": number * 10 + n,
            "mv_fs_value_uuid": str(uuid.UUID(int=r.getrandbits(128))),
            "percentage_allocation": share,
            "multivariate_feature_option": {"id": number * 10 + n, "value": f"variant-{n}"},
        }
        for n, share in enumerate([30.0, 20.0, 10.0])
    ]
    return {
        "feature": {"id": number + 1, "name": f"feature_{number:04}", "type": "MULTIVARIATE" if is_split else "STANDARD"},
        "enabled": r.random() < 0.6,
        "feature_state_value": r.choice([None, "on", f"value-{r.randrange(1000)}", r.randrange(100), True, '{"limit": 5}']),
        "django_id": r.randrange(1, 1_000_000),
        "featurestate_uuid": str(uuid.UUID(int=r.getrandbits(128))),
        "feature_segment": None,
        "multivariate_feature_state_values": variants if is_split else [],
    }


def overridden(r, size):
    """By segment the features that it overrides. The first feature is the most overridden."""
    features, segments, overrides, most, _ = size
    # The second is left alone; the third is multivariate, and left alone too.
    others = range(3, features)
    hot = set(r.sample(range(segments), most))
    chosen, uses = [], {}
    for segment in range(segments):
        free = [n for n in others if uses.get(n, 0) < most // 2]
        # Some features are overridden much more than others.
        weights = [1 + 8 * (n % 17 == 0) for n in free]
        own = set(r.choices(free, weights, k=overrides * 4))
        own = r.sample(sorted(own), overrides - (segment in hot)) + [0] * (segment in hot)
        for n in own:
            uses[n] = uses.get(n, 0) + 1
        chosen.append(own)
    return chosen


def own_states(r, number, count):
    """What an identity has instead of the defaults; of the identities of a large document a part shares one feature."""
    features = r.sample(range(3, 200), r.choice([1, 2]))
    if count > 1000 and number % 16 == 0:
        features[0] = 3
    make = lambda n: state(r, n, False) | {"feature_state_value": f"own-{r.randrange(400)}"}
    return [make(n) for n in features]


def document(r, name):
    features, segments, _, _, identities = size = SIZES[name]
    is_split = lambda n: n % 8 == 2
    make_rules = list_rules if name == "B" else mixed_rules
    made = []
    for number, own in enumerate(overridden(r, size)):
        states = [state(r, n, is_split(n)) | {"feature_segment": {"priority": r.randrange(segments)}} for n in own]
        made.append({"id": number + 1, "name": f"segment_{number}", "rules": make_rules(r), "feature_states": states})
    return {
        "id": 1,
        "api_key": "env-key",
        "name": "Production",
        "updated_at": "2024-04-18T08:16:20.678868+00:00",
        "project": {"id": 1, "name": "P", "hide_disabled_flags": False, "organisation": {"id": 1, "name": "O"}, "segments": made},
        "feature_states": [state(r, n, is_split(n)) for n in range(features)],
        "identity_overrides": [
            {
                "identifier": f"user-{number:05}",
                "identity_uuid": str(uuid.UUID(int=r.getrandbits(128))),
                "created_date": "2024-04-18T08:16:20.678868+00:00",
                "environment_api_key": "env-key",
                "identity_features": own_states(r, number, identities),
                "identity_traits": [],
                "composite_key": f"env-key_user-{number:05}",
            }
            for number in range(identities)
        ],
    }


def main():
    directory, seed = Path(sys.argv[1]), int(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    for name in SIZES:
        # A and D differ in their identity overrides alone.
        r = random.Random(f"{seed} {'A' if name == 'D' else name}")
        made = document(r, name)
        questions = {
            "identities": [identity(random.Random(f"{seed} {n}"), n * 7) for n in range(IDENTITIES)],
            "most_overridden": "feature_0000",
            "untouched": "feature_0001",
            "split": "feature_0002",
            # Where identities override anything, the flag that most of them do.
            "of_identities": "feature_0003",
        }
        (directory / f"{name}.json").write_text(json.dumps(made, separators=(",", ":")))
        (directory / f"{name}.questions.json").write_text(json.dumps(questions))


main()
