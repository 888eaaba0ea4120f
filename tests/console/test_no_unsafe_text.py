"""Reads the console's own source: no way past `safe` for words somebody else wrote."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import webcare.console

ROOT = Path(webcare.console.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
SCRIPTS = sorted(ROOT.rglob("*.js"))

#: What reads its text as markdown or markup. `st.text` shows text as it is.
FORBIDDEN = frozenset(
    {"markdown", "write", "write_stream", "caption", "title", "header", "subheader", "metric", "success", "info"}
    | {"warning", "error", "exception", "toast", "badge", "code", "latex", "json", "table", "dataframe", "image"}
    | {"data_editor", "link_button", "chat_message", "chat_input", "status", "spinner"}
)
#: Widgets whose label, help or placeholder is read as markdown too.
WIDGETS = frozenset(
    {"button", "checkbox", "selectbox", "multiselect", "text_input", "text_area", "radio", "toggle", "slider", "tabs"}
    | {"expander", "popover", "segmented_control", "pills", "form_submit_button", "page_link", "date_input"}
    | {"number_input", "file_uploader", "download_button", "menu_button", "menu", "folded"}
)
#: Expressions that give words of ours, or words made harmless.
HARMLESS_CALLS = frozenset({"safe.label", "words.word", "words.duration", "words.clock_time", "len"})
#: Names that only ever stand for words written in the source, by file.
OUR_WORDS = {
    *(("case_actions.py", "name"), ("case_why.py", "name"), ("desk_skills.py", "title")),
    *(("figures_export.py", "title"), ("figures_parts.py", "title"), ("figures_parts.py", "everything")),
    *(("menus.py", "name"), ("incident_open.py", "label"), ("incident_open.py", "names")),
}


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func.attr


def is_streamlit(call: ast.Call) -> bool:
    """Whether it is called on `st` or on a column; our own modules have names of their own."""
    assert isinstance(call.func, ast.Attribute)
    owner = call.func.value
    return isinstance(owner, ast.Name) and owner.id in {"st", "menus", "column", "search", "left", "right"}


def is_harmless(node: ast.AST, file: str) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.List(elts=each):
            return all(is_harmless(one, file) for one in each)
        case ast.IfExp(body=body, orelse=orelse):
            return is_harmless(body, file) and is_harmless(orelse, file)
        case ast.JoinedStr(values=values):
            return all(is_harmless(value, file) for value in values)
        case ast.FormattedValue(value=value):
            return is_harmless(value, file)
        case ast.Call(func=ast.Name(id="_" | "counted"), args=args):
            # A catalogue's translation of words of ours, and the number that decides its form.
            return all(is_harmless(word, file) for word in args[:2])
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="_")) as said, attr="format"), keywords=filled
        ):
            return is_harmless(said, file) and all(is_harmless(one.value, file) for one in filled)
        case ast.Call(func=func):
            return ast.unparse(func) in HARMLESS_CALLS
        case ast.Subscript(value=ast.Name(id=table)):
            return table.isupper() or table.lstrip("_").isupper()
        case ast.Name(id=name):
            return (file, name) in OUR_WORDS or name.lstrip("_").isupper()
    return False


def labels(call: ast.Call) -> Iterator[ast.AST]:
    yield from call.args[:1]
    yield from (word.value for word in call.keywords if word.arg in {"label", "help", "placeholder"})


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_page_uses_what_reads_markdown_or_markup(path: Path):
    used = {name for call, name in calls(path) if is_streamlit(call) and name in FORBIDDEN}
    assert not used, f"{path.name} uses st.{', st.'.join(used)}; use safe.draw, trouble.alert or st.text"


def test_markup_is_put_on_a_page_in_one_place_only():
    places = [path.name for path in SOURCES for call, name in calls(path) if name == "html" and is_streamlit(call)]
    # chrome.py puts the style sheet there, from a file of ours.
    assert sorted(places) == ["chrome.py", "safe.py"]
    assert "st.html(_HERE / " in (ROOT / "chrome.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_labels_hold_our_own_words_or_names_made_harmless(path: Path):
    bad = [
        f"line {call.lineno}: {ast.unparse(label)}"
        for call, name in calls(path)
        if is_streamlit(call) and name in WIDGETS
        for label in labels(call)
        if name != "page_link" and not is_harmless(label, path.name)
    ]
    assert not bad, f"{path.name}: {bad}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_asks_streamlit_to_trust_markup(path: Path):
    assert "unsafe_allow" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_browser_components_write_text_and_never_markup(path: Path):
    script = path.read_text(encoding="utf-8")
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser", script
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_row_of_the_database_is_kept_between_clicks(path: Path):
    source = path.read_text(encoding="utf-8")
    assert "store.tables" not in source, "pages take frozen values from store.queries"
    assert "store_engine" not in source


def test_the_note_composer_cannot_even_name_the_outbox():
    source = (ROOT / "notes_panel.py").read_text(encoding="utf-8")
    assert not re.search(r"send_reply|review_reply|delivery|channel", source.split('"""', 2)[2])
