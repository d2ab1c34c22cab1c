"""The library through ctypes: what a binding needs, and whether it exports what its header declares.

    ctypes_test.py LIBRARY HEADER
"""

import ctypes
import json
import re
import sys
import unittest
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_void_p

ZERO_TERMINATED = c_size_t(-1).value
OK, INVALID_ARGUMENT, INVALID_UTF8, INVALID_HANDLE, INVALID_OPTION, INVALID_RULESET = 0, -1, -2, -3, -4, -7
BUFFER_TOO_SMALL = -13
ANY = 0
FLAG_NOT_FOUND = 2

Log = ctypes.CFUNCTYPE(None, c_void_p, c_int32, POINTER(ctypes.c_char), c_size_t)
Free = ctypes.CFUNCTYPE(None, c_void_p)

TEXT = [c_char_p, c_size_t]
ERROR = POINTER(c_void_p)
QUERY = [c_void_p, *TEXT, c_void_p]
LENGTH = POINTER(c_size_t)

# Result and arguments of the functions that are used here.
FUNCTIONS = {
    "pennon_version": (c_char_p, []),
    "pennon_abi_version": (c_uint32, []),
    "pennon_status_name": (c_char_p, [c_int32]),
    "pennon_error_message": (c_char_p, [c_void_p, LENGTH]),
    "pennon_error_status": (c_int32, [c_void_p]),
    "pennon_error_free": (None, [c_void_p]),
    "pennon_options_from_json": (c_int32, [*TEXT, POINTER(c_void_p), ERROR]),
    "pennon_options_on_log": (c_int32, [c_void_p, Log, c_void_p, Free, ERROR]),
    "pennon_options_free": (None, [c_void_p]),
    "pennon_client_create": (c_int32, [c_void_p, POINTER(c_void_p), ERROR]),
    "pennon_client_set_ruleset": (c_int32, [c_void_p, *TEXT, ERROR]),
    "pennon_client_free": (None, [c_void_p]),
    "pennon_client_get_bool": (c_bool, [*QUERY, c_int32]),
    "pennon_client_get_int": (c_int64, [*QUERY, c_int64]),
    "pennon_client_get_double": (c_double, [*QUERY, c_double]),
    "pennon_client_get_string": (c_int32, [*QUERY, *TEXT, c_char_p, c_size_t, LENGTH]),
    "pennon_client_get_json": (c_int32, [*QUERY, *TEXT, c_char_p, c_size_t, LENGTH]),
    "pennon_client_evaluate": (c_int32, [c_void_p, *TEXT, c_int32, c_void_p, POINTER(c_void_p), ERROR]),
    "pennon_client_evaluate_all": (c_int32, [c_void_p, c_void_p, *TEXT, POINTER(c_void_p), ERROR]),
    "pennon_context_from_json": (c_int32, [*TEXT, POINTER(c_void_p), ERROR]),
    "pennon_context_free": (None, [c_void_p]),
    "pennon_evaluation_key": (c_char_p, [c_void_p, LENGTH]),
    "pennon_evaluation_json": (c_char_p, [c_void_p, LENGTH]),
    "pennon_evaluation_variant": (c_char_p, [c_void_p, LENGTH]),
    "pennon_evaluation_reason": (c_int32, [c_void_p]),
    "pennon_evaluation_error_code": (c_int32, [c_void_p]),
    "pennon_evaluation_error_message": (c_char_p, [c_void_p, LENGTH]),
    "pennon_evaluation_metadata": (c_char_p, [c_void_p, LENGTH]),
    "pennon_evaluation_free": (None, [c_void_p]),
    "pennon_reason_name": (c_char_p, [c_int32]),
    "pennon_evaluations_count": (c_size_t, [c_void_p]),
    "pennon_evaluations_at": (c_void_p, [c_void_p, c_size_t]),
    "pennon_evaluations_free": (None, [c_void_p]),
}


def constant(value):
    return {"variations": {"only": value}, "defaultRule": {"variation": "only"}}


FLAGS = {
    "bool": constant(True),
    "double": constant(1.5),
    "int": constant(9007199254740993),
    "object": constant({"a": [1, None]}),
    "string": constant("höhe"),
    "targeted": {
        "variations": {"yes": "for you", "no": "for others"},
        "targeting": [{"query": 'plan eq "pro"', "variation": "yes"}],
        "defaultRule": {"variation": "no"},
        "metadata": {"team": "x"},
    },
}


def load(path):
    library = ctypes.CDLL(path)
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def text(value):
    """A text as the library takes it."""
    encoded = value.encode() if isinstance(value, str) else value
    return encoded, len(encoded)


class Header(unittest.TestCase):
    def test_everything_declared_is_exported(self):
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", header, flags=re.DOTALL)
        declared = set(re.findall(r"\b(pennon_\w+)\s*\(", code))
        self.assertGreater(len(declared), 50)
        self.assertEqual([name for name in sorted(declared) if not hasattr(library, name)], [])
        self.assertEqual(set(FUNCTIONS) - declared, set())

    def test_versions_are_those_of_the_header(self):
        defined = dict(re.findall(r"#define PENNON_(\w+) (\d+)", header))
        version = ".".join(defined[f"VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH"))
        self.assertEqual(library.pennon_version().decode(), version)
        self.assertEqual(library.pennon_abi_version(), int(defined["ABI_VERSION"]))


class Evaluations(unittest.TestCase):
    def setUp(self):
        self.messages, self.freed = [], []
        # Kept: ctypes does not keep a callback alive.
        self.log = Log(lambda _, level, message, length: self.messages.append((level, message[:length].decode())))
        self.free = Free(self.freed.append)
        options, self.client, self.user = c_void_p(), c_void_p(), c_void_p()
        document = json.dumps({"service": "goff", "ruleset": FLAGS})
        self.assertEqual(library.pennon_options_from_json(*text(document), byref(options), None), OK)
        self.assertEqual(library.pennon_options_on_log(options, self.log, 7, self.free, None), OK)
        self.assertEqual(library.pennon_client_create(options, byref(self.client), None), OK)
        self.assertEqual(library.pennon_context_from_json(*text('{"plan": "pro"}'), byref(self.user), None), OK)

    def tearDown(self):
        library.pennon_context_free(self.user)
        library.pennon_client_free(self.client)
        self.assertEqual(self.freed, [7])

    def query(self, key):
        return self.client, *text(key), self.user

    def text_of(self, get, key, default="default", capacity=64):
        buffer, length = ctypes.create_string_buffer(capacity), c_size_t()
        status = get(*self.query(key), *text(default), buffer, capacity, byref(length))
        return status, buffer.value.decode(), length.value

    def evaluate(self, key, flag_type=ANY):
        evaluation = c_void_p()
        status = library.pennon_client_evaluate(
            self.client, *text(key), flag_type, self.user, byref(evaluation), None)
        self.assertEqual(status, OK)
        self.addCleanup(library.pennon_evaluation_free, evaluation)
        return evaluation

    def test_values(self):
        self.assertIs(library.pennon_client_get_bool(*self.query("bool"), 0), True)
        self.assertIs(library.pennon_client_get_bool(*self.query("missing"), 2), True)
        self.assertEqual(library.pennon_client_get_int(*self.query("int"), 0), 9007199254740993)
        self.assertEqual(library.pennon_client_get_int(*self.query("double"), -(2**63)), -(2**63))
        self.assertEqual(library.pennon_client_get_double(*self.query("double"), 0), 1.5)

    def test_texts(self):
        string, as_json = library.pennon_client_get_string, library.pennon_client_get_json
        self.assertEqual(self.text_of(string, "string"), (OK, "höhe", 5))
        self.assertEqual(self.text_of(string, "string", capacity=3), (BUFFER_TOO_SMALL, "h", 5))
        self.assertEqual(self.text_of(string, "targeted"), (OK, "for you", 7))
        self.assertEqual(self.text_of(string, "missing"), (OK, "default", 7))
        status, value, _ = self.text_of(as_json, "object")
        self.assertEqual((status, json.loads(value)), (OK, {"a": [1, None]}))

    def test_full_answers(self):
        evaluation = self.evaluate("targeted")
        self.assertEqual(library.pennon_evaluation_key(evaluation, None), b"targeted")
        self.assertEqual(json.loads(library.pennon_evaluation_json(evaluation, None)), "for you")
        self.assertEqual(library.pennon_evaluation_variant(evaluation, None), b"yes")
        reason = library.pennon_evaluation_reason(evaluation)
        self.assertEqual(library.pennon_reason_name(reason), b"TARGETING_MATCH")
        self.assertEqual(library.pennon_evaluation_error_code(evaluation), 0)
        self.assertEqual(json.loads(library.pennon_evaluation_metadata(evaluation, None))["team"], "x")

    def test_full_answers_of_flags_that_are_missing(self):
        evaluation = self.evaluate("missing")
        self.assertEqual(library.pennon_evaluation_error_code(evaluation), FLAG_NOT_FOUND)
        self.assertNotEqual(library.pennon_evaluation_error_message(evaluation, None), b"")

    def test_all_flags(self):
        answers = c_void_p()
        status = library.pennon_client_evaluate_all(self.client, self.user, None, 0, byref(answers), None)
        self.assertEqual(status, OK)
        count = library.pennon_evaluations_count(answers)
        items = [library.pennon_evaluations_at(answers, index) for index in range(count)]
        values = {
            library.pennon_evaluation_key(item, None).decode():
                json.loads(library.pennon_evaluation_json(item, None)) for item in items
        }
        library.pennon_evaluations_free(answers)
        constants = {key: flag["variations"]["only"] for key, flag in FLAGS.items() if key != "targeted"}
        self.assertEqual(values, {**constants, "targeted": "for you"})
        self.assertEqual(list(values), sorted(values))

    def test_what_goes_wrong_is_logged(self):
        self.assertEqual(library.pennon_client_set_ruleset(self.client, *text("{"), None), INVALID_RULESET)
        [(level, message)] = self.messages
        self.assertEqual(level, 1)
        self.assertIn("last good", message)

    def test_wrong_types_and_keys(self):
        evaluation = c_void_p()
        for key, flag_type, expected in [(b"\xff", ANY, INVALID_UTF8), (b"bool", 6, INVALID_ARGUMENT)]:
            status = library.pennon_client_evaluate(
                self.client, *text(key), flag_type, None, byref(evaluation), None)
            self.assertEqual((status, evaluation.value), (expected, None))


class Failures(unittest.TestCase):
    def failure(self, document):
        """Status and message for options that are refused."""
        options, error = c_void_p(), c_void_p()
        status = library.pennon_options_from_json(*document, byref(options), byref(error))
        self.assertIsNone(options.value)
        self.assertEqual(library.pennon_error_status(error), status)
        message = library.pennon_error_message(error, None).decode()
        library.pennon_error_free(error)
        return status, message

    def test_errors_have_a_message(self):
        status, message = self.failure(text('{"service": "goff", "pool": 1}'))
        self.assertEqual(status, INVALID_OPTION)
        self.assertIn("option pool is unknown", message)
        self.assertEqual(self.failure((None, 0))[0], INVALID_OPTION)
        self.assertEqual(self.failure((None, ZERO_TERMINATED))[0], INVALID_ARGUMENT)
        self.assertEqual(self.failure(text(b"\xff"))[0], INVALID_UTF8)
        self.assertEqual(library.pennon_status_name(status), b"INVALID_OPTION")

    def test_null_is_no_client(self):
        self.assertEqual(library.pennon_client_set_ruleset(None, *text("{}"), None), INVALID_HANDLE)
        self.assertEqual(library.pennon_client_get_int(None, *text("int"), None, -7), -7)
        library.pennon_client_free(None)


if __name__ == "__main__":
    library = load(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        header = file.read()
    unittest.main(argv=sys.argv[:1])
