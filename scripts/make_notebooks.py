"""Makes notebooks/*.ipynb, without outputs, from notebooks/src/*.py (percent format).

The same source always gives the same bytes. With --check it writes nothing and exits 1 when a
notebook is not what its source says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
MARK = "# %%"


def make_notebook(source: str) -> str:
    """The notebook for a source in percent format, as the text of an .ipynb file."""
    cells = [make_cell(part, number) for number, part in enumerate(source.split(MARK)[1:])]
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def make_cell(part: str, number: int) -> dict[str, Any]:
    kind, _, body = part.partition("\n")
    text = body.strip("\n")
    base: dict[str, Any] = {"id": f"cell-{number:02}", "metadata": {}}
    if "[markdown]" in kind:
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
        return {"cell_type": "markdown", **base, "source": text.splitlines(keepends=True)}
    return {
        "cell_type": "code",
        "execution_count": None,
        **base,
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }


def main() -> None:
    stale = []
    for source in sorted((NOTEBOOKS / "src").glob("*.py")):
        made = make_notebook(source.read_text(encoding="utf-8"))
        notebook = NOTEBOOKS / f"{source.stem}.ipynb"
        if not notebook.exists() or notebook.read_text(encoding="utf-8") != made:
            stale.append(notebook.name)
            if "--check" not in sys.argv:
                notebook.write_text(made, encoding="utf-8")
    if stale:
        print(", ".join(stale), "differ" if "--check" in sys.argv else "written")
    if stale and "--check" in sys.argv:
        sys.exit(1)


if __name__ == "__main__":
    main()
