# ruff: noqa: PLC0415, ARG001  (each program is loaded only where it is asked; all are called alike)
# mypy: disable-error-code="import-untyped, import-not-found"
"""Other programs on the tasks of `bench_pairs`: read as JSON from standard input, answered as JSON.

Runs in an environment of its own (`bench_pairs --peers` makes it) and knows nothing of Overheard. Each program as its
own documentation sets it up, nothing tuned.
"""

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

Program = Callable[[list[dict[str, str]], list[int] | None], list[tuple[int, int]]]
NAMES = ("given_name", "surname")


def splink(rows: list[dict[str, str]], lists: list[int] | None) -> list[tuple[int, int]]:
    import pandas
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    columns = {name for row in rows for name, value in row.items() if value}
    frame = pandas.DataFrame([{name: row.get(name) or None for name in columns} for row in rows])
    frame["unique_id"] = range(len(rows))
    comparisons = [cl.NameComparison(name) for name in NAMES]
    comparisons.append(cl.DateOfBirthComparison("date_of_birth", input_is_string=True))
    exact = [cl.ExactMatch(name) for name in ("suburb", "postcode", "state") if name in columns]
    comparisons += [one.configure(term_frequency_adjustments=True) for one in exact]
    comparisons += [cl.LevenshteinAtThresholds(name, 2) for name in ("address_1", "soc_sec_id") if name in columns]
    if "email" in columns:
        comparisons.append(cl.EmailComparison("email"))
    place = "postcode" if "postcode" in columns else "suburb"
    rules = [block_on("given_name", place), block_on("surname", place), block_on("date_of_birth")]
    rules += [block_on(name) for name in ("soc_sec_id", "email") if name in columns]
    if lists is not None:
        frame["source_dataset"] = [f"list{one}" for one in lists]
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=comparisons, blocking_rules_to_generate_predictions=rules
    )
    api = DuckDBAPI()
    try:
        linker = Linker(frame, settings, db_api=api)
    except TypeError:  # version 5 registers the table first
        linker = Linker(api.register(frame), settings)
    linker.training.estimate_probability_two_random_records_match([block_on(*NAMES)], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on(*NAMES))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth"))
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    pairs = zip(found.unique_id_l, found.unique_id_r, strict=True)
    return [(int(min(pair)), int(max(pair))) for pair in pairs]


def recordlinkage(rows: list[dict[str, str]], lists: list[int] | None) -> list[tuple[int, int]]:
    import pandas
    import recordlinkage as toolkit

    columns = sorted({name for row in rows for name, value in row.items() if value})
    frame = pandas.DataFrame([{name: row.get(name) or None for name in columns} for row in rows])
    indexer = toolkit.Index()
    for name in ("surname", "given_name", "date_of_birth", "soc_sec_id", "email"):
        if name in columns:
            indexer.block(name)
    candidates = indexer.index(frame)
    compare = toolkit.Compare()
    for name in columns:
        if name in ("given_name", "surname", "address_1", "suburb", "email"):
            compare.string(name, name, method="jarowinkler", threshold=0.85)
        else:
            compare.exact(name, name)
    features = compare.compute(candidates, frame)
    found = toolkit.ECMClassifier().fit_predict(features)
    return [(min(int(a), int(b)), max(int(a), int(b))) for a, b in found]


def nomenklatura(rows: list[dict[str, str]], lists: list[int] | None) -> list[tuple[int, int]]:
    from followthemoney import model
    from nomenklatura.matching import get_algorithm

    algorithm: Any = get_algorithm("logic-v2")
    config = algorithm.default_config()
    entities = []
    for at, row in enumerate(rows):
        properties: dict[str, list[str | None]] = {
            "firstName": [row.get("given_name")],
            "lastName": [row.get("surname")],
            "name": [" ".join(row[name] for name in NAMES if row.get(name))],
            "birthDate": [_day(row.get("date_of_birth") or "")],
            "email": [row.get("email")],
            "idNumber": [row.get("soc_sec_id")],
        }
        kept = {name: [value for value in values if value] for name, values in properties.items()}
        entities.append(model.get_proxy({"id": str(at), "schema": "Person", "properties": kept}))
    found = []
    for a, b in _candidates(rows):
        if algorithm.compare(entities[a], entities[b], config).score >= 0.7:  # its documented threshold
            found.append((a, b))
    return found


def _day(written: str) -> str:
    return f"{written[:4]}-{written[4:6]}-{written[6:8]}" if written.isdigit() and len(written) == 8 else written


def _candidates(rows: list[dict[str, str]]) -> list[tuple[int, int]]:
    blocks: dict[tuple[str, str], list[int]] = {}
    for at, row in enumerate(rows):
        for name in ("date_of_birth", "soc_sec_id", "email"):
            if row.get(name):
                blocks.setdefault((name, row[name]), []).append(at)
        if row.get("surname") and row.get("given_name"):
            blocks.setdefault(("name", row["surname"] + row["given_name"]), []).append(at)
    return sorted({(a, b) for block in blocks.values() for a in block for b in block if a < b})


def organisations(names: list[str], queries: list[str]) -> Iterator[tuple[str, list[int], float]]:
    """Yield (program, the row that it puts first for each query, seconds)."""
    from rapidfuzz import fuzz, process

    start = time.process_time()
    first = [process.extractOne(query, names, scorer=fuzz.WRatio)[2] for query in queries]
    yield "rapidfuzz WRatio", first, time.process_time() - start
    from followthemoney import model
    from nomenklatura.matching import get_algorithm

    algorithm: Any = get_algorithm("logic-v2")
    config = algorithm.default_config()

    def entity(at: int, name: str) -> Any:
        return model.get_proxy({"id": str(at), "schema": "Company", "properties": {"name": [name]}})

    known = [entity(at, name) for at, name in enumerate(names)]
    start = time.process_time()
    first = []
    for query in queries:
        asked = entity(-1, query)
        near = [found[2] for found in process.extract(query, names, scorer=fuzz.WRatio, limit=25)]
        first.append(max(near, key=lambda at: algorithm.compare(asked, known[at], config).score))
    yield "nomenklatura logic-v2", first, time.process_time() - start


def main() -> None:
    task = json.load(sys.stdin)
    answers: dict[str, Any] = {"pairs": {}, "organisations": {}}
    for name, data in task["pairs"].items():
        programs: list[Program] = [splink, recordlinkage, nomenklatura]
        for program in programs:
            start = time.perf_counter()
            try:
                pairs = program(data["rows"], data["lists"])
            except Exception as e:  # noqa: BLE001  another's program may fail in any way; the table says so
                answers["pairs"].setdefault(name, {})[getattr(program, "__name__", "")] = {
                    "error": f"{type(e).__name__}: {e}"[:200]
                }
                continue
            seconds = time.perf_counter() - start
            answers["pairs"].setdefault(name, {})[getattr(program, "__name__", "")] = {
                "pairs": pairs,
                "seconds": seconds,
            }
    asked = task["organisations"]
    try:
        for program_name, first, seconds in organisations(asked["names"], asked["queries"]):
            answers["organisations"][program_name] = {"first": first, "seconds": seconds}
    except Exception as e:  # noqa: BLE001  as above
        answers["organisations"]["others"] = {"error": f"{type(e).__name__}: {e}"[:200]}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
