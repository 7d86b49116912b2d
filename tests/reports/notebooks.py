"""Small notebooks for tests of the machinery that runs them."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = 'name: str = "x"  # whom to greet\nhow_many: int = 3  # times\nrate: float = 0.5\nloud: bool = False\n'


def notebook(folder: Path, *cells: str, file: str = "07_greeting_card.ipynb", parameters: str = PARAMETERS) -> Path:
    """Write a notebook with a parameters cell and these code cells; return the folder it is in."""
    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    made = new_notebook(cells=[new_markdown_cell("# A card"), first, *map(new_code_cell, cells)])
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    folder.mkdir(exist_ok=True)
    for place, cell in enumerate(made.cells):
        cell["id"] = f"cell-{place}"
    nbformat.write(made, folder / file)
    return folder
