"""The console: what people see and click. Streamlit lives here and nowhere else; no rules of the desk do."""

from pathlib import Path

from streamlit.file_util import get_static_dir

from webcare.console.desk import start
from webcare.console.trouble import on_script_error

#: The script Streamlit runs for every click.
SCRIPT = Path(__file__).with_name("main.py")
#: Streamlit's own start page, for the security policy that must know its inline scripts.
INDEX = Path(get_static_dir()) / "index.html"

__all__ = ["INDEX", "SCRIPT", "on_script_error", "start"]
