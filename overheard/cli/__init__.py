"""The command line: commands in, text or JSON out. It puts rooms together by `overheard.wiring` and decides nothing."""
