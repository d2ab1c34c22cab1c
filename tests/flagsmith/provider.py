"""Asks the vendor's OpenFeature provider for every feature of generated documents as every type.

    provider.py SEED COUNT

A line for each question: {"environment", "identifier", "traits", "answers": {FEATURE: {TYPE: answer}}}; an answer is {"value",
"variant"} or {"error"}. Documents whose features depend on each other are left out: the vendor's client answers them wrongly.
"""

import json
import random
import sys
import warnings

from flagsmith import Flagsmith
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError
from openfeature_flagsmith.provider import FlagsmithProvider

import cases

warnings.simplefilter("ignore")


class Handler:
    """Gives the client a document."""

    def __init__(self, document):
        self.document = document

    def get_environment(self):
        return self.document


def answer(resolve, feature, default, context):
    try:
        details = resolve(feature, default, context)
        return {"value": details.value, "variant": details.variant}
    except OpenFeatureError as error:
        return {"error": error.error_code.value}


def main():
    r, count = random.Random(int(sys.argv[1])), int(sys.argv[2])
    while count > 0:
        environment = cases.document(r, 0.0)
        provider = FlagsmithProvider(Flagsmith(offline_mode=True, offline_handler=Handler(environment)))
        identifier, traits = (cases.identifier(r), cases.traits(r)) if r.random() < 0.8 else (None, {})
        context = EvaluationContext(targeting_key=identifier, attributes={"traits": traits})
        names = [state["feature"]["name"] for state in environment["feature_states"]] + ["missing"]
        try:
            answers = {
                name: {
                    "boolean": answer(provider.resolve_boolean_details, name, False, context),
                    "string": answer(provider.resolve_string_details, name, "", context),
                    "integer": answer(provider.resolve_integer_details, name, 0, context),
                    "object": answer(provider.resolve_object_details, name, {}, context),
                }
                for name in names
            }
        except Exception:  # The engine raises: there is no answer to compare with.
            continue
        print(json.dumps({"environment": environment, "identifier": identifier, "traits": traits, "answers": answers}))
        count -= 1


main()
