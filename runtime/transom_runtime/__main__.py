"""`python -m transom_runtime` is `transom`."""

from transom_runtime.cli import main

if __name__ == "__main__":
    main()
