"""No serious finding of axe on the report, in light and in dark, with every table open.

Needs a chromium on the path and axe-core (`npm ci --prefix frontend`, or AXE_CORE=path).
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from data_pipeline.report import write_report

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("AXE_CORE", ROOT / "frontend/node_modules/axe-core/axe.min.js"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and AXE.is_file()) and os.environ.get("CI") != "true",
    reason="needs chromium, and axe-core (npm ci --prefix frontend)",
)

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=60000",
    "--dump-dom",
)
RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(found => {
  const said = document.createElement("pre");
  said.textContent = JSON.stringify(found.violations.map(
    v => [v.id, v.impact, v.nodes[0].html.slice(0, 200)]));
  document.body.replaceChildren(said);
});
"""


def findings(page: str, folder: Path, *flags: str) -> list[list[str]]:
    """What axe says about a page, in which scripts are let in and all tables are open."""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    page = page.replace("<details>", "<details open>")
    script = AXE.read_text(encoding="utf-8")
    page = page.replace("</body>", f"<script>{script}</script><script>{RUN}</script></body>")
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    command = [str(CHROMIUM), *QUIET, *flags, f"--user-data-dir={folder}/profile", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    said = re.search(r"<pre>(\[.*\])</pre>", done.stdout, re.DOTALL)
    assert said, done.stdout[-500:]
    found: list[list[str]] = json.loads(html.unescape(said.group(1)))
    return [finding for finding in found if finding[1] in {"serious", "critical"}]


@pytest.mark.parametrize("flags", [(), ("--blink-settings=preferredColorScheme=0",)])
@pytest.mark.parametrize("size", ["390,844", "1280,900"])
def test_axe_finds_nothing_serious(
    books_url: str, tmp_path: Path, flags: tuple[str, ...], size: str
) -> None:
    page = write_report(books_url, tmp_path / "report.html").read_text(encoding="utf-8")
    assert findings(page, tmp_path, f"--window-size={size}", *flags) == []


def test_a_planted_fault_is_found(books_url: str, tmp_path: Path) -> None:
    page = write_report(books_url, tmp_path / "report.html").read_text(encoding="utf-8")
    page = page.replace("<main>", '<main><button></button><p class="faint">x</p>')
    assert "button-name" in {finding[0] for finding in findings(page, tmp_path)}
