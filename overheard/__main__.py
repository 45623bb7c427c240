"""The command `overheard`."""


def main() -> None:
    """Run the command line and exit with its status."""
    from overheard.cli.app import run  # noqa: PLC0415  # kept out of worker processes that import this module

    raise SystemExit(run())


if __name__ == "__main__":
    main()
