"""The page: one file whose policy admits its own script and style, and modules that may become one script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

import qanat.web
from qanat.web.page import page, script

FOLDER = Path(qanat.web.__file__).parent
MODULES = sorted(FOLDER.glob("*.js"))
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
IMPORTED = re.compile(r"^import \{([^}]*)\} from '\./(\w+\.js)';$", re.MULTILINE)


def element(text: str, opening: str) -> str:
    """Return what the only element with this opening tag contains, up to the first closing tag."""
    name = opening.split(maxsplit=1)[0]
    (found,) = re.findall(rf"<{opening}>(.*?)</{name}>", text, re.DOTALL)
    return str(found)


def hash_of(text: str) -> str:
    """Return the source of a policy that admits this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_data_and_title_cannot_leave_their_elements() -> None:
    text = "</script><!--<script></title>\u202e"
    made = page(json.dumps([text]), text)
    assert json.loads(element(made, 'script type="application/json" id="data"')) == [text]
    assert element(made, "title") == r"&lt;/script&gt;&lt;!--&lt;script&gt;&lt;/title&gt;\u202e"
    assert "{{" not in made.replace(element(made, 'script type="module"'), "")


def test_a_mark_in_the_data_is_not_replaced() -> None:
    assert json.loads(element(page('["{{style}}"]', "{{data}}"), 'script type="application/json" id="data"')) == [
        "{{style}}"
    ]


def test_the_policy_admits_this_script_and_this_style_and_nothing_else() -> None:
    made = page("{}", "runs")
    (found,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', made)
    assert dict(rule.split(" ", 1) for rule in found.split("; ")) == {
        "default-src": "'none'",
        "script-src": hash_of(element(made, 'script type="module"')),
        "style-src": hash_of(element(made, "style")),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_page_is_small_beside_its_data() -> None:
    assert len(page("{}", "runs")) < 300_000


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.name))
def test_a_module_makes_no_code_and_no_markup_of_text(module: Path) -> None:
    text = module.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|style=|fetch\(", text)
    for names, name in IMPORTED.findall(text):
        exported = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", (FOLDER / name).read_text(), re.M)
        assert {part.strip() for part in names.split(",") if part.strip()} <= set(exported)


def test_the_modules_fit_into_one_scope() -> None:
    counts = Counter(name for module in MODULES for name in DECLARED.findall(module.read_text()))
    assert [name for name, count in counts.items() if count > 1] == []
    assert not re.search(r"^(?:import|export)\b", script(), re.MULTILINE)
    assert all(name in counts for name in DECLARED.findall(script()))
    assert len(DECLARED.findall(script())) == counts.total()
