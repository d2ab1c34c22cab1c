"""Answers one line of JSON, a path and a document, with one line of text: what the vendor's library finds.

`at` and the place of the first node, `none`, `warns`, `syntax`, or `raises` and the name of the exception's class.
"""

import json
import sys

import jsonpath_rfc9535 as jsonpath


def place(node):
    parts = (f"i{part}" if isinstance(part, int) else "n" + part.encode().hex() for part in node.location)
    return "/".join(parts)


def answer(path, document):
    try:
        query = jsonpath.compile(path)
    except jsonpath.JSONPathSyntaxError:
        return "syntax"
    except Exception as error:
        return f"raises {type(error).__name__}"
    try:
        node = query.find_one(document)
    except jsonpath.JSONPathError:
        return "warns"
    except Exception as error:
        return f"raises {type(error).__name__}"
    return "none" if node is None else f"at {place(node)}"


for line in sys.stdin:
    case = json.loads(line)
    print(answer(case["path"], case["document"]), flush=False)
