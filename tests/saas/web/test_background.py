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

        print("imported")
    raise RuntimeError("of the work itself")

thread = in_background(work)
if sys.argv[1] == "ending":
    threading.Thread(target=time.sleep, args=(1,)).start()  # the process is there a little longer
else:
    thread.join()
"""


@pytest.mark.parametrize(("when", "told"), [("ending", False), ("running", True)])
def test_only_what_the_end_breaks_off_is_not_told(when, told):
    done = subprocess.run([sys.executable, "-c", CODE, when], capture_output=True, text=True, check=True)
    assert ("of the work itself" in done.stderr) is told
    assert ("Traceback" in done.stderr) is told
    assert done.stdout == ""
