"""The console: what people see and click. Streamlit lives here and nowhere else; no rules of the desk do."""

from pathlib import Path

from streamlit.file_util import get_static_dir

from webcare.console.desk import start
from webcare.console.login import login_of
from webcare.console.tongue import in_language
from webcare.console.trouble import on_script_error
from webcare.console.watching import mark_of

#: The script Streamlit runs for every click.
SCRIPT = Path(__file__).with_name("main.py")
#: Streamlit's own start page, for the security policy that must know its inline scripts.
INDEX = Path(get_static_dir()) / "index.html"

__all__ = ["INDEX", "SCRIPT", "in_language", "login_of", "mark_of", "on_script_error", "start"]
