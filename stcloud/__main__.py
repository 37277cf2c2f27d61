"""``python -m stcloud``. Tested by `tests/reliability/test_signals.py`."""

from stcloud.saas.cli import main

if __name__ == "__main__":
    main()
