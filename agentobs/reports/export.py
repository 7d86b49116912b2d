"""An executed notebook as one HTML file that opens offline: Plotly inside, HTML cleaned, no network allowed."""

import base64
import hashlib
from pathlib import Path

TEMPLATES = Path(__file__).parent / "template"
FIGURE = "application/vnd.plotly.v1+json"
TAGS = ["table", "thead", "tbody", "tr", "th", "td", "p", "br", "span", "div", "em", "strong", "b", "i", "code", "pre"]
TAGS += ["h1", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "hr"]
STYLES = ["text-align", "font-size", "color", "font-weight"]
POLICY = "<!-- content security policy -->"


def write(notebook: Path, html: Path) -> None:
    """Write the executed notebook as one self-contained HTML file."""
    import nbformat
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors.sanitize import SanitizeHTML
    from plotly.offline import get_plotlyjs
    from traitlets.config import Config

    settings = Config()
    settings.TemplateExporter.extra_template_basedirs = [str(TEMPLATES)]
    settings.NbConvertBase.display_data_priority = [FIGURE, "text/html", "text/markdown", "image/png", "text/plain"]
    settings.TagRemovePreprocessor.enabled = True
    settings.TagRemovePreprocessor.remove_cell_tags = ["parameters", "injected-parameters", "hidden"]
    settings.SanitizeHTML.tags = TAGS
    settings.SanitizeHTML.attributes = {"*": ["class", "style"]}
    settings.SanitizeHTML.styles = STYLES
    settings.SanitizeHTML.safe_output_keys = {"metadata", "text/plain", "image/png", FIGURE}
    exporter = HTMLExporter(config=settings, template_name="agentobs")
    exporter.register_preprocessor(SanitizeHTML(parent=exporter), enabled=True)
    exporter.require_js_url = exporter.mathjax_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    read = nbformat.read(notebook, as_version=4)
    has_figures = any(FIGURE in output.get("data", {}) for cell in read.cells for output in cell.get("outputs", []))
    given = read.metadata.get("papermill", {}).get("parameters", {})
    scripts = [get_plotlyjs(), (TEMPLATES / "agentobs" / "draw.js").read_text("utf-8")] if has_figures else []
    resources = {
        "scripts": scripts,
        "parameters": ", ".join(f"{name} = {value!r}" for name, value in given.items()),
        "metadata": {"name": _title(read, notebook)},
    }
    body, _ = exporter.from_notebook_node(read, resources=resources)
    temporary = html.with_suffix(".html.part")
    temporary.write_text(_with_policy(body, scripts), "utf-8")
    temporary.replace(html)


def _title(notebook: object, path: Path) -> str:
    for cell in notebook.cells:  # pyright: ignore[reportAttributeAccessIssue]
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.split("\n")[0][2:]
    return path.stem


def _with_policy(body: str, scripts: list[str]) -> str:
    """The page with a policy that allows exactly our own scripts, by their hashes, and no request to anywhere."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{found}'" for found in hashes) or "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'"
    )
    return body.replace(POLICY, f'<meta http-equiv="Content-Security-Policy" content="{policy}">', 1)
