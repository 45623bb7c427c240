"""What a model's folder says of it: model.json, for machines; card.md is written beside it by hand.

python -m training.about      # prints what there is
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

MODELS: Final = Path(__file__).resolve().parents[1] / "enrich" / "models"


def hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of weights of a model, by its path in the model's folder."""
    return {
        one.relative_to(folder).as_posix(): sha256(one.read_bytes()).hexdigest()
        for one in sorted(folder.rglob("*"))
        if one.is_file() and one.name not in {"model.json", "card.md"}
    }


def version_of(files: Mapping[str, str]) -> str:
    """Return the version of weights: eight hex digits of the sha256 of their files' names and hashes."""
    return sha256("".join(f"{name} {files[name]}\n" for name in sorted(files)).encode()).hexdigest()[:8]


def write_about(
    folder: Path, *, made_by: str, seed: int, data: Mapping[str, str], figures: Mapping[str, Any], encoder: str = ""
) -> str:
    """Write model.json: what made the model of which data (name: licence), with the hash of every file of weights.

    Return its version, which follows from those files. Where it is not the one that the folder had, `number` is one
    more than it was: `overheard.enrich.components.renewals` orders records by it. `encoder` is the version of the
    encoder whose states the model reads.
    """
    path = folder / "model.json"
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    files = hashes(folder)
    version = version_of(files)
    about = {
        "name": folder.name,
        "version": version,
        "number": before.get("number", 0) + (version != before.get("version")),
        "made_by": made_by,
        "seed": seed,
        **({"encoder": encoder} if encoder else {}),
        "data": dict(data),
        "figures": dict(figures),
        "sha256": files,
    }
    path.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return version


def main() -> None:
    whole = 0
    for path in sorted(MODELS.glob("*/model.json")):
        about = json.loads(path.read_text("utf-8"))
        size = sum(one.stat().st_size for one in path.parent.rglob("*") if one.is_file())
        whole += size
        on = f", on encoder {about['encoder']}" if "encoder" in about else ""
        print(f"{about['name']:10} {about['version']:8} {size / 1e6:5.1f} MB  {about['made_by']}{on}")
    print(f"together {whole / 1e6:.1f} MB in {MODELS}")


if __name__ == "__main__":
    main()
