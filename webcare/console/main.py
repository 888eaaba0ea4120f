"""The script Streamlit runs for every click: who is here, which pages they see, and the page itself."""

from webcare.console.chrome import run

run()
