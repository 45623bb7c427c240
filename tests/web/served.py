"""Serve a folder for a while, as `overheard up` does but without its stages; prints the address. For other processes.

python -m tests.web.served FOLDER
"""

import sys
import threading
from pathlib import Path

from overheard.config.settings import LocaleSettings, Settings, WebSettings
from overheard.wiring.serve import serving_pages
from overheard.wiring.system import System


def main() -> None:
    settings = Settings(web=WebSettings(port=0), locale=LocaleSettings(region="IN"))
    stop = threading.Event()
    with System(Path(sys.argv[1]), settings) as system, serving_pages(system) as address:
        print(address, flush=True)
        stop.wait(600)


if __name__ == "__main__":
    main()
