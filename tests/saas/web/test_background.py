"""What the end of a process breaks off says nothing; any other error is told."""

import subprocess
import sys

import pytest

CODE = """
import sys, threading, time
from stcloud.saas.web.background import in_background

def work():
    if sys.argv[1] == "ending":
        threading.main_thread().join()
        import concurrent.futures.process
    raise RuntimeError("of the work itself")

thread = in_background(work)
if sys.argv[1] != "ending":
    thread.join()
else:
    threading._register_atexit(lambda: time.sleep(0.5))
"""


@pytest.mark.parametrize(("when", "told"), [("ending", False), ("running", True)])
def test_only_what_the_end_breaks_off_is_not_told(when, told):
    done = subprocess.run([sys.executable, "-c", CODE, when], capture_output=True, text=True, check=True)
    assert ("of the work itself" in done.stderr) is told
    assert ("Traceback" in done.stderr) is told
