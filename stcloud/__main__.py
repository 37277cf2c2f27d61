"""``python -m stcloud``."""

from stcloud.saas.cli import main

if __name__ == "__main__":
    main()
