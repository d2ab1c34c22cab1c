"""The oracle of tests/regex.rs: what Python's `re.match` answers.

A line of input is [pattern, text] as JSON; the line of output is one of
  match, no         the answer
  error:<class>     the pattern is refused
  raises            the match fails with an error: captures that `re` has lost track of
  slow              no answer within a second
  unassigned        a character that this Python does not know: its Unicode is older than the library's
"""

import json
import re
import signal
import sys
import unicodedata
import warnings

warnings.simplefilter("ignore")


class Slow(BaseException):
    pass


def on_alarm(_signal, _frame):
    raise Slow


def answer(pattern, text):
    if any(unicodedata.category(character) == "Cn" for character in pattern + text):
        return "unassigned"
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        return "match" if re.compile(pattern).match(text) else "no"
    except Slow:
        return "slow"
    except SystemError:
        return "raises"
    except (re.error, OverflowError, ValueError, RecursionError, MemoryError) as error:
        return f"error:{type(error).__name__}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


signal.signal(signal.SIGALRM, on_alarm)
for line in sys.stdin:
    print(answer(*json.loads(line)), flush=False)
